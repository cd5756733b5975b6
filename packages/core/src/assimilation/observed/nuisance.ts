/** What is inverted beside the emissions: biases of monitors and of satellites' products, and runs of the transport model with something else changed. */
import { type Grid, instant } from '../../grid/grid';
import { broughtOutput, madeOutput, outputFiles } from '../../inventory/reading/sector-files';
import { runFields } from '../../transport/run-fields';
import type { PeriodSource } from '../../fields/period-source';
import type { CaseChannels, Species } from '../../base/species';
import { caseChannels, columnEntries, nuisanceChanges, observedSpecies, type NuisanceChange, type NuisanceRun } from '../../case';
import { type NuisanceTerm, VaryingNumber } from '../../inversion/model/nuisance-model';
import { ConfigError } from '../../base/errors';
import { nuisanceRun, simulatedFile } from '../../case/case-runs';
import { priorRun, throughOperator, type ObservedPeriod, type RunFields } from './observed-periods';
import type { Workspace } from '../workspace';
import type { SurrogateForwardModel } from '../surrogate/surrogate-forward-model';

/** What an inversion found beside the emissions, with its spread a priori. */
export interface FoundNuisance {
  name: string;
  unit: string;
  spread: number;
  value: number;
}

/** A period as {@link nuisanceTerms} needs it. */
export interface NuisancePeriod {
  period: PeriodSource;
  observed: ObservedPeriod;
  /** the prior run at the observations, where it is known */
  prior?: Float32Array;
}

export interface NuisanceTerms {
  terms: NuisanceTerm[];
  /** of each number, in their order: `bias NO2 at row 12, column 7`, `bias NO2_column of its product`, or the name of a run, with `, draw 3` where it has several */
  names: string[];
  /** unit of each: ppb, ug m-3, or parts of the column or of the run's change */
  units: string[];
}

/** Nodes closer than any monitors tell apart. */
const MOST_NUMBERS = 100_000;
const PART_OF_CHANGE = "of the run's change";
const PART_OF_COLUMN = 'of the column';

/** Files of runs that were made outside. */
export function nuisanceFiles(context: Workspace): string[] {
  const { caseSettings } = context;
  return context.settings.inversion.nuisance.runs.flatMap(({ concentrations, layers }) => {
    if (!concentrations) return [];
    return caseSettings.periods.flatMap(({ name }) => outputFiles(caseSettings, broughtOutput(caseSettings, { concentrations, layers }, name), name));
  });
}

/**
 * The terms that the case asks for; undefined where it asks for none. A product's bias b makes (1 + b)·F of a column F; its coefficient is F of the prior run. The
 * coefficients of a run are what it changes against the prior run, both on the prior
 * emissions, in every pass of the closed loop: against the run that a pass is anchored on they would take the update of the emissions away again.
 */
export function nuisanceTerms(context: Workspace, model: SurrogateForwardModel, periods: readonly NuisancePeriod[]): NuisanceTerms | undefined {
  const { stationBias, sharedBias, runs } = context.settings.inversion.nuisance;
  const channels = caseChannels(context.caseSettings);
  const allTerms: NuisanceTerms = { terms: [], names: [], units: [] };
  addBiases(
    allTerms,
    channels,
    stationBias,
    model,
    periods,
    (species, cell, { cols }) => `bias ${species} at row ${Math.floor(cell / cols)}, column ${cell % cols}`,
  );
  addBiases(allTerms, channels, sharedBias, model, periods, sharedBiasName);
  const observed = observedSpecies(context.settings.inversion, channels.species);
  const biased = columnEntries(context.caseSettings).filter(({ name, bias }) => bias > 0 && observed.includes(name));
  const prior =
    runs.length > 0 || biased.length > 0
      ? periods.map(({ period, observed, prior: priorSeries }) => priorSeries ?? throughOperator(priorRun(period), observed))
      : [];
  for (const { name, bias } of biased) addProductBias(allTerms, { name, bias, species: channels.species.indexOf(name) }, model, periods, prior);
  for (const run of runs) addRun(allTerms, run, context, model, periods, prior);
  return allTerms.terms.length > 0 ? allTerms : undefined;
}

