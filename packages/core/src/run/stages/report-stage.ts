/** `report`: everything that the stages before found, on one page. */
import { asksForCrossValidation } from '../../case';
import { refuseOtherPeriods } from '../../assimilation/surrogate/trained-surrogate';
import { expectPassThere } from '../inversions/loop-pass';
import type { LoopSummary } from '../inversions/loop';
import { readRecord, summaryIn } from '../engine/record';
import { stageContext } from '../stage-context';
import { passVariant, stageDir, type Stage, type StageContext, type Variant } from '../engine/stage';
import { certificateHash, updatedHash } from '../transport-runs/output-hashes';

/** The contexts of the variants that were run: the case's own first. */
function variantsOf(context: StageContext): StageContext[] {
  const variants: Variant[] =
    context.caseSettings.paperMode.run && readRecord(stageDir(context.out, 'verify', 'paper')) ? ['default', 'paper'] : ['default'];
  const [mainContext, ...paper] = variants.map((variant) => stageContext(context, 'report', variant));
  const loop = context.caseSettings.loop.passes > 1 ? summaryIn<LoopSummary>(context.dirOf('loop')) : undefined;
  if (loop && loop.kept > 1) expectPassThere(context, loop.kept);
  return [loop ? stageContext(context, 'report', passVariant(loop.kept)) : mainContext, ...paper];
}

export const reportStage: Stage = {
  name: 'report',
  needs: ['verify', 'evaluate', 'certify', 'invert'],
  takes: (settings) => [
    ...(asksForCrossValidation(settings) ? (['crossvalidate'] as const) : []),
    ...(settings.inversion.uncertainty.method === 'none' ? [] : (['uncertainty'] as const)),
    ...(settings.loop.passes > 1 ? (['loop'] as const) : []),
  ],
  opens: (context) => [
    ...variantsOf(context).flatMap(({ dirOf }) => reportStage.needs.map(dirOf)),
    ...(['prepare', 'simulate'] as const).map(context.dirOf),
  ],
  settings: ({ caseSettings, out }) => ({
    case: { ...caseSettings, file: undefined, loop: undefined, crossValidation: undefined },
    crossValidation: asksForCrossValidation(caseSettings)
      ? { key: readRecord(stageDir(out, 'crossvalidate', 'default'))?.key, applied: caseSettings.crossValidation.apply }
      : undefined,
    loop: caseSettings.loop.passes > 1 ? readRecord(stageDir(out, 'loop', 'default'))?.key : undefined,
    uncertainty: caseSettings.inversion.uncertainty.method === 'none' ? undefined : readRecord(stageDir(out, 'uncertainty', 'default'))?.key,
    updated: updatedHash([
      stageDir(out, 'verify', 'default'),
      ...(caseSettings.loop.passes > 1 ? [stageDir(out, 'loop', 'default')] : []),
      ...(caseSettings.paperMode.run ? [stageDir(out, 'verify', 'paper')] : []),
      ...(caseSettings.ensembleMode.run ? [stageDir(out, 'verify', 'ensemble')] : []),
    ]),
    certified: certificateHash(stageDir(out, 'certify', 'default')),
    ...(caseSettings.paperMode.run ? { paperCertified: certificateHash(stageDir(out, 'certify', 'paper')) } : {}),
    ...(caseSettings.ensembleMode.run ? { ensemble: readRecord(stageDir(out, 'verify', 'ensemble'))?.key } : {}),
    paper: caseSettings.paperMode.run ? readRecord(stageDir(out, 'verify', 'paper'))?.key : undefined,
  }),
  readsAgain: true,
  inputs: () => [],
  refuse: refuseOtherPeriods,
  run: async (context) => (await import('../results/report.js')).report(context, variantsOf(context)),
};
