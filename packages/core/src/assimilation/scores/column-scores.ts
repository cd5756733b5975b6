/** Scores of prior and updated run at the columns of satellites, those that the inversion used and those that it never saw. */
import { GateError } from '../../base/errors';
import type { CaseChannels, Species } from '../../base/species';
import { Role } from '../../inversion/cost/cost';
import { maeChange, type BlockErrors, type MaeChange } from '../../inversion/scores/mae-change';
import type { ScoreRow } from '../../inversion/scores/score-rows';
import { scores, type Scores } from '../../inversion/scores/scores';
import type { ColumnCounts } from '../../columns/column-store';
import type { ObservedColumns } from '../observed/observed-columns';
import { csvField } from './score-table';

export const COLUMNS_FILE = 'columns.csv';

/** Columns of one species in a period, and both runs at their places; arrays of equal length, in µmol m-2. */
export interface ComparedColumns {
  period: string;
  species: Species;
  product: string;
  counts: ColumnCounts;
  hour: ArrayLike<number>;
  cell: ArrayLike<number>;
  /** whether the inversion never saw it */
  withheld: boolean[];
  /** spatial block of each */
  block: string[];
  observed: Float32Array;
  prior: Float32Array;
  updated: Float32Array;
  /** the updated run with the bias of the product that the inversion found, where it has one */
  found?: Float32Array;
}

export interface ComparedRuns {
  period: string;
  /** of the fields */
  species: readonly Species[];
  cells: number;
  /** `[T, H, W, species]` */
  prior: Float32Array;
  updated: Float32Array;
}

/**
 * Both runs at the columns of a period.
 *
 * @param used - species in the cost: of others no column was seen
 * @param biasOf - what an inversion found for the product of a species, as a part of the prior's column
 */
export function compareColumns(
  columns: readonly ObservedColumns[],
  { period, species: channels, cells, prior, updated }: ComparedRuns,
  { used, biasOf }: { used: readonly Species[]; biasOf: (species: Species) => number | undefined },
): ComparedColumns[] {
  return columns.map(({ species, hour, cell, value, role, block, stored: { product, counts } }) => {
    const channel = channels.indexOf(species);
    const through = (fields: Float32Array): Float32Array =>
      Float32Array.from(role, (_, i) => fields[(hour[i] * cells + cell[i]) * channels.length + channel]);
    const [ofPrior, ofUpdated] = [through(prior), through(updated)];
    const bias = biasOf(species);
    return {
      period,
      species,
      product,
      counts,
      hour,
      cell,
      withheld: Array.from(role, (columnRole) => columnRole === Role.withheld || !used.includes(species)),
      block: Array.from(cell, (index) => block.get(index)!),
      observed: Float32Array.from(value),
      prior: ofPrior,
      updated: ofUpdated,
      ...(bias === undefined ? {} : { found: ofUpdated.map((simulated, i) => simulated + bias * ofPrior[i]) }),
    };
  });
}

/** Columns of a species, all that there are or of one region or period. */
export interface ColumnRow {
  species: Species;
  side: 'withheld' | 'used';
  region?: string;
  period?: string;
  cells: number;
  /** in which there are any */
  hours: number;
  prior: Scores;
  updated: Scores;
  /** of the updated run against the prior run */
  change: MaeChange;
  /** The same with the bias that was found, and that bias as a part of the updated run's mean column: the inversion has it as a part of the prior's. */
  found?: { scores: Scores; change: MaeChange; bias: number };
}

interface NamedMask {
  name: string;
  /** `[H, W]`: above 0 where a cell belongs to it */
  mask: ArrayLike<number>;
}

/** Withheld ones first; places without a column have no row. */
export function columnRows(compared: readonly ComparedColumns[], regions: readonly NamedMask[]): ColumnRow[] {
  const species = [...new Set(compared.map((columns) => columns.species))];
  const periods = [...new Set(compared.map(({ period }) => period))];
  const scopes = [
    {},
    ...regions.map(({ name, mask }) => ({ region: name, mask })),
    ...(periods.length > 1 ? periods.map((period) => ({ period })) : []),
  ];
  return (['withheld', 'used'] as const).flatMap((side) =>
    species.flatMap((name) =>
      scopes.flatMap(
        (scope) =>
          rowOf(
            compared.filter((columns) => columns.species === name),
            side,
            scope,
          ) ?? [],
      ),
    ),
  );
}

