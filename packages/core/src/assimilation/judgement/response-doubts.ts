/**
 * Whether concentrations of runs with changed emissions follow them: where NOx, SO2 and primary PM2.5 are changed, NO2, SO2 and PM2.5 change near by, and so on with
 * every group that a species of the case tells apart. Files of
 * two runs that are exchanged, of other days, or rows from the other end show so before a surrogate learns from them, and so does a run with the prior's
 * emissions but other concentrations. A sentence each, for the log.
 */
import { judgedPairs, type Group, type Species } from '../../base/species';
import { dot } from '../../base/vectors';
import type { RunChannels } from '../../fields/period-source';
import { sameConcentrations } from '../../inventory/reading/emissions-used';

/** Means over a period: emissions `[H, W, groups]`, concentrations `[H, W, species]`. */
export interface RunMeans {
  emissions: Float64Array;
  concentrations: Float64Array;
}

/** Members of the demo's worlds, twenty a season, have 0.60 to 0.86 with their own emissions, China's 0.56 to 0.66; -0.6 to 0.6 with other members', 0.3 at most with rows turned round. */
const LEAST_FOLLOWING = 0.3;
/** In those worlds the emissions of another run came 0.2 short at least. */
const MORE_BY = 0.1;

/** Mean over the hours of a field `[T, …]` that have a value; NaN where none has. */
export function meanOverHours(values: Float32Array, hours: number): Float64Array {
  const sum = new Float64Array(values.length / hours);
  const missing = new Int32Array(sum.length);
  for (let hour = 0, i = 0; hour < hours; hour++) {
    for (let cell = 0; cell < sum.length; cell++, i++) {
      if (Number.isNaN(values[i])) missing[cell]++;
      else sum[cell] += values[i];
    }
  }
  return sum.map((value, cell) => value / (hours - missing[cell]));
}

/** Mean over the cells of {@link RunMeans.concentrations}; columns of a period without layers are left out. */
export function speciesMeans(concentrations: Float64Array, species: readonly Species[]): Map<Species, number> {
  const cells = concentrations.length / species.length;
  const sums = species.map(() => 0);
  concentrations.forEach((value, i) => (sums[i % species.length] += value));
  return new Map(species.flatMap((name, i): [Species, number][] => (Number.isNaN(sums[i]) ? [] : [[name, sums[i] / cells]])));
}

/** What is odd of each run. @param runs - with changed emissions, by name */
export function followingDoubts(prior: RunMeans, runs: ReadonlyMap<string, RunMeans>, channels: RunChannels): string[] {
  const changes = new Map([...runs].map(([name, run]) => [name, changesOf(prior, run, channels)]));
  const answering = [...new Set(judgedPairs(channels).map(([, species]) => species))];
  const answers = [answering.slice(0, -1).join(', '), ...answering.slice(-1)].filter((text) => text !== '').join(' and ');
  return [...changes].flatMap(([name, runChanges]) => {
    if (hasPriorEmissionsAlone(prior, runs.get(name)!, channels.species.length))
      return [
        `${name}: its emissions are those of the prior run, but its concentrations are not: are its emission files its own, and its concentrations of the same days and model as the prior run's?`,
      ];
    const following = followed(runChanges.concentrations, runChanges.emissions);
    if (Number.isNaN(following)) return [];
    const otherRuns = [...changes].filter(([otherName]) => otherName !== name);
    const [bestRun, bestFit] = otherRuns
      .map(([runName, { emissions }]): [string, number] => [runName, followed(runChanges.concentrations, emissions)])
      .reduce((a, b) => (b[1] > a[1] ? b : a), ['', -Infinity]);
    const r = following.toFixed(2);
    const subject = `${name}: its changes of ${answers}`;
    if (bestFit > Math.max(following + MORE_BY, LEAST_FOLLOWING))
      return [
        `${subject} follow the emissions of ${bestRun} (r ${bestFit.toFixed(2)}) more than its own (r ${r}): are the files of the two exchanged?`,
      ];
    if (following < LEAST_FOLLOWING)
      return [
        `${subject} do not follow those of its emissions (r ${r} over the cells): are both files of this run, of the same days as the prior run and of the same model, with the same first row?`,
      ];
    return [];
  });
}

/** Of the emissions of a cell: another unit or format of the same file leaves less. */
const SAME_EMISSIONS = 1e-5;

function hasPriorEmissionsAlone(prior: RunMeans, run: RunMeans, species: number): boolean {
  const isSame = (emission: number, i: number): boolean => Math.abs(run.emissions[i] - emission) <= SAME_EMISSIONS * emission;
  return prior.emissions.every(isSame) && !sameConcentrations(prior.concentrations, run.concentrations, species);
}

/** By pair, {@link normalised} over the cells; of a group that is not changed nothing. */
interface RunChanges {
  emissions: (Float64Array | undefined)[];
  concentrations: Float64Array[];
}

function changesOf(prior: RunMeans, run: RunMeans, { groups, species }: RunChannels): RunChanges {
  const pairs = judgedPairs({ groups, species });
  const emissionChange = (group: Group): Float64Array => channelChange(prior.emissions, run.emissions, groups.indexOf(group), groups.length);
  const concentrationChange = (name: Species): Float64Array =>
    channelChange(prior.concentrations, run.concentrations, species.indexOf(name), species.length);
  return {
    emissions: pairs.map(([group]) => {
      const change = emissionChange(group);
      return change.some((value) => value !== 0) ? normalised(change) : undefined;
    }),
    concentrations: pairs.map(([, name]) => normalised(concentrationChange(name))),
  };
}

function channelChange(prior: Float64Array, run: Float64Array, channel: number, channels: number): Float64Array {
  const changeOf = (place: number): number => run[place] - prior[place] || 0; // NaN of a column in a period without layers
  return Float64Array.from({ length: prior.length / channels }, (_, cell) => changeOf(cell * channels + channel));
}

/** Of the spread about a mean, relative to the largest value: what does not vary has this little. */
const FLAT = 1e-12;

/** About its mean and of length 1, so that the correlation of two is their dot product: every run is held against every other. 0 throughout where it does not vary. */
function normalised(change: Float64Array): Float64Array {
  const mean = change.reduce((sum, value) => sum + value, 0) / change.length;
  const centred = change.map((value) => value - mean);
  const length = Math.sqrt(dot(centred, centred));
  const largest = change.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), 0);
  return length > FLAT * largest * Math.sqrt(change.length) ? centred.map((value) => value / length) : centred.fill(0);
}

/** Mean over the groups that are changed of the correlation with what answers to them, 0 where nothing does; NaN where no group is changed. */
function followed(concentrations: RunChanges['concentrations'], emissions: RunChanges['emissions']): number {
  const fits = emissions.flatMap((change, pair) => (change ? [dot(change, concentrations[pair])] : []));
  return fits.reduce((a, b) => a + b, 0) / fits.length;
}
