/** Runs that were brought, held against the emissions that the case gives with them: exchanged members, fields turned round, emissions of another size. */
import { judgedPairs, knownGroup, type CaseChannels, type Group, type Species } from '../../../base/species';
import { RetroplumeError } from '../../../base/errors';
import { surfaceChannels, type Case, type PeriodSettings } from '../../../case';
import { hourlyFiles, timeOf } from '../../../case/case-runs';
import { timeAt, type Grid, type TimeAxis } from '../../../grid/grid';
import type { SectorFiles } from '../../../inventory/reading/emission-reader';
import { readInventory } from '../../../inventory/reading/read-inventory';
import { givenSectors, priorSectors } from '../../../inventory/reading/sector-files';
import { readRunConcentrations } from '../../../transport/surface-output';
import { changeFits, exchangedRuns, turnedFit, turnedRound, type ChangedFields } from '../../../assimilation/judgement/emission-agreement';
import type { Findings } from './findings';

/** Means over some hours. */
interface Fields {
  channels: CaseChannels;
  /** kg m-2 s-1, `[H, W, groups]` */
  emissions: Float64Array;
  /** ppb, particles ug m-3, `[H, W, species]` */
  concentrations: Float64Array;
}

/** What cannot be read has been told by others, under its own key. */
export async function checkRunsAgainstEmissions(findings: Findings, settings: Case, grid: Grid): Promise<void> {
  const { priorConcentrations, members } = settings;
  if (priorConcentrations === undefined) return;
  for (const period of settings.periods) {
    const read = (sectors: () => SectorFiles[], concentrations: string | string[]): Fields | undefined => {
      try {
        return meanFields(findings, settings, period, grid, sectors(), hourlyFiles(settings, concentrations, period.name));
      } catch (cause) {
        if (cause instanceof RetroplumeError) return undefined;
        throw cause;
      }
    };
    const prior = read(() => priorSectors(settings, period.name), priorConcentrations);
    if (!prior) continue;
    const say = (doubt: string | undefined): unknown => doubt !== undefined && findings.warnings.push(`${period.name}: ${doubt}`);
    say(turnDoubt(prior, grid));
    say(sizeDoubt(prior, grid));
    const changes = new Map<string, ChangedFields>();
    for (const { name, emissions, concentrations } of members.runs ?? []) {
      const run = read(() => givenSectors(settings, emissions, period.name), concentrations);
      if (run) changes.set(name, changesOf(run, prior));
      await new Promise(setImmediate);
    }
    runDoubts(changes).forEach(say);
  }
}

/** A grid up to which a whole day is read of each run: beyond it six hours, or a check would take minutes. */
const MOST_CELLS = 50_000;

/** Of the middle day: what differs by the hour of the day goes into means. */
function sampledHours({ hours, ...period }: PeriodSettings, cells: number): TimeAxis {
  const time = timeOf({ hours, ...period });
  const first = Math.max(period.spinUpHours, Math.floor(hours / 48) * 24);
  return { ...time, start: timeAt(time, first), count: Math.min(cells > MOST_CELLS ? 6 : 24, hours - first) };
}

function meanFields({ signal }: Findings, settings: Case, period: PeriodSettings, grid: Grid, sectors: SectorFiles[], files: string[]): Fields {
  const cells = grid.rows * grid.cols;
  const time = sampledHours(period, cells);
  return {
    channels: surfaceChannels(settings),
    emissions: meanOfHours(readInventory(sectors, grid, time, { signal }), time.count),
    concentrations: meanOfHours(readRunConcentrations(settings, files, { grid, time }, signal), time.count),
  };
}

function meanOfHours(values: Float32Array, hours: number): Float64Array {
  const field = new Float64Array(values.length / hours);
  for (let i = 0; i < values.length; i++) field[i % field.length] += values[i] / hours;
  return field;
}

function groupOf({ emissions, channels: { groups } }: Fields, group: Group): Float64Array {
  const channel = groups.indexOf(group);
  return emissions.filter((_, i) => i % groups.length === channel);
}

