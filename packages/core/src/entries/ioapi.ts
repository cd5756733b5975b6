/** I/O API files, as CMAQ and MCIP read and write them. */
export { IoapiFile, type GridChoice, type IoapiReader } from '../files/ioapi/ioapi-file';
export type { IoapiVariable } from '../files/ioapi/ioapi-header';
export { IoapiSeries, type OverlapRule, type RepresentativeDay, type SeriesOptions } from '../files/ioapi/ioapi-series';
export { IoapiWriter, type IoapiContents } from '../files/ioapi/ioapi-writer';
export { expandGlob } from '../files/glob';