/** The name of a run's number, or what those of its nodes begin with. */
export function nameOfPart({ name }: NuisanceRun, { windError }: NuisanceChange): string {
  return windError ? `${name}, draw ${windError.draw}` : name;
}

/** Of the numbers that an inversion found, in their order, those of a part. */
export function valuesOfPart(name: string, nuisanceValues: readonly { name: string; value: number }[]): number[] {
  return nuisanceValues
    .filter((nuisanceValue) => nuisanceValue.name === name || nuisanceValue.name.startsWith(`${name} at `))
    .map(({ value }) => value);
}

export function sharedBiasName(species: Species): string {
  return `bias ${species} of all monitors`;
}

export function productBiasName(species: Species): string {
  return `bias ${species} of its product`;
}

interface VaryingParts {
  /** of each period */
  fields: VaryingNumber[];
  /** the first number of each period */
  starts: number[];
  /** of all periods */
  count: number;
}

/**
 * The numbers of a run's part (of each draw's, where it has several), of each period: one where `varies` is not given. Where the part varies in time each period
 * has its own, else all share those of the first.
 *
 * @param hours - of each period
 * @throws {ConfigError} `NUISANCE_NODES` for more than can be told apart
 */
export function varyingParts(run: NuisanceRun, hours: readonly number[], grid: Grid): VaryingParts {
  const { name, varies } = run;
  const { hours: alike = Infinity, km = Infinity } = varies ?? {};
  const fields = hours.map((size) => new VaryingNumber([size, grid.rows, grid.cols], [alike, ...grid.lengthInCells(km)]));
  const starts: number[] = [];
  let count = 0;
  for (const field of fields) {
    const start = alike < Infinity ? count : 0;
    starts.push(start);
    count = start + field.count;
  }
  const { length: runs } = nuisanceChanges(run);
  if (count * runs <= MOST_NUMBERS) return { fields, starts, count };
  throw new ConfigError(
    'NUISANCE_NODES',
    `inversion.nuisance.runs: ${name}: varies makes ${count * runs} numbers of its part, more than ${MOST_NUMBERS}: give more hours or km${runs > 1 ? ', or fewer draws' : ''}`,
  );
}

/**
 * The part of a run's change, of each draw where it has several. The nodes that an observation sees are found anew for each batch: kept, they would take eight
 * times its memory.
 *
 * @param prior - of each period: the prior run at the observations
 */
function addRun(
  { terms, names, units }: NuisanceTerms,
  run: NuisanceRun,
  context: Workspace,
  model: SurrogateForwardModel,
  periods: readonly NuisancePeriod[],
  prior: readonly Float32Array[],
): void {
  const [{ grid }] = periods.map(({ period }) => period);
  const hours = periods.map(({ period }) => period.time.count);
  const { fields, starts, count } = varyingParts(run, hours, grid);
  const moments = periods.map(({ observed: { operator } }) => momentsOf(operator));
  const changes = nuisanceChanges(run);
  const columns = periods.map(({ period, observed }, p) =>
    changes.map((change) => throughOperator(changedFields(context, change, period), observed).map((value, i) => value - prior[p][i])),
  );
  terms.push({
    spread: new Array<number>(count * changes.length).fill(run.spread / Math.sqrt(changes.length)),
    coefficientsOf: (batch) => {
      const { problem, first, last } = model.valuesOf(batch);
      const [field, { cell }] = [fields[problem], periods[problem].observed.operator.observed];
      const perPlace = field.perPlace;
      const [index, weight] = [new Int32Array((last - first) * perPlace), new Float64Array((last - first) * perPlace)];
      for (let i = first; i < last; i++) {
        field.see([moments[problem][i], Math.floor(cell[i] / grid.cols), cell[i] % grid.cols], index, weight, (i - first) * perPlace);
      }
      for (let e = 0; e < index.length; e++) index[e] += starts[problem];
      return { index, weight, columns: columns[problem].map((column) => column.subarray(first, last)) };
    },
  });
  for (const change of changes) {
    const name = nameOfPart(run, change);
    for (const [p, field] of fields.entries()) {
      if (p > 0 && starts[p] === 0) continue; // all periods share the numbers of the first
      for (let node = 0; node < field.count; node++) {
        names.push(run.varies ? `${name} at ${nodeInWords(field.place(node), periods[p].period.time.start)}` : name);
        units.push(PART_OF_CHANGE);
      }
    }
  }
}

