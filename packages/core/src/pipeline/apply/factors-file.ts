/** The updated factors on disk: netCDF with CF names, one variable `factor_<period>` a period, and `sector_factor_<sector>_<period>` of sectors. */
import { GROUPS, REST } from '../../data/case';
import { openNetcdf, reading } from '../../data/netcdf-access';
import { cfContents, writeCf, type CfData, type CfVariable } from '../../data/netcdf-cf';
import { DataError } from '../../errors';
import type { Grid } from '../../grid/grid';

export const FACTORS_FILE = 'factors.nc';

/** Factors of one period, `[slots, H, W, 5]`; one slot = the whole period, else one an hour. */
export interface PeriodFactors {
  period: string;
  slots: number;
  data: Float32Array;
}

/** Factors of one sector of the inventory. */
export interface SectorPeriodFactors {
  sector: string;
  factors: readonly PeriodFactors[];
}

export function writeFactors(path: string, grid: Grid, factors: readonly PeriodFactors[], sectors: readonly SectorPeriodFactors[] = []): void {
  const hours = Object.fromEntries(factors.filter(({ slots }) => slots > 1).map(({ period, slots }) => [`hour_${period}`, slots]));
  writeCf(path, {
    dimensions: { ...hours, y: grid.rows, x: grid.cols, group: GROUPS.length },
    variables: [
      ...factors.map((each) => variableOf(`factor_${each.period}`, '', each)),
      ...sectors.flatMap(({ sector, factors: own }) => own.map((each) => variableOf(sectorVariable(sector, each.period), ` of ${sector}`, each))),
    ],
    attributes: { Conventions: 'CF-1.10', title: 'Factors on the prior emissions', groups: GROUPS.join(' ') },
  });
}

function variableOf(name: string, of: string, { period, slots, data }: PeriodFactors): CfVariable {
  return {
    name,
    dimensions: [...(slots > 1 ? [`hour_${period}`] : []), 'y', 'x', 'group'],
    data,
    attributes: { long_name: `updated over prior emissions${of}, ${period}`, units: '1' },
  };
}

/** Names of sectors have no _, so that no two names of sector and period make one. */
function sectorVariable(sector: string, period: string): string {
  return `sector_factor_${sector}_${period}`;
}

/**
 * Factors of a sector: its own, or where the inversion did not tell it apart those of all such.
 *
 * @throws {DataError} `FACTORS_MISSING`
 */
export function readSectorFactors(path: string, grid: Grid, period: string, sector: string): PeriodFactors {
  const names = [sectorVariable(sector, period), sectorVariable(REST, period), `factor_${period}`];
  return readNamed(path, grid, period, names);
}

/** @throws {DataError} `FACTORS_MISSING` if the file lacks the period, or is not on the grid */
export function readFactors(path: string, grid: Grid, period: string): PeriodFactors {
  return readNamed(path, grid, period, [`factor_${period}`]);
}

/** The first of these variables that is there. Those of other periods and sectors, which may be of gigabytes, are not read. */
function readNamed(path: string, grid: Grid, period: string, names: readonly string[]): PeriodFactors {
  const data = firstOf(path, names);
  const field = grid.rows * grid.cols * GROUPS.length;
  if (!data || data.length % field !== 0) {
    throw new DataError('FACTORS_MISSING', `${path}: there are no factors of period ${period} on the case's grid: run invert again`);
  }
  return { period, slots: data.length / field, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

function firstOf(path: string, names: readonly string[]): CfData | undefined {
  const file = openNetcdf(path);
  try {
    const name = names.find((each) => file.variable(each));
    return name === undefined ? undefined : reading(path, () => cfContents(file, [name]).variables[0]?.data);
  } finally {
    file.close();
  }
}

/** Mean emissions over a period, `[H, W, 5]` kg m-2 s-1, with the factors on them where given. */
export function meanEmissions(emissions: Float32Array, hours: number, factors?: PeriodFactors): Float64Array {
  const field = emissions.length / hours;
  const mean = new Float64Array(field);
  for (let i = 0; i < emissions.length; i++) {
    const factor = factors ? factors.data[factors.slots > 1 ? i : i % field] : 1;
    mean[i % field] += (emissions[i] * factor) / hours;
  }
  return mean;
}

/** One group of a field `[H, W, 5]`. */
export function ofGroup(field: Float64Array, group: number): Float64Array {
  return field.filter((_, i) => i % GROUPS.length === group);
}
