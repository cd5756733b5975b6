/** What the report says of how it was made: stages, settings with their defaults, files by their hashes. */
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { asksForCrossValidation, defaultSettings, type Case } from '../../case';
import type { ReportData, ReportFile, ReportStage } from '../../report';
import { readRecord, type StageRecord } from '../engine/record';
import { STAGES, stageDir, type StageContext, type Variant } from '../engine/stage';

/** @param variants - the contexts of those that were run: the case's own first */
export function provenanceOf(
  context: StageContext,
  variants: readonly StageContext[],
): Pick<ReportData, 'stages' | 'settings' | 'defaults' | 'inputs' | 'results'> {
  const settings = shownSettings(context.caseSettings, context.settings.inversion);
  const records = recordsOf(context, variants);
  return {
    stages: stagesOf(context, variants),
    settings,
    defaults: defaultSettings(context.caseSettings, Object.keys(settings) as (keyof typeof settings)[]),
    inputs: inputsOf(context, records),
    results: records.flatMap(({ dir, record }) => filesOf(record, (name) => relative(context.out, join(dir, name)))),
  };
}

function stagesOf({ out }: StageContext, variants: readonly StageContext[]): ReportStage[] {
  const paper: Variant[] = variants.some(({ variant }) => variant === 'paper') ? ['paper'] : [];
  // The seconds of `loop` are those of its passes.
  return (['default', ...paper] as Variant[]).flatMap((variant) =>
    STAGES.flatMap((stage) => {
      const shared = variant === 'paper' && stageDir(out, stage, variant) === stageDir(out, stage, 'default');
      const record = shared || stage === 'report' ? undefined : readRecord(stageDir(out, stage, variant));
      if (!record) return [];
      const { seconds, startedAt, device, versions, code = `version ${versions['retroplume']}` } = record;
      return [{ stage: variant === 'paper' ? `${stage} (paper)` : stage, seconds, startedAt: new Date(startedAt), device, code }];
    }),
  );
}

interface FinishedStage {
  dir: string;
  record: StageRecord;
}

/** Of the case's own way, of the variants that are shown, and of no stage twice. */
function recordsOf({ out }: StageContext, variants: readonly StageContext[]): FinishedStage[] {
  const ways: ((stage: (typeof STAGES)[number]) => string)[] = [(stage) => stageDir(out, stage, 'default'), ...variants.map(({ dirOf }) => dirOf)];
  const dirs = new Set(ways.flatMap((dirOf) => STAGES.filter((stage) => stage !== 'report').map(dirOf)));
  return [...dirs].flatMap((dir) => {
    const record = readRecord(dir);
    return record ? [{ dir, record }] : [];
  });
}

function filesOf({ products, bytes, sha256 }: StageRecord, pathOf: (name: string) => string): ReportFile[] {
  return products.flatMap((name) => (sha256[name] === undefined ? [] : [{ path: pathOf(name), bytes: bytes[name], sha256: sha256[name] }]));
}

/** By path, each once; those below the folder of the case file as they are from there. */
function inputsOf({ caseSettings: { file } }: StageContext, records: readonly FinishedStage[]): ReportFile[] {
  const recorded = new Map(records.flatMap(({ record }) => record.inputs).map((input) => [input.path, input]));
  return [...recorded.values()].map(({ path, bytes, sha256 }) => {
    const relativePath = relative(dirname(file), path);
    const isBelow = !relativePath.startsWith('..') && !isAbsolute(relativePath);
    const stats = existsSync(path) ? statSync(path) : undefined;
    return { path: isBelow ? relativePath : path, bytes, sha256, ...(stats?.size === bytes ? { modified: stats.mtime } : {}) };
  });
}

type ShownSettings = Pick<Case, 'surrogate' | 'training' | 'certificate' | 'inversion' | 'members' | 'withheld' | 'ctm'> &
  Partial<Pick<Case, 'crossValidation' | 'loop' | 'paperMode'>> & { observations: Partial<Case['observations']> };

/** @param inversion - with what cross-validation chose, where the case takes it */
function shownSettings(
  { surrogate, training, certificate, crossValidation, loop, members, withheld, observations, paperMode, ctm }: Case,
  inversion: Case['inversion'],
): ShownSettings {
  const { resolution, layout, timeZone, gasReference, twin } = observations;
  return {
    surrogate,
    training,
    certificate,
    inversion,
    ...(asksForCrossValidation({ crossValidation }) ? { crossValidation } : {}),
    ...(loop.passes > 1 ? { loop } : {}),
    members,
    withheld,
    observations: { resolution, layout, timeZone, gasReference, twin },
    ctm,
    ...(paperMode.run ? { paperMode } : {}),
  };
}
