/**
 * Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): of a step's momentum only the directions count, not how strongly each of them is asked for. The
 * maths is in packages/native/src/ops/muon/muon.h; here stands which arrays of a network are matrices, and the instructions for them.
 *
 * A convolution's filters [K, K, C, O] are the matrix [K·K·C, O]. What is left to Adam: biases and slopes, and arrays with a side so short that there is nothing
 * to balance, such as the last layer's, with a column for each species.
 */
import type { Value, Emitter } from '../../definition/graph';
import { alignUp } from '../shared/alignment';
import { size } from '../../definition/shape';

/** Rows and columns that a matrix has at least. */
const LEAST_SIDE = 9;

/** Matrices that one instruction serves (ops/muon/muon.h). */
const MOST_MATRICES = 64;

/** After Jordan et al. (2024). */
const MOMENTUM = 0.95;

/** Makes the elements of a step as large as Adam's mostly are, so that both have one learning rate (Liu et al. 2025, arXiv:2502.16982). */
const SCALE = 0.2;

const sidesOf = ({ shape }: Value): [number, number] => [size(shape.slice(0, -1)), shape.at(-1) ?? 1];

export function isMatrix(value: Value): boolean {
  return value.shape.length > 1 && Math.min(...sidesOf(value)) >= LEAST_SIDE;
}

/** Operands of one step: where the first matrix lies, its gradient and its momentum; the others follow, each after {@link alignUp} of the one before. */
interface MuonOperands {
  parameter: number;
  gradient: number;
  moment: number;
  learningRate: number;
}

/** Emits the step of all `matrices`. */
export function emitMuon(emitter: Emitter, matrices: readonly Value[], { learningRate, ...arrays }: MuonOperands, l2: number): void {
  let at = 0;
  for (let first = 0; first < matrices.length; first += MOST_MATRICES) {
    const served = matrices.slice(first, first + MOST_MATRICES);
    const sides = served.flatMap((matrix, k) => {
      const [rows, columns] = sidesOf(matrix);
      return [[`rows${k}`, rows] as const, [`columns${k}`, columns] as const];
    });
    const begin = at;
    const operands = Object.fromEntries(Object.entries(arrays).map(([name, offset]) => [name, offset + begin]));
    emitter.emit('muon', { ...operands, learningRate }, { count: served.length, momentum: MOMENTUM, scale: SCALE, l2, ...Object.fromEntries(sides) });
    at += served.reduce((total, matrix) => total + alignUp(size(matrix.shape)), 0);
  }
}
