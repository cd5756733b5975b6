/** What a run would do, before anything of it is done: which stages are up to date, which would be made, and why. */
import { join } from 'node:path';
import { caseOf, type Case } from '../case';
import { expectOptions, RetroplumeError } from '../base/errors';
import { checkPlan, planOf, stageOf, stagesOf } from './all-stages';
import { checkInputs } from './commands/check/check-case';
import { hasPreviousResult } from './engine/stage-folder';
import { changedExternal } from './engine/recorded-files';
import { damagedProducts, keepsSome, lastMade, readRecord, unmadeParts, type StageMark } from './engine/record';
import { countRuns, type RunCounts } from './transport-runs/run-counts';
import { replacedRuns } from './transport-runs/replaced-runs';
import { deviceOf, runContext, type RunOptions } from './run';
import { missingRuns } from './transport-runs/simulate';
import { stageContext } from './stage-context';
import { type RunContext, type StageContext, type StageName, type Variant } from './engine/stage';
import { keyOf, neededRecord } from './engine/stage-keys';
import { differences, fewOf } from './engine/explain-rerun';
import { runFolder } from './engine/run-folder';
import { ALONE } from '../base/process';

/** `kept`: made anew, but for products that are still right; `unknown`: what it needs is not there yet. */
export type StageState = 'up to date' | 'new' | 'goes on' | 'kept' | 'anew' | 'unknown';

export interface PlannedStage {
  stage: StageName;
  variant: Variant;
  state: StageState;
  /** where something is there that is not up to date: the first few differences from its last run, or what is wrong with it */
  why?: string;
  /** of `simulate`: runs of the transport model that it would make */
  runs?: string[];
  /** of `simulate`: runs of the user's own model that it would remove, which it refuses unless `changedRuns` is replace */
  replaces?: string[];
}

export interface PlannedWork {
  case: string;
  out: string;
  stages: PlannedStage[];
  /** of the transport model that the whole case asks for, as `check` counts them; those that are there included */
  runs: RunCounts;
}

const OPTIONS = { out: true, stages: true, threads: true, device: true, precision: true, changedRuns: true } as const;

/**
 * Reads only; input files are hashed, as a run does at its beginning.
 *
 * @param source - path of the case file, or a loaded case
 * @throws {RetroplumeError} as `runStages` before it touches anything
 *
 * @example
 * const { stages } = await plannedWork(loadCase('case.yaml', ['members.seed=2']), { out: 'runs/mine', threads: 8 });
 */
export async function plannedWork(source: string | Case, options: Pick<RunOptions, keyof typeof OPTIONS> = {}): Promise<PlannedWork> {
  const settings = caseOf(source);
  expectOptions(options, 'plannedWork', OPTIONS);
  const out = runFolder(settings, options.out);
  const context = runContext(settings, out, deviceOf(options, settings, ALONE), options);
  const caseStages = stagesOf(settings);
  const wanted = options.stages === undefined || options.stages === 'all' ? caseStages : options.stages;
  if (wanted === caseStages) await checkInputs(settings);
  const plan = planOf(settings, wanted);
  checkPlan(context, plan);
  const work = new Work(context);
  for (const { stage, variant } of plan) await work.add(stageContext(context, stage, variant));
  return { case: settings.name, out, stages: work.stages, runs: countRuns(settings) };
}

class Work {
  readonly stages: PlannedStage[] = [];
  /** keys that stages will have, by their folders */
  private readonly keys = new Map<string, Pick<StageMark, 'key' | 'expensiveKey' | 'parts'>>();
  /** folders of stages whose key will be another one */
  private readonly changed = new Set<string>();

  constructor(private readonly run: RunContext) {}

