/**
 * Whether the transport model has taken the emissions of a run: a script that does not pass them on, or the files of another run, give the prior run's
 * concentrations again. A surrogate would learn from such members that emissions move nothing, and a proof by such a run would find that nothing has changed.
 */
import { judgedPairs, type CaseChannels } from '../../base/species';
import { surfaceChannels, type Case } from '../../case';
import { IoapiSeries, OUTPUT_OVERLAP } from '../../files/ioapi/ioapi-series';
import { readConcentrationChanges } from '../../case/gridded/case-fields';
import { firstStepOf } from '../../files/ioapi/period-steps';
import { TransportError } from '../../base/errors';
import { type Grid, type TimeAxis, timeAt } from '../../grid/grid';
import { readInventory } from './read-inventory';
import type { RunFiles } from './sector-files';

/** Largest difference between runs that are the same but for sums in another order (other numbers of processors), relative to the mean of a species. */
const ROUNDING = 1e-4;
/** A change of emissions that no model can miss: of the mean of a group, in one cell at least. */
const CHANGE = 0.1;
/** Runs differ on the first day or two, so that a day is read at a time. */
const HOURS_AT_ONCE = 24;

/** Whether two fields of concentrations `[…, species]` are the same but for rounding. @param species - how many there are */
export function sameConcentrations(a: ArrayLike<number>, b: ArrayLike<number>, species: number): boolean {
  return largestDifferences(a, b, species).every((difference) => difference <= ROUNDING);
}

/**
 * Whether two fields of emissions `[…, groups]` differ by more than a transport model can miss. Of groups of which no species is emitted as such nothing is asked: a
 * model may know no way from NH3 or VOC to what it gives.
 */
export function otherEmissions(a: ArrayLike<number>, b: ArrayLike<number>, channels: Pick<CaseChannels, 'groups' | 'species'>): boolean {
  const differences = largestDifferences(a, b, channels.groups.length);
  return judgedPairs(channels).some(([group]) => differences[channels.groups.indexOf(group)] > CHANGE);
}

/** Of each channel, relative to its mean in `a`; 0 where both are 0 throughout. What is NaN in one of them is left out. */
function largestDifferences(a: ArrayLike<number>, b: ArrayLike<number>, channels: number): number[] {
  const [sums, largest, missing] = [new Float64Array(channels), new Float64Array(channels), new Int32Array(channels)];
  for (let i = 0; i < a.length; i += channels) {
    for (let channel = 0; channel < channels; channel++) {
      const difference = Math.abs(a[i + channel] - b[i + channel]);
      if (Number.isNaN(difference)) {
        missing[channel]++;
        continue;
      }
      sums[channel] += Math.abs(a[i + channel]);
      largest[channel] = Math.max(largest[channel], difference);
    }
  }
  const count = (channel: number): number => a.length - channels * missing[channel];
  return Array.from(largest, (difference, channel) => (difference === 0 ? 0 : (difference * count(channel)) / (channels * sums[channel])));
}

/**
 * The same of the files of two runs in a period; no more is read than the first day that differs. What the values can be is asked where a run is read whole.
 */
function sameRuns(
  settings: Pick<Case, 'concentrations' | 'emissions'>,
  files: readonly [string[], string[]],
  { grid, time }: { grid: Grid; time: TimeAxis },
  signal?: AbortSignal,
): boolean {
  const { species, units } = surfaceChannels(settings);
  const variables = Object.fromEntries(species.map((name) => [name, settings.concentrations.variables[name]]));
  const series: IoapiSeries[] = [];
  try {
    for (const runFiles of files) series.push(IoapiSeries.open(runFiles, { grid, overlap: OUTPUT_OVERLAP }));
    // Files of other days are told with the whole period, not the day that is read.
    for (const openSeries of series) firstStepOf(openSeries, time);
    for (let hour = 0; hour < time.count; hour += HOURS_AT_ONCE) {
      const day = { ...time, start: timeAt(time, hour), count: Math.min(HOURS_AT_ONCE, time.count - hour) };
      const [a, b] = series.map((openSeries) => readConcentrationChanges(openSeries, day, variables, units, { signal }));
      if (!sameConcentrations(a, b, species.length)) return false;
    }
    return true;
  } finally {
    for (const openSeries of series) openSeries.close();
  }
}

/** A run with other emissions than the prior's. @param remedy - what to do where it gave what the prior run gave @throws {TransportError} `EMISSIONS_IGNORED` */
export function expectEmissionsUsed(
  settings: Pick<Case, 'concentrations' | 'emissions'>,
  run: { name: string; period: string; grid: Grid; time: TimeAxis },
  { changedRun, prior }: Record<'changedRun' | 'prior', Pick<RunFiles, 'emissions' | 'concentrations'>>,
  remedy: string,
  signal?: AbortSignal,
): void {
  if (!sameRuns(settings, [changedRun.concentrations, prior.concentrations], run, signal)) return;
  const [runEmissions, priorEmissions] = [changedRun, prior].map(({ emissions }) => readInventory(emissions, run.grid, run.time, { signal }));
  if (otherEmissions(priorEmissions, runEmissions, surfaceChannels(settings))) throw emissionsIgnored(run.name, run.period, remedy);
}

/** @param remedy - what to do */
export function emissionsIgnored(run: string, period: string, remedy: string): TransportError {
  return new TransportError(
    'EMISSIONS_IGNORED',
    `${run}, ${period}: its concentrations are those of the prior run, although its emissions are others: ${remedy}`,
  );
}

/** What to do where a command of the case made the run. @param output - the file that the run was collected in */
export function commandIgnored(output: string): string {
  return `see that the command of ctm.command has the model read {emissions} (its log is ${output.replace(/\.nc$/, '.log')}), remove ${output} and run the same command again`;
}

/** What to do where the case brings the run. */
export function remedyOfBrought(key: string, run: string): string {
  return `give in ${key} (${run}) the output of the model with the emissions of that run, or see that the model read them`;
}