/** The middle of the time of each value, in hours since the period's start. */
function momentsOf({ times, observed: { first, values } }: ObservedPeriod['operator']): Float32Array {
  const out = new Float32Array(values.length);
  times.forEach(({ hours, weights }, t) => {
    const middle = hours.reduce((sum, hour, k) => sum + weights[k] * (hour + 0.5), 0);
    out.fill(middle, first[t], first[t + 1]);
  });
  return out;
}

function nodeInWords([hour, row, col]: readonly (number | undefined)[], start: Date): string {
  return [
    ...(hour === undefined ? [] : [instant(new Date(start.getTime() + hour * 3_600_000))]),
    ...(row === undefined ? [] : [`row ${row.toFixed(1)}`]),
    ...(col === undefined ? [] : [`column ${col.toFixed(1)}`]),
  ].join(', ');
}

/** Biases of the species that have a spread, the same in all periods. @param nameOf - that of a cell; cells of the same name share theirs */
function addBiases(
  { terms, names, units }: NuisanceTerms,
  channels: CaseChannels,
  spreads: Partial<Record<Species, number>>,
  model: SurrogateForwardModel,
  periods: readonly NuisancePeriod[],
  nameOf: (species: Species, cell: number, grid: Grid) => string,
): void {
  const spreadOf = (species: Species): number => spreads[species] ?? 0; // columns have none: no monitor sees them
  if (channels.species.every((species) => spreadOf(species) === 0)) return;
  const numbers = new Map<string, number>();
  const spread: number[] = [];
  const indices = periods.map(({ period: { grid }, observed: { operator } }) => {
    const { species, cell } = operator.observed;
    return Int32Array.from(species, (s, i) => {
      const speciesName = channels.species[s];
      if (spreadOf(speciesName) === 0) return -1;
      const name = nameOf(speciesName, cell[i], grid);
      const index = numbers.get(name);
      if (index !== undefined) return index;
      numbers.set(name, spread.length);
      spread.push(spreadOf(speciesName));
      names.push(name);
      units.push(channels.units[speciesName]);
      return spread.length - 1;
    });
  });
  terms.push({
    spread,
    coefficientsOf: (batch) => {
      const { problem, first, last } = model.valuesOf(batch);
      return { index: indices[problem].subarray(first, last), columns: [new Float32Array(last - first).fill(1)] };
    },
  });
}

/** One number of all columns of a product, the same in all periods. @param prior - of each period: the prior run at the observations */
function addProductBias(
  { terms, names, units }: NuisanceTerms,
  { name, bias, species }: { name: Species; bias: number; species: number },
  model: SurrogateForwardModel,
  periods: readonly NuisancePeriod[],
  prior: readonly Float32Array[],
): void {
  const indices = periods.map(({ observed: { operator } }) => Int32Array.from(operator.observed.species, (s) => (s === species ? 0 : -1)));
  terms.push({
    spread: [bias],
    coefficientsOf: (batch) => {
      const { problem, first, last } = model.valuesOf(batch);
      return { index: indices[problem].subarray(first, last), columns: [prior[problem].subarray(first, last)] };
    },
  });
  names.push(productBiasName(name));
  units.push(PART_OF_COLUMN);
}

/** The fields of a run with something else changed. */
export function changedFields(context: Workspace, change: NuisanceChange, period: Pick<PeriodSource, 'name' | 'grid' | 'time'>): RunFields {
  const { caseSettings } = context;
  const { concentrations, layers } = change;
  const output = concentrations
    ? broughtOutput(caseSettings, { concentrations, layers }, period.name)
    : madeOutput(caseSettings, simulatedFile(context.dirOf('simulate'), nuisanceRun(change), 'ACONC', period.name));
  return runFields(context, output, period);
}