function speciesOf({ concentrations, channels }: Fields, species: Species): Float64Array {
  const channel = channels.species.indexOf(species);
  return concentrations.filter((_, i) => i % channels.species.length === channel);
}

/** Groups whose species does not stay long, with that species and how long it does (s): what the air holds of it lies near its sources. */
function shortLived(channels: CaseChannels): [Group, Species, number][] {
  return judgedPairs(channels).flatMap(([group, species]): [Group, Species, number][] => {
    const lifetime = knownGroup(group)?.lifetime;
    return lifetime === undefined ? [] : [[group, species, lifetime]];
  });
}

function turnDoubt(prior: Fields, grid: Grid): string | undefined {
  const cells = Array.from({ length: grid.rows * grid.cols }, (_, cell) => cell);
  const fits = shortLived(prior.channels).map(([group, species]) => turnedFit(groupOf(prior, group), grid, cells, speciesOf(prior, species)));
  const way = turnedRound(fits);
  return way && `the prior run lies over its emissions better with the ${way} of one turned round: do the ${way} of emissions.files or of priorConcentrations begin at the other side?`; // prettier-ignore
}

/** m: of air that is mixed by day and night. */
const MIXED = 500;
/** m s-1 of the air over a grid. */
const WIND = 5;
/** Times what is expected; worlds and countries that were tried lie between 0.4 and 2.5. */
const [LEAST_SIZE, MOST_SIZE] = [0.25, 10];

/** What the air holds of a gas, against what is emitted of it for as long as it stays there. */
function sizeDoubt(prior: Fields, grid: Grid): string | undefined {
  const crossing = Math.sqrt(grid.cellAreaM2 * grid.rows * grid.cols) / WIND;
  const pairs = shortLived(prior.channels);
  const sizes = pairs.flatMap(([group, species, life]) => {
    const molarMass = prior.channels.molarMass[species];
    if (molarMass === undefined) return [];
    const emitted = mean(groupOf(prior, group)) / (1 / life + 1 / crossing);
    const airborne = ((mean(speciesOf(prior, species)) * 1e-9 * molarMass * 1e-3) / 0.024) * MIXED;
    return emitted > 0 && airborne > 0 ? [airborne / emitted] : [];
  });
  if (sizes.length === 0) return undefined;
  const size = Math.exp(mean(sizes.map(Math.log)));
  if (size >= LEAST_SIZE && size <= MOST_SIZE) return undefined;
  const misfit = size < 1 ? `${figure(1 / size)} times too large` : `${figure(size)} times too small`;
  return `the prior's emissions of ${pairs.map(([group]) => group).join(' and ')} are about ${misfit} for what the prior run holds of ${pairs.map(([, species]) => species).join(' and ')}: is the unit of the files, or their layer, cell area or hour, another (mol s-1, g s-1, kg h-1)?`; // prettier-ignore
}

function changesOf(run: Fields, prior: Fields): ChangedFields {
  const pairs = judgedPairs(prior.channels);
  return {
    emissions: pairs.map(([group]) => logRatio(groupOf(run, group), groupOf(prior, group))),
    concentrations: pairs.map(([, species]) => logRatio(speciesOf(run, species), speciesOf(prior, species))),
  };
}

/** NaN where nothing is. */
function logRatio(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => (value > 0 && b[i] > 0 ? Math.log(value / b[i]) : NaN));
}

function runDoubts(changes: ReadonlyMap<string, ChangedFields>): string[] {
  const names = [...changes.keys()];
  const { exchanged, unrelated } = exchangedRuns(changeFits([...changes.values()]));
  return [
    ...exchanged.map(([a, b]) => `the emissions of ${names[a]} go with the concentrations of ${names[b]}, and the other way round: are the two exchanged in members.runs or in the files?`), // prettier-ignore
    ...unrelated.map(
      (run) => `the concentrations of ${names[run]} do not follow its emissions, as those of the other members do: is it the run on these files?`,
    ),
  ];
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(2)));
}
