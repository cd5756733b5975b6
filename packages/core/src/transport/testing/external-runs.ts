/** Runs of a command on the small case: what the command is given, and the settings that it is run with. */
import { DEFAULT_CHANNELS } from '../../base/species';
import type { CtmRequest } from '../ctm';
import type { ExternalCtmSettings } from '../external/external-ctm';
import { GRID, START } from './small-case';

/** What a run's surface file holds; of two layers the upper one has less PM2.5. */
export const SPECIES = [
  { name: 'NO2', units: 'ppmV', value: (hour: number, cell: number) => 1e-3 * (hour + cell) },
  { name: 'SO2', units: 'ppbV', value: () => 2 },
  { name: 'O3', units: 'ppmV', value: () => 0.04 },
  { name: 'PM25_TOT', units: 'micrograms/m**3', value: (_: number, __: number, layer: number) => 50 - 10 * layer },
];

export const settingsOf = (command: string, changes: Partial<ExternalCtmSettings> = {}): ExternalCtmSettings => ({
  command,
  outputGlob: '*.nc',
  timeoutHours: 1,
  caseFile: '/cases/case.yaml',
  grid: GRID,
  variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25_TOT' },
  units: DEFAULT_CHANNELS.units,
  ...changes,
});

/** The prior's 24 hours. */
export const priorRequest = (emissions: string, output: string): CtmRequest => ({
  run: 'prior',
  period: { name: 'winter', start: START, hours: 24 },
  emissionFiles: [emissions],
  output,
});
