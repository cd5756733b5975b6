/** Meteorology for the reference model, a day at a time. */
import type { TransportHour } from '@retroplume/native';
import { readGeography } from '../../case/gridded/case-fields';
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import { readMeteorology } from '../../weather/meteorology';
import { openWeather } from '../../weather/open-weather';
import { type Grid, type TimeAxis, timeAt } from '../../grid/grid';
import type { WindError } from './wind-error';

export type WeatherHour = Omit<TransportHour, 'emissions'>;

const CHANNELS = ['u', 'v', 'TEMP2', 'PBL', 'Q2', 'RGRND', 'RN'];
export const NEEDED_BY = 'the reference model';

/** Rounding in packed files gives values just below zero; anything larger is left for the model to refuse. */
function clampedTiny(values: Float32Array, tolerance: number): Float32Array {
  for (let i = 0; i < values.length; i++) if (values[i] < 0 && values[i] > -tolerance) values[i] = 0;
  return values;
}

/** What the model reads, whatever the surrogate is given: all that it cannot do without, and the pressure where the files hold it. */
export function weatherChannels({ variables }: Pick<IoapiReader, 'variables'>): string[] {
  return variables.some(({ name }) => name === 'PRSFC') ? [...CHANNELS, 'PRSFC'] : CHANNELS;
}

/**
 * @param windError - laid on the winds that are read
 * @returns one entry per step: winds along the grid, K, m, kg kg-1, W m-2, mm h-1, Pa (PRSFC, where the files hold it)
 * @throws {DataError} `VARIABLE_MISSING`, `PERIOD_NOT_COVERED`, `NOT_FINITE`, `NEGATIVE`, `VALUE_RANGE`
 */
export function readWeather(reader: IoapiReader, span: TimeAxis, windError?: WindError): WeatherHour[] {
  const channels = weatherChannels(reader);
  const values = readMeteorology(reader, span, channels, { neededBy: NEEDED_BY });
  const cells = reader.grid.rows * reader.grid.cols;
  return Array.from({ length: span.count }, (_, step) => {
    const field = (channel: number, scale = 1): Float32Array =>
      Float32Array.from({ length: cells }, (_, cell) => scale * values[(step * cells + cell) * channels.length + channel]);
    const { u, v } = windError ? windError.perturb(field(0), field(1), timeAt(span, step)) : { u: field(0), v: field(1) };
    return {
      windU: u,
      windV: v,
      temperature: field(2),
      boundaryLayerHeight: field(3),
      humidity: clampedTiny(field(4), 1e-6),
      radiation: clampedTiny(field(5), 1),
      rain: clampedTiny(field(6, (10 * 3600) / span.stepSeconds), 1e-3), // cm per step -> mm h-1
      ...(channels.length > CHANNELS.length ? { pressure: field(7) } : {}),
    };
  });
}

/**
 * The land mask (`LWMASK`: 1 land, 0 water), or nothing where the files have none: the model then takes all for land.
 *
 * @throws {GridError} `GRID_MISMATCH`; {@link DataError} as {@link readGeography}
 */
export function readLandMask(paths: string[], grid: Grid): Float32Array | undefined {
  const file = openWeather(paths, { grid });
  try {
    return file.variables.some(({ name }) => name === 'LWMASK') ? readGeography(file, ['LWMASK']) : undefined;
  } finally {
    file.close();
  }
}
