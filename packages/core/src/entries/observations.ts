/** Tables of stations and observations. */
export { readStations, type Station, type StationList, type StationsSpec } from '../observations/stations';
export type { LayoutName, ObservationsSpec } from '../observations/observation-layouts';
export { readObservations, type Observations, type ObservationsOptions } from '../observations/observations';
export type { SpeciesRequest } from '../observations/observed-species';
export type { GasReference, GasRule } from '../observations/model-units';
export type { ObservationQuality, OffStep, SpeciesQuality } from '../observations/observation-quality';
export type { QualityRules, RuleCounts } from '../observations/quality-rules';
