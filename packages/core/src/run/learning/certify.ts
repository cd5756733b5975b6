/**
 * The work of `certify`: the surrogate's derivative and its response to emissions, held against the transport model's own finite differences before any
 * inversion trusts them.
 */
import { join } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { sourceOf } from '../../fields/training-period';
import type { PreparedPeriod } from '../../fields/prepared';
import { ROUNDOFF } from '../../base/device';
import { judge } from '../../surrogate/judgement/certificate';
import { PASSES, testDifferentiation, type DifferentiationTest } from '../../surrogate/judgement/differentiation';
import type { FrozenProgram } from '../../surrogate/model/frozen-program';
import type { DomainHours } from '../../surrogate/domain/domain-model';
import type { EmissionFactors } from '../../surrogate/tracers/emission-factors';
import type { Tiling } from '../../surrogate/model/tiles';
import { modelOfHours } from '../../surrogate/domain/rolled-out-run';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { judgedPeriods, PRIOR, trainedPeriods } from '../../case/case-runs';
import { compareResponses } from '../../assimilation/judgement/certify-responses';
import { certifyingRuns, makeRuns } from '../transport-runs/certify-runs';
import { evaluateStage } from '../stages/evaluate-stage';
import { domainPlan, firstHourOf, loadSurrogate, preparedPeriod } from '../../assimilation/surrogate/trained-surrogate';
import { CERTIFICATE_FILE } from '../transport-runs/output-hashes';
import type { Stage, StageContext } from '../engine/stage';
import { expectUpToDate } from '../engine/stage-keys';

/** Hours behind the spin-up from which those of the derivative's test are: tracers are carried anew for each of its passes, and a week is as good as a month. */
const DIFFERENTIATED_HOURS = 168;

export async function certify(context: StageContext): ReturnType<Stage['run']> {
  const surrogate = loadSurrogate(context);
  const trained = trainedPeriods(context.caseSettings);
  const first = preparedPeriod(context, trained[0]);
  const { grid, time } = first;
  const runs = await certifyingRuns(context, { grid, time, emissions: first.runs.get(PRIOR)!.emissions });
  if (runs.some((run) => run.evaluated)) await expectUpToDate(evaluateStage, context);
  await makeRuns(context, runs, grid);
  const plan = domainPlan(context, surrogate, grid, { adjoint: true });
  const program = surrogate.program(plan.batchSize, plan.tiling.rows, plan.tiling.cols, context, { adjoint: true });
  try {
    const differentiation = await differentiate(context, surrogate, program, first, plan.tiling);
    const responses = await compareResponses(context, { surrogate, engine: program, ...plan }, first, runs);
    const { pairs } = context.caseSettings.certificate;
    const certificate = judge(
      { differentiation, ...responses },
      pairs,
      judgedPeriods(context.caseSettings).map(({ name }) => name),
    );
    for (const reason of certificate.reasons) context.log(reason);
    context.log(`certificate: ${certificate.verdict}`);
    writeFileAtomic(join(context.dir, CERTIFICATE_FILE), JSON.stringify(certificate, null, 2));
    // The reference model would give the same again.
    const ownRuns = context.caseSettings.ctm.kind === 'command' ? runs.filter(({ evaluated }) => !evaluated) : [];
    const externalFiles = ownRuns.flatMap((run) => trained.map(({ name }) => run.output(name)));
    return { products: [CERTIFICATE_FILE], summary: certificate, externalFiles };
  } finally {
    program.dispose();
  }
}

/**
 * Taylor and dot-product test of the frozen program, window and all, at hours spread over the first week of a period; where the domain is cut, on one tile.
 * Where y is rolled out it goes through the chain, on all tiles.
 */
async function differentiate(
  context: StageContext,
  surrogate: Surrogate,
  program: FrozenProgram,
  period: PreparedPeriod,
  tiling: Tiling,
): Promise<DifferentiationTest> {
  const { batch: size } = program.sizes;
  const { tiles, ...tileSize } = tiling;
  const { settings } = surrogate.description;
  const rolledOut = settings.initialConcentrations === 'rollout';
  const testTiling = { ...tileSize, tiles: rolledOut ? tiles : tiles.slice(0, 1) };
  const first = firstHourOf(context, trainedPeriods(context.caseSettings)[0]);
  const whole = sourceOf(period);
  const count = Math.min(period.time.count, first + DIFFERENTIATED_HOURS);
  const sources = [{ ...whole, time: { ...whole.time, count } }];
  const hours = Array.from({ length: size }, (_, i) => first + Math.floor(((i + 0.5) / size) * (count - first)));
  const options = { surrogate, sources, tiling: testTiling, engine: program, adjoint: program, batchSize: size, threads: context.threads };
  const run = modelOfHours(options, [hours], { rolledOut, signal: context.signal });
  let place: DomainHours & { factors: EmissionFactors };
  let passes = 0;
  const tell = (): void => context.progress(passes++, PASSES, `derivative, ${period.name}`);
  const model = {
    factors: period.grid.rows * period.grid.cols * period.groups.length,
    scale: surrogate.description.normalisation.concentrations.scale,
    forward: (factors: Float32Array): Promise<Float32Array> => {
      context.signal.throwIfAborted();
      tell();
      place = { period: 0, hours, factors: { data: factors } };
      return run.forward(place);
    },
    adjoint: async (grad: Float32Array): Promise<Float32Array> => {
      context.signal.throwIfAborted();
      tell();
      const data = new Float32Array(model.factors);
      await run.addAdjoint(place, grad, data);
      await run.finishAdjoint(0, { data });
      return data;
    },
  };
  try {
    return await testDifferentiation(model, { seed: context.caseSettings.certificate.patches.seed, roundoff: ROUNDOFF[context.precision] });
  } finally {
    run.dispose();
  }
}
