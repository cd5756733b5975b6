/** The stages of a run, and what is told while they work. Loads nothing else. */
export { STAGES, type StageEvent, type StageName, type Variant } from '../run/engine/stage';