  async add(context: StageContext): Promise<void> {
    const { stage, variant, dir } = context;
    const planned = await this.plan(context).catch((error: unknown) => {
      // Files that a stage of this run is yet to write, or the user is to bring after it.
      if (!(error instanceof RetroplumeError)) throw error;
      this.keys.set(dir, { key: `unknown ${dir}` });
      this.changed.add(dir);
      return { state: 'unknown' as const, why: error.message };
    });
    this.stages.push({ stage, variant, ...planned });
  }

  private async plan(context: StageContext): Promise<Omit<PlannedStage, 'stage' | 'variant'>> {
    const { dir, dirOf } = context;
    const stage = stageOf(context.stage, context.variant);
    const changedTaken = (stage.takes?.(this.run.caseSettings) ?? []).filter((name) => this.changed.has(dirOf(name)));
    const stageMark = await keyOf(stage, context, (need) => this.keys.get(dirOf(need)) ?? neededRecord(context, need));
    // What the settings will be once those are made, nobody knows; other than now they will be.
    const mark = changedTaken.length > 0 ? { ...stageMark, key: `${stageMark.key} after ${changedTaken.join()}` } : stageMark;
    this.keys.set(dir, mark);
    const damaged = await damagedIn(dir);
    const state = stage.keepsLast && hasPreviousResult(dir, mark.key) ? 'up to date' : stateOf(dir, mark, damaged);
    if (state !== 'up to date' && lastMade(dir)?.key !== mark.key) this.changed.add(dir);
    const changedBefore = [...stage.needs, ...changedTaken].filter((earlier) => this.changed.has(dirOf(earlier)));
    const reason = state === 'kept' || state === 'anew' ? { why: whyOf(dir, mark, { damaged, earlier: changedBefore }) } : {};
    return { state, ...reason, ...(stage.name === 'simulate' && state !== 'up to date' ? await this.runsOf(context, mark) : {}) };
  }

  private async runsOf(context: StageContext, mark: StageMark): Promise<Pick<PlannedStage, 'runs' | 'replaces'>> {
    const replaced = await replacedRuns(this.run);
    return { runs: missingRuns(context, mark), ...(replaced ? { replaces: replaced.runs } : {}) };
  }
}

interface Damage {
  path: string;
  trouble: string;
}

async function damagedIn(dir: string): Promise<Damage[]> {
  const record = readRecord(dir);
  if (!record) return [];
  return [...damagedProducts(dir, record).map(({ product, trouble }) => ({ path: join(dir, product), trouble })), ...(await changedExternal(dir))];
}

function unmadeIn(dir: string, mark: StageMark): string[] {
  const record = readRecord(dir);
  return record ? unmadeParts(record, mark) : [];
}

function stateOf(dir: string, mark: StageMark, damaged: readonly Damage[]): StageState {
  const lastMark = lastMade(dir);
  if (lastMark === undefined) return 'new';
  if (lastMark.key === mark.key && readRecord(dir)?.key === mark.key)
    return damaged.length + unmadeIn(dir, mark).length === 0 ? 'up to date' : 'kept';
  if (lastMark.key === mark.key) return 'goes on';
  return keepsSome(dir, mark) ? 'kept' : 'anew';
}

/** @param causes - what of it is damaged, and stages before it that will be others */
function whyOf(dir: string, mark: StageMark, causes: { damaged: readonly Damage[]; earlier: readonly StageName[] }): string {
  const lastMark = lastMade(dir)!;
  const damaged = lastMark.key === mark.key ? causes.damaged.map(({ path, trouble }) => `${path} ${trouble}`) : [];
  const unmade = lastMark.key === mark.key ? unmadeIn(dir, mark).map((name) => `has not made ${name}`) : [];
  const reasons = [
    ...damaged,
    ...unmade,
    ...differences(lastMark, mark),
    ...(causes.earlier.length > 0 ? [`before it ${causes.earlier.join(', ')}`] : []),
  ];
  return reasons.length > 0 ? fewOf(reasons) : lastMark.settings === undefined ? 'nothing tells what has changed' : 'what a stage before it left';
}
