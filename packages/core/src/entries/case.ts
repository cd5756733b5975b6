/** A case: its file, with all defaults. */
export { caseJsonSchema, idleKeys, loadCase, type Case, type JsonSchema } from '../case';
export { runOf } from '../case/case-source';

// Types that the signatures above name.
export type { CaseChannels, SpeciesUnit, SurfaceUnit } from '../base/species';
