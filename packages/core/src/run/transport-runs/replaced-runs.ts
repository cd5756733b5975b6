/**
 * Runs of the user's own transport model may have cost days, and `simulate` removes those whose settings or inputs are others now, to make them anew. A key that
 * was changed for something else must not do that unasked.
 */
import { dirname, join } from 'node:path';
import { existsSync, readdirSync } from 'node:fs';
import { simulateStage } from '../stages/simulate-stage';
import { stageContext } from '../stage-context';
import { keyOf } from '../engine/stage-keys';
import { whatChanged } from '../engine/explain-rerun';
import { caseChannels, type Case, type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import { ConfigError } from '../../base/errors';
import { factorLookup } from '../../inventory/scaling/emission-factors';
import { keeps, lastMade, readRecord, type StageMark } from '../engine/record';
import { type RunContext, type StageContext } from '../engine/stage';
import { isMadeFile, runsOfPeriod, PRIOR, simulatedChanges, timeOf } from '../../case/case-runs';
import { readInventory } from '../../inventory/reading/read-inventory';
import { partName, concentrationsOf, factorsOf } from './run-keys';
import { filesOf, priorEmissionInputs, priorSectors, simulatedSectors } from '../../inventory/reading/sector-files';

/** Of the emissions of a cell in an hour: sums in another order, and another format of a file, leave less. */
const SAME_EMISSIONS = 1e-4;

/** What the transport model has made in the folder of `simulate`: RUN/FILE. */
function madeFiles(dir: string): string[] {
  const folders = existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  return folders.flatMap(({ name }) =>
    readdirSync(join(dir, name))
      .filter(isMadeFile)
      .map((file) => join(name, file)),
  );
}

interface ReplacedRuns {
  /** that would be removed */
  runs: string[];
  /** how many would be with `changedRuns: 'replace'`, and how many with 'keep' */
  counts: Record<NonNullable<RunContext['changedRuns']>, number>;
  reason: string;
}

/** What `simulate` would remove of runs of the user's model, in one period at least, and why; undefined where it would remove none. */
export async function replacedRuns(run: RunContext): Promise<ReplacedRuns | undefined> {
  const context = stageContext(run, 'simulate', 'default');
  const { dir } = context;
  const lastMark = lastMade(dir);
  const model = (lastMark?.settings as Partial<Pick<Case, 'ctm'>> | undefined)?.ctm ?? run.caseSettings.ctm;
  if (lastMark === undefined || model.kind === 'reference') return undefined;
  const existing = madeFiles(dir);
  if (existing.length === 0) return undefined;
  const mark = await keyOf(simulateStage, context);
  const removedWith = (trusted?: true): string[] => {
    const isKept = keeps(dir, { ...mark, trusted });
    return [...new Set(existing.filter((file) => !isKept(file)).map(dirname))];
  };
  const runs = removedWith(mark.trusted);
  const counts = { replace: removedWith().length, keep: removedWith(true).length };
  return runs.length === 0 ? undefined : { runs, counts, reason: whatChanged(lastMark, mark) };
}

/** @throws {ConfigError} `RUNS_REPLACED`, `RUNS_OTHER_EMISSIONS` */
export async function refuseReplacedRuns(run: RunContext): Promise<void> {
  const replaced = await replacedRuns(run);
  if (replaced === undefined) return refuseKept(run);
  const { runs, counts, reason } = replaced;
  throw new ConfigError(
    'RUNS_REPLACED',
    `simulate: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} of your transport model in ${join(run.out, 'simulate')} would be removed and made anew, as this has changed since: ${reason}: ` +
      `change it back, give another --out, or agree with --changed-runs replace${counts.replace > runs.length ? `, which makes ${counts.replace} anew` : ''}${orKeep(counts)}`,
  );
}

/** @throws {ConfigError} `RUNS_OTHER_EMISSIONS` where a run would be kept on the user's word that was made with other emissions */
async function refuseKept(run: RunContext): Promise<void> {
  if (run.changedRuns !== 'keep' || run.caseSettings.ctm.kind !== 'command') return;
  const context = stageContext(run, 'simulate', 'default');
  const lastMark = lastMade(context.dir);
  if (lastMark) refuseOtherEmissions(context, lastMark, await keyOf(simulateStage, context));
}

/** Runs of the case, RUN/PERIOD, that are there on the user's word: made with other settings or inputs. */
export function keptOnWord({ caseSettings, dirOf }: Pick<StageContext, 'caseSettings' | 'dirOf'>): string[] {
  const parts = readRecord(dirOf('simulate'))?.parts ?? {};
  const names = caseSettings.periods.flatMap((period) => runsOfPeriod(caseSettings, period).map((run) => partName(run, period.name)));
  return names.filter((name) => parts[name]?.madeWith !== undefined);
}

/** Runs that have the same emissions stay only where all that are left have: a word for some of them is given before the others change. */
function orKeep({ replace, keep }: ReplacedRuns['counts']): string {
  if (keep === replace) return '';
  if (keep === 0) return '; --changed-runs keep keeps them, if they would come out the same';
  return `; to keep ${replace - keep} of them that would come out the same, first run with --changed-runs keep and without the changes of emissions`;
}

/**
 * Of runs that are kept on the user's word beside an inventory that was written anew: the emission files of one that was scaled tell whether its values are the same.
 * Where only the prior run was made there is no such file, and the word is all there is.
 *
 * @param lastMark - with what the runs were made
 * @throws {ConfigError} `RUNS_OTHER_EMISSIONS`
 */
function refuseOtherEmissions(context: StageContext, lastMark: Partial<StageMark>, mark: StageMark): void {
  const { caseSettings, dir } = context;
  const knownHashes = new Set(lastMark.inputs?.map(({ sha256 }) => sha256));
  const hashes = new Map(mark.inputs.map(({ path, sha256 }) => [path, sha256]));
  const isKept = keeps(dir, mark);
  for (const period of caseSettings.periods) {
    if (priorEmissionInputs(caseSettings, period.name).every((path) => knownHashes.has(hashes.get(path)!))) continue;
    const run = runsOfPeriod(caseSettings, period).find(
      (name) =>
        name !== PRIOR &&
        !simulatedChanges(caseSettings).has(name) &&
        isKept(concentrationsOf(name, period)) &&
        filesOf(simulatedSectors(caseSettings, dir, name, period.name)).every((path) => existsSync(path)),
    );
    if (run === undefined || isOfInventory(context, run, period)) continue;
    throw new ConfigError(
      'RUNS_OTHER_EMISSIONS',
      `simulate: ${run} in ${period.name} cannot be kept: its emissions are not those that it would be given now, as the inventory has other values: ` +
        'change it back, give another --out, or agree with --changed-runs replace',
    );
  }
}

/** Whether a run has the emissions that its factors make of the inventory as it is now. */
function isOfInventory(context: StageContext, run: string, period: PeriodSettings): boolean {
  const { caseSettings, dir, signal } = context;
  const [grid, time] = [gridOf(caseSettings), timeOf(period)];
  const cells = grid.rows * grid.cols;
  const groups = caseChannels(caseSettings).groups.length;
  const [written, prior] = [simulatedSectors(caseSettings, dir, run, period.name), priorSectors(caseSettings, period.name)].map((sectors) =>
    readInventory(sectors, grid, time, { signal }),
  );
  const factors = factorsOf(caseSettings, grid, run, period);
  const lookup = factorLookup(factors instanceof Float32Array ? [{ factors, start: time.start }] : factors, { cells, groups }, time);
  for (let hour = 0; hour < time.count; hour++) {
    for (let group = 0; group < groups; group++) {
      const factorOf = lookup(hour, group) ?? (() => 1);
      for (let cell = 0; cell < cells; cell++) {
        const i = (hour * cells + cell) * groups + group;
        if (Math.abs(written[i] - factorOf(cell) * prior[i]) > SAME_EMISSIONS * written[i]) return false;
      }
    }
  }
  return true;
}
