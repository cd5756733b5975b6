/** What `retroplume simulate --design` does: the ensemble as files. */
export { writeDesign, type DesignOptions, type DesignResult } from '../../run/commands/write-design';
