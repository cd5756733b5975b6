/** The updated factors on disk: netCDF with CF names, one variable `factor_<period>` a period, and `sector_factor_<sector>_<period>` of sectors. */
import type { Group } from '../../base/species';
import { REST } from '../../case';
import { onGrid } from '../../files/netcdf/cf-grid';
import { openNetcdf } from '../../files/netcdf/netcdf-access';
import { readCf, writeCf, type CfVariable } from '../../files/netcdf/netcdf-cf';
import { DataError } from '../../base/errors';
import type { Grid } from '../../grid/grid';

export const FACTORS_FILE = 'factors.nc';

/** What factors are of. */
export interface FactorsOf {
  grid: Grid;
  /** in the order of the factors */
  groups: readonly Group[];
}

/** Factors of one period, `[slots, H, W, groups]`; one slot = the whole period, else one an hour. */
export interface PeriodFactors {
  period: string;
  slots: number;
  data: Float32Array;
}

/** Factors of one sector of the inventory. */
interface SectorPeriodFactors {
  sector: string;
  factors: readonly PeriodFactors[];
}

export function writeFactors(
  path: string,
  { grid, groups }: FactorsOf,
  factors: readonly PeriodFactors[],
  sectors: readonly SectorPeriodFactors[] = [],
): void {
  const hours = Object.fromEntries(factors.filter(({ slots }) => slots > 1).map(({ period, slots }) => [`hour_${period}`, slots]));
  writeCf(path, {
    dimensions: { ...hours, y: grid.rows, x: grid.cols, group: groups.length },
    ...onGrid(grid, [
      ...factors.map((periodFactors) => variableOf(wholeVariable(periodFactors.period), '', periodFactors)),
      ...sectors.flatMap(({ sector, factors: sectorFactors }) =>
        sectorFactors.map((periodFactors) => variableOf(sectorVariable(sector, periodFactors.period), ` of ${sector}`, periodFactors)),
      ),
    ]),
    attributes: { Conventions: 'CF-1.10', title: 'Factors on the prior emissions', groups: groups.join(' ') },
    labels: [{ name: 'group', dimension: 'group', values: groups, attributes: { long_name: 'emission group' } }],
  });
}

function variableOf(name: string, ofSector: string, { period, slots, data }: PeriodFactors): CfVariable {
  return {
    name,
    dimensions: [...(slots > 1 ? [`hour_${period}`] : []), 'y', 'x', 'group'],
    data,
    attributes: { long_name: `updated over prior emissions${ofSector}, ${period}`, units: '1' },
  };
}

function wholeVariable(period: string): string {
  return `factor_${period}`;
}

/** The case is refused where two sectors and periods make one name (sector-checks.ts). */
function sectorVariable(sector: string, period: string): string {
  return `sector_factor_${sector}_${period}`;
}

/**
 * Factors of sectors in a period: of each its own, or where the inversion did not tell it apart those of all such, which are held once.
 *
 * @returns factors `[slots, H, W, groups]` by period and sector; throws {@link DataError} `FACTORS_MISSING` as {@link readFactors}
 */
export function factorsOfSectors(path: string, factorsOf: FactorsOf): (period: string, sector: string) => PeriodFactors {
  const factorsBySector = new Map<string | undefined, PeriodFactors>();
  return (period, sector) => {
    const name = firstHeld(path, [sectorVariable(sector, period), sectorVariable(REST, period), wholeVariable(period)]);
    const factors = factorsBySector.get(name) ?? readNamed(path, factorsOf, period, name);
    factorsBySector.set(name, factors);
    return factors;
  };
}

/** @throws {DataError} `FACTORS_MISSING` if the file lacks the period, is not on the grid, or of other groups */
export function readFactors(path: string, factorsOf: FactorsOf, period: string): PeriodFactors {
  return readNamed(path, factorsOf, period, firstHeld(path, [wholeVariable(period)]));
}

function firstHeld(path: string, names: readonly string[]): string | undefined {
  const file = openNetcdf(path);
  try {
    return names.find((name) => file.variable(name));
  } finally {
    file.close();
  }
}

/** Variables of other periods and sectors, which may be of gigabytes, are not read. */
function readNamed(path: string, { grid, groups }: FactorsOf, period: string, name: string | undefined): PeriodFactors {
  const contents = name === undefined ? undefined : readCf(path, [name]);
  const data = contents?.variables[0]?.data;
  const field = grid.rows * grid.cols * groups.length;
  const fileGroups = contents?.attributes.groups;
  if (fileGroups !== undefined && fileGroups !== groups.join(' ')) {
    throw new DataError(
      'FACTORS_MISSING',
      `${path}: its factors are of ${String(fileGroups)}, but the case has ${groups.join(' ')}: run invert again`,
    );
  }
  if (!data || data.length % field !== 0) {
    throw new DataError('FACTORS_MISSING', `${path}: there are no factors of period ${period} on the case's grid: run invert again`);
  }
  return { period, slots: data.length / field, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

/** Mean emissions over a period, `[H, W, groups]` kg m-2 s-1, with the factors on them where given. */
export function meanEmissions(emissions: Float32Array, hours: number, factors?: PeriodFactors): Float64Array {
  const field = emissions.length / hours;
  const mean = new Float64Array(field);
  for (let i = 0; i < emissions.length; i++) {
    const factor = factors ? factors.data[factors.slots > 1 ? i : i % field] : 1;
    mean[i % field] += (emissions[i] * factor) / hours;
  }
  return mean;
}

/** One group of a field `[H, W, groups]`. */
export function ofGroup<T extends Float32Array | Float64Array>(field: T, group: number, groups: number): T {
  return field.filter((_, i) => i % groups === group) as T;
}
