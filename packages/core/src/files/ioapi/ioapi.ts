/** I/O API files: {@link IoapiFile} one file, {@link IoapiSeries} several joined in time, {@link IoapiWriter} a new one. */
export { IoapiFile, type IoapiReader } from './ioapi-file';
export type { IoapiVariable } from './ioapi-header';
export { EMISSION_OVERLAP, IoapiSeries, OUTPUT_OVERLAP, WEATHER_OVERLAP, type OverlapRule, type SeriesOptions } from './ioapi-series';
export { IoapiWriter, type IoapiContents } from './ioapi-writer';
export { filesWithin, headOf } from './ioapi-heads';
export { expandGlob } from '../glob';
