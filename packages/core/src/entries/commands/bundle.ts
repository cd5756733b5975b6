/** What `retroplume bundle` and `retroplume reproduce` do. */
export { bundleRun, type BundleOptions, type BundleResult } from '../../run/commands/bundle/bundle';
export { reproduceBundle, type ComparedFile, type MovedInputs, type ReproduceOptions, type Reproduction } from '../../run/commands/bundle/reproduce';
export type { Comparison as FileComparison } from '../../run/commands/bundle/compare-files';
