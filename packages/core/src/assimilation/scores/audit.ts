/** The audit of an inversion: what its totals hide, one row per period, region and group, and their table as CSV. See docs/report.md. */
import { knownGroup, type Group, type Species } from '../../base/species';
import { type Case } from '../../case';
import type { PreparedPeriod } from '../../fields/prepared';
import { regionMasks } from '../../case/gridded/regions';
import { cellsWithin } from '../../grid/cells-within';
import { type Grid, timeAt } from '../../grid/grid';
import type { StationSeries } from '../../inversion/observations/observation-operator';
import { annualWeights, diurnalShift, redistribution, type DiurnalShift, type Redistribution } from '../../inversion/scores/redistribution';
import { judgeResponse, type RegionalResponse } from '../../inversion/scores/regional-response';
import { localSolarHour } from '../../worlds/solar';
import { PRIOR } from '../../case/case-runs';
import { ofGroup } from '../factors/factors-file';
import type { EmissionUpdate } from './emission-update';
import { hasValue } from './nearest-used';
import { quotedField } from '../../base/whole-files';

/** How far around a region its neighbours lie: what a wind of 3 m s-1 covers in a day. */
const NEIGHBOUR_KM = 260;

export const AUDIT_FILE = 'audit.csv';

/** Totals in Mt a-1. */
export interface AuditRow extends Redistribution {
  period: string;
  /** absent: the whole domain */
  region?: string;
  group: string;
  /** only with a factor per hour */
  diurnal?: DiurnalShift;
  /** only for groups with a species that answers them, where the region has monitors of it */
  response?: RegionalResponse;
}

/** What the audit of a period is made of. */
export interface AuditedPeriod extends Pick<PreparedPeriod, 'name' | 'grid' | 'time' | 'groups' | 'runs'> {
  update: EmissionUpdate;
  series: { prior: StationSeries; updated: StationSeries };
  /** groups that were inverted: the emissions of others stay, and no concentrations answer them */
  inverted: readonly Group[];
  /** how far a monitor's cell has cells near it */
  nearKm: number;
}

/** All regions of a period, the whole domain first, with the groups of each. */
export function auditPeriod(period: AuditedPeriod, regions: Case['regions']): AuditRow[] {
  const whole: Region = { mask: new Float32Array(period.grid.rows * period.grid.cols).fill(1) };
  return [whole, ...regionMasks(regions, period.grid)].flatMap((region) => auditRegion(period, region));
}

interface Region {
  name?: string;
  mask: Float32Array;
}

function auditRegion(period: AuditedPeriod, region: Region): AuditRow[] {
  const { grid, groups, update } = period;
  const weight = annualWeights(grid, region.mask);
  const stations = period.series.prior.stations.flatMap(({ cell }, j) => (region.mask[cell] > 0 ? [j] : []));
  return groups.map((group, g) => {
    const [prior, updated] = [update.prior, update.updated].map((field) => ofGroup(field, g, groups.length));
    const moved = redistribution(prior, updated, weight);
    const species = knownGroup(group)?.species;
    const judged = period.inverted.includes(group) && moved.change !== undefined;
    const answer = species && { group, species, stations: measuring(period.series.prior, species, stations), change: moved.change! };
    const response = answer && judged ? responseOf(period, region, answer) : undefined;
    return {
      period: period.name,
      ...(region.name === undefined ? {} : { region: region.name }),
      group,
      ...moved,
      ...(update.factors.slots > 1 && moved.prior > 0 ? { diurnal: dayOf(period, region, g) } : {}),
      ...(response ? { response } : {}),
    };
  });
}

/** Of some monitors those with a value of the species in the period. */
function measuring({ observed, stations: allStations }: StationSeries, species: Species, stations: readonly number[]): number[] {
  const values = observed.get(species);
  return values ? stations.filter((j) => hasValue(values, j, allStations.length)) : [];
}

/** Emissions of a group by local solar hour, before and after. */
function dayOf({ grid, groups, time, runs, update }: AuditedPeriod, { mask }: Region, group: number): DiurnalShift {
  const { emissions } = runs.get(PRIOR)!;
  const weight = annualWeights(grid, mask);
  const [prior, updated] = [new Float64Array(24), new Float64Array(24)];
  for (let cell = 0; cell < weight.length; cell++) {
    if (!(weight[cell] > 0)) continue;
    const { lon } = grid.centre(Math.floor(cell / grid.cols), cell % grid.cols);
    for (let hour = 0; hour < time.count; hour++) {
      const local = Math.floor(localSolarHour(timeAt(time, hour).getTime(), lon));
      const i = (hour * weight.length + cell) * groups.length + group;
      prior[local] += weight[cell] * emissions[i];
      updated[local] += weight[cell] * emissions[i] * update.factors.data[i];
    }
  }
  return diurnalShift(prior, updated);
}