function rowOf(
  compared: readonly ComparedColumns[],
  side: ColumnRow['side'],
  { mask, ...scope }: { region?: string; period?: string; mask?: ArrayLike<number> },
): ColumnRow | undefined {
  const [cells, hours] = [new Set<number>(), new Set<string>()];
  const values = { observed: [] as number[], prior: [] as number[], updated: [] as number[], found: [] as number[], block: [] as string[] };
  for (const columns of compared) {
    if (scope.period !== undefined && columns.period !== scope.period) continue;
    columns.withheld.forEach((withheld, i) => {
      if (withheld !== (side === 'withheld') || (mask && !(mask[columns.cell[i]] > 0))) return;
      cells.add(columns.cell[i]);
      hours.add(`${columns.period} ${columns.hour[i]}`);
      for (const key of ['observed', 'prior', 'updated', 'block'] as const) (values[key] as (number | string)[]).push(columns[key][i]);
      if (columns.found) values.found.push(columns.found[i]);
    });
  }
  const { observed, prior, updated, found, block } = values;
  if (observed.length === 0) return undefined;
  const changeOf = (run: readonly number[]): MaeChange => maeChange(blockErrors(block, observed, prior, run));
  return {
    species: compared[0].species,
    side,
    ...scope,
    cells: cells.size,
    hours: hours.size,
    prior: scores(observed, prior),
    updated: scores(observed, updated),
    change: changeOf(updated),
    ...(found.length === observed.length
      ? { found: { scores: scores(observed, found), change: changeOf(found), bias: meanOf(found) / meanOf(updated) - 1 } }
      : {}),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function blockErrors(
  blocks: readonly string[],
  observed: readonly number[],
  prior: readonly number[],
  run: readonly number[],
): Map<string, BlockErrors> {
  const sums = new Map<string, BlockErrors>();
  blocks.forEach((block, i) => {
    const [sumBefore, sum] = sums.get(block) ?? [0, 0];
    sums.set(block, [sumBefore + Math.abs(prior[i] - observed[i]), sum + Math.abs(run[i] - observed[i])]);
  });
  return sums;
}

/** A rise of the mean error at monitors, as a part of it, that is more than the last digits of a rerun. */
const WORSE = 0.01;

/**
 * Emissions that suit a satellite and not the ground: something between both is wrong, the kernels, the model's profile or its mixing, and is written into the emissions.
 *
 * @param monitors - rows of all withheld monitors as measured
 * @returns undefined where no column gained or no monitors lost
 */
export function columnsWarning(columns: readonly ColumnRow[], monitors: readonly ScoreRow[]): GateError | undefined {
  const whole = columns.filter(({ region, period }) => region === undefined && period === undefined);
  const judging = (name: Species): ColumnRow => whole.find(({ species }) => species === name)!; // withheld ones, where there are any
  const better = [...new Set(whole.map(({ species }) => species))].filter((name) => {
    const { change, found } = judging(name);
    return (found ?? { change }).change.relative < 0;
  });
  const worse = monitors.filter(({ stations, missing, change }) => stations === 'withheld' && !missing && change.relative > WORSE);
  if (better.length === 0 || worse.length === 0) return undefined;
  const changes = worse.map(({ species, change }) => `${species} +${(100 * change.relative).toFixed(0)} %`).join(', ');
  return new GateError(
    'COLUMNS_BETTER_MONITORS_WORSE',
    `verify: the updated emissions suit the columns (${better.join(', ')}) and raise the mean error at withheld monitors (${changes}): trust the columns less (inversion.observationError, columns.NAME.bias), or look at the model's profile and mixing`,
  );
}

const CSV: readonly [
  name: string,
  value: (row: ColumnRow, run: string, runScores: Scores, units: CaseChannels['units']) => string | number | undefined,
][] = [
  ['species', ({ species }) => species],
  ['columns', ({ side }) => side],
  ['region', ({ region }) => region],
  ['period', ({ period }) => period],
  ['run', (_, run) => run],
  ['unit', ({ species }, _run, _scores, units) => units[species]],
  ['n', (_, _run, { n }) => n],
  ['cells', ({ cells }) => cells],
  ['hours', ({ hours }) => hours],
  ['mean_observed', (_, _run, { meanObserved }) => meanObserved],
  ['mean_simulated', (_, _run, { meanSimulated }) => meanSimulated],
  ['mb', (_, _run, { bias }) => bias],
  ['me', (_, _run, { mae }) => mae],
  ['rmse', (_, _run, { rmse }) => rmse],
  ['nmb_percent', (_, _run, { nmb }) => 100 * nmb],
  ['nme_percent', (_, _run, { nme }) => 100 * nme],
  ['r', (_, _run, { r }) => r],
];

/** The rows as CSV: a line for each run, prior and updated, and with the bias that was found. */
export function columnsCsv(rows: readonly ColumnRow[], units: CaseChannels['units']): string {
  const lines = rows.flatMap((row) => {
    const runs: [string, Scores][] = [
      ['prior', row.prior],
      ['updated', row.updated],
      ...(row.found ? [['updated-and-found', row.found.scores] as [string, Scores]] : []),
    ];
    return runs.map(([run, runScores]) => CSV.map(([, value]) => csvField(value(row, run, runScores, units))).join(','));
  });
  return [CSV.map(([name]) => name).join(','), ...lines, ''].join('\n');
}
