/** Prior and updated emissions, factors and their uncertainty as one CF file a period, for xarray and whatever else reads netCDF. */
import { cfGrid, cfTime, ON_GRID } from '../../files/netcdf/cf-grid';
import { writeCf, type CfVariable } from '../../files/netcdf/netcdf-cf';
import { hoursOf, type PeriodSource } from '../../fields/period-source';
import type { Grid } from '../../grid/grid';
import type { PeriodFactors } from './factors-file';
import { factorsAt, type Stretch } from './slot-stretches';

export const FIELDS_FOLDER = 'fields';

interface UpdatedFields {
  factors: PeriodFactors;
  stretches: readonly Stretch[];
  /** posterior standard deviation of the log factors, `[slots, H, W, groups]` */
  sigma?: ArrayLike<number>;
  /** the program and the run that made them */
  origin: string;
  /** of an inventory in sectors */
  sectors?: readonly { name: string; factors: PeriodFactors }[];
}

/**
 * Means over each stretch of hours that share their factors: `prior_<group>`, `updated_<group>` (kg m-2 s-1), `factor_<group>` and, where it is known,
 * `log_factor_sigma_<group>`, on (time, y, x); of an inventory in sectors `factor_<group>_<sector>`, too.
 */
export function writeUpdatedFields(path: string, period: PeriodSource, { factors, stretches, sigma, origin, sectors = [] }: UpdatedFields): void {
  const { grid, groups, time } = period;
  const cells = grid.rows * grid.cols;
  const field = cells * groups.length;
  const prior = stretches.map((stretch) => meanOfStretch(period, stretch));
  const factor = stretches.map((stretch) => factorsAt(factors, stretch));
  const variable = (
    name: string,
    group: number,
    valueAt: (stretch: number, i: number) => number,
    attributes: Record<string, string>,
  ): CfVariable => ({
    name,
    dimensions: ['time', 'y', 'x'],
    data: Float32Array.from({ length: stretches.length * cells }, (_, i) => valueAt(Math.floor(i / cells), (i % cells) * groups.length + group)),
    attributes: { ...attributes, ...ON_GRID },
  });
  const rate = { units: 'kg m-2 s-1', cell_methods: 'area: time: mean' };
  const ratio = { units: '1' };
  const sectorFactors = sectors.map(({ name, factors: periodFactors }) => ({
    name,
    stretchFactors: stretches.map((stretch) => factorsAt(periodFactors, stretch)),
  }));
  const variables = groups.flatMap((group, g) => {
    const suffix = group.replace('.', '');
    const updatedOver = `updated over prior emissions of ${group}`;
    const logFactor = `posterior standard deviation of the natural logarithm of the factor on ${group}`;
    return [
      variable(`prior_${suffix}`, g, (s, i) => prior[s][i], { long_name: `prior emissions of ${group}`, ...rate }),
      variable(`updated_${suffix}`, g, (s, i) => prior[s][i] * factor[s][i], { long_name: `updated emissions of ${group}`, ...rate }),
      variable(`factor_${suffix}`, g, (s, i) => factor[s][i], { long_name: updatedOver, ...ratio }),
      ...sectorFactors.map(({ name, stretchFactors }) =>
        variable(`factor_${suffix}_${name}`, g, (s, i) => stretchFactors[s][i], { long_name: `${updatedOver} of ${name}`, ...ratio }),
      ),
      ...(sigma
        ? [variable(`log_factor_sigma_${suffix}`, g, (s, i) => sigma[stretches[s].slot * field + i], { long_name: logFactor, ...ratio })]
        : []),
    ];
  });
  const gridPart = cfGrid(grid);
  writeCf(path, {
    dimensions: { time: stretches.length, ...gridPart.dimensions, bnds: 2 },
    coordinates: [
      timeOf(period, stretches),
      ...gridPart.coordinates.map((axis) => ({ ...axis, attributes: { ...axis.attributes, bounds: `${axis.name}_bnds` } })),
    ],
    variables: [...gridPart.variables, ...boundsOf(period, stretches), ...variables],
    attributes: {
      title: `Emissions before and after an inversion, ${period.name}`,
      source: 'Retroplume',
      history: `emissions updated by ${origin}`,
      comment: 'Means over the hours that share a factor. Updated is prior times factor of the same hours; what is 0 before is 0 after.',
      period_start: time.start.toISOString(),
    },
  });
}

/** Mean emissions of a stretch, `[H, W, groups]`. */
export function meanOfStretch(period: PeriodSource, { first, hours }: Pick<Stretch, 'first' | 'hours'>): Float64Array {
  const mean = new Float64Array(period.grid.rows * period.grid.cols * period.groups.length);
  for (const emissions of hoursOf(period, 'emissions', { first, count: hours })) emissions.forEach((value, i) => (mean[i] += value / hours));
  return mean;
}

/** Beginnings of the stretches. */
function timeOf({ time }: PeriodSource, stretches: readonly Stretch[]): CfVariable {
  const { attributes = {}, ...axis } = cfTime({ ...time, count: 1 });
  const { step_seconds: _unequal, ...rest } = attributes;
  return {
    ...axis,
    data: Float64Array.from(stretches, ({ first }) => first * time.stepSeconds),
    attributes: { ...rest, long_name: 'beginning of the hours that share a factor, UTC', bounds: 'time_bnds' },
  };
}

function boundsOf({ grid, time }: { grid: Grid; time: PeriodSource['time'] }, stretches: readonly Stretch[]): CfVariable[] {
  const { rows, cols, definition: g } = grid;
  const edges = (name: 'x' | 'y', origin: number, cell: number, count: number): CfVariable => ({
    name: `${name}_bnds`,
    dimensions: [name, 'bnds'],
    data: Float64Array.from({ length: 2 * count }, (_, i) => origin + (Math.floor(i / 2) + (i % 2)) * cell),
  });
  return [
    {
      name: 'time_bnds',
      dimensions: ['time', 'bnds'],
      data: Float64Array.from(
        stretches.flatMap(({ first, hours }) => [first, first + hours]),
        (hour) => hour * time.stepSeconds,
      ),
    },
    edges('x', g.xorig, g.xcell, cols),
    edges('y', g.yorig, g.ycell, rows),
    {
      name: 'cell_area',
      dimensions: ['y'],
      data: Float64Array.from({ length: rows }, (_, row) => grid.cellArea(row)),
      attributes: { standard_name: 'cell_area', long_name: 'area of a cell of the row, as the transport model takes it', units: 'm2' },
    },
  ];
}