interface Answer {
  group: Group;
  species: Species;
  /** places in the series of the monitors in the region that measure the species */
  stations: readonly number[];
  /** relative change of the region's emissions */
  change: number;
}

function responseOf(period: AuditedPeriod, region: Region, { group, species, stations, change }: Answer): RegionalResponse | undefined {
  const { series } = period;
  const [prior, updated] = [series.prior, series.updated].map(({ simulated, stations: allStations }) =>
    meanAt(simulated.get(species), allStations.length, stations),
  );
  if (!(prior > 0)) return undefined;
  const concentrationChange = updated / prior - 1;
  return {
    species,
    stations: stations.length,
    prior,
    updated,
    concentrationChange,
    ...(change === 0 ? {} : { elasticity: concentrationChange / change }),
    plausibility: judgeResponse(change, concentrationChange),
    nearMonitors: changeWithin(period, group, nearMonitors(period, region, stations)),
    ...(region.name === undefined ? {} : { neighbours: changeWithin(period, group, cellsAround(period, region)) }),
  };
}

/** The region's cells near some of its monitors. */
function nearMonitors({ grid, series, nearKm }: AuditedPeriod, { mask }: Region, stations: readonly number[]): Uint8Array {
  const near = nearStations(
    grid,
    stations.map((j) => series.prior.stations[j]),
    nearKm,
  );
  return near.map((value, cell) => (mask[cell] > 0 ? value : 0));
}

/** The cells around a region. */
function cellsAround({ grid }: AuditedPeriod, { mask }: Region): Uint8Array {
  return cellsWithin(grid, mask, NEIGHBOUR_KM).map((value, cell) => (mask[cell] > 0 ? 0 : value));
}

/** Cells within a distance of the cells of some stations, `[H, W]`. */
export function nearStations(grid: Grid, stations: StationSeries['stations'], km: number): Uint8Array {
  const occupied = new Uint8Array(grid.rows * grid.cols);
  for (const { cell } of stations) occupied[cell] = 1;
  return cellsWithin(grid, occupied, km);
}

function changeWithin({ grid, groups, update }: AuditedPeriod, group: Group, mask: Uint8Array): number | undefined {
  const g = groups.indexOf(group);
  const [prior, updated] = [update.prior, update.updated].map((field) => ofGroup(field, g, groups.length));
  return redistribution(prior, updated, annualWeights(grid, mask)).change;
}

/** Mean over times and some stations of a series `[times, stations]`; NaN where there is none. */
function meanAt(values: Float32Array | undefined, width: number, stations: readonly number[]): number {
  if (!values) return NaN;
  let sum = 0;
  for (let first = 0; first < values.length; first += width) for (const j of stations) sum += values[first + j];
  return sum / ((values.length / width) * stations.length);
}

const COLUMNS: readonly [name: string, of: (row: AuditRow) => string | number | undefined][] = [
  ['period', ({ period }) => period],
  ['region', ({ region }) => region ?? 'whole domain'],
  ['group', ({ group }) => group],
  ['prior_Mt_per_year', ({ prior }) => prior],
  ['updated_Mt_per_year', ({ updated }) => updated],
  ['change', ({ change }) => change],
  ['moved', ({ moved }) => moved],
  ['nets_out', ({ netsOut }) => netsOut],
  ['pattern_correlation', ({ patternCorrelation }) => patternCorrelation],
  ['factor_correlation', ({ factorCorrelation }) => factorCorrelation],
  ['diurnal_shift_hours', ({ diurnal }) => diurnal?.hours],
  ['diurnal_distance', ({ diurnal }) => diurnal?.distance],
  ['species', ({ response }) => response?.species],
  ['monitors', ({ response }) => response?.stations],
  ['prior_concentration', ({ response }) => response?.prior],
  ['updated_concentration', ({ response }) => response?.updated],
  ['concentration_change', ({ response }) => response?.concentrationChange],
  ['elasticity', ({ response }) => response?.elasticity],
  ['plausibility', ({ response }) => response?.plausibility],
  ['change_near_monitors', ({ response }) => response?.nearMonitors],
  ['change_of_neighbours', ({ response }) => response?.neighbours],
];

/** The rows as CSV with a header; changes and parts as fractions, concentrations in the species' unit, nothing where a figure has no meaning. */
export function auditCsv(rows: readonly AuditRow[]): string {
  const lines = [COLUMNS.map(([name]) => name), ...rows.map((row) => COLUMNS.map(([, valueOf]) => field(valueOf(row))))];
  return `${lines.map((line) => line.join(',')).join('\n')}\n`;
}

/** Names of regions and periods come from the case. */
function field(value: string | number | undefined): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return quotedField(value ?? '');
}
