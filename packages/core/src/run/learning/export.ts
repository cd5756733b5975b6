/** The work of `export`: the surrogate, its adjoint, and products with its Jacobian from either side as ONNX models, physical units in and out. */
import { join } from 'node:path';
import { trainedPeriods } from '../../case/case-runs';
import { writeFileAtomic } from '../../files/checkpoint';
import type { PreparedPeriod } from '../../fields/prepared';
import { NumericalError } from '../../base/errors';
import { freeRun } from '../../surrogate/domain/free-run';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { adjointDifference } from '../../assimilation/surrogate/adjoint-difference';
import { firstHourOf, loadSurrogate, preparedPeriod } from '../../assimilation/surrogate/trained-surrogate';
import { OnnxEngine, ONNX_FILES } from '../../surrogate/model/onnx-engine';
import { adjointOnnx, jvpOnnx, surrogateOnnx, vjpOnnx } from '../../assimilation/surrogate/onnx-models';
import type { Stage, StageContext } from '../engine/stage';

/** Largest difference between ONNX Runtime and the native program, as a part of the largest concentration, that is let pass. */
const AGREEMENT = 1e-4;

/**
 * The same of the gradients, by their norms. A gradient jumps where rounding moves an activation over a kink (P-ReLU, max-pooling), which is no error:
 * two runtimes that are both right differ by up to some hundredths then, a wrong term by about 1.
 */
const GRADIENT_AGREEMENT = 5e-2;

export async function exportSurrogate(context: StageContext): ReturnType<Stage['run']> {
  const surrogate = loadSurrogate(context);
  const period = preparedPeriod(context, trainedPeriods(context.caseSettings)[0]);
  const write = (file: string, bytes: Uint8Array): void => writeFileAtomic(join(context.dir, file), bytes);
  write(ONNX_FILES.forward, surrogateOnnx(surrogate, period.grid));
  write(ONNX_FILES.adjoint, adjointOnnx(surrogate, period.grid));
  write(ONNX_FILES.vjp, vjpOnnx(surrogate, period.grid));
  write(ONNX_FILES.jvp, jvpOnnx(surrogate, period.grid));
  const relativeDifference = await forwardDifference(context, surrogate, period);
  expectAgreement('concentrations', relativeDifference, AGREEMENT);
  const relativeGradientDifference = await adjointDifference(surrogate, checkedSize(period.grid), context.threads);
  expectAgreement('gradients', relativeGradientDifference, GRADIENT_AGREEMENT);
  return { products: Object.values(ONNX_FILES), summary: { relativeDifference, relativeGradientDifference } };
}

/** Largest difference between ONNX Runtime's concentrations and the native program's in the first hour, relative to the largest. */
async function forwardDifference(context: StageContext, surrogate: Surrogate, period: PreparedPeriod): Promise<number> {
  const { rows, cols } = period.grid;
  const { emissions } = period.runs.get('prior')!;
  const firstHour = {
    initialConcentrations: 'prior' as const,
    surrogate,
    batchSize: 1,
    period,
    emissions,
    hours: [firstHourOf(context, trainedPeriods(context.caseSettings)[0])],
  };
  // Exact, whatever the run's products: ONNX Runtime is.
  const program = surrogate.program(1, rows, cols, { ...context, precision: 'float32' }, { adjoint: false });
  const engine = await OnnxEngine.load({ forward: join(context.dir, ONNX_FILES.forward) }, surrogate, { batch: 1, rows, cols }, context.threads);
  try {
    const native = await freeRun({ ...firstHour, engine: program });
    const onnx = await freeRun({ ...firstHour, engine });
    const largest = native.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    return native.reduce((max, value, i) => Math.max(max, Math.abs(value - onnx[i])), 0) / largest;
  } finally {
    program.dispose();
    engine.dispose();
  }
}

/** @throws {NumericalError} `ONNX_DISAGREES` */
function expectAgreement(quantity: string, difference: number, limit: number): void {
  if (difference <= limit) return;
  const figures = `${difference.toExponential(1)}, more than ${limit}`;
  throw new NumericalError(
    'ONNX_DISAGREES',
    `export: ${quantity} of ONNX Runtime differ from the native program's, relative to them, by ${figures}: report it`,
  );
}

/** At most so many cells, an odd number of rows where there are as many: padding is seen. */
function checkedSize({ rows, cols }: { rows: number; cols: number }): { rows: number; cols: number } {
  return { rows: Math.min(rows, 33), cols: Math.min(cols, 32) };
}
