/** When the products end, and what the error of their number is, for operators whose eigenvalues are given. */
import { Random } from '../../base/random';
import type { Control } from '../control/control';
import type { ForwardModel, ModelPart } from '../model/forward-model';
import type { GaussNewtonHessian, HessianProduct } from '../cost/hessian';
import { GrowingPart } from './growing-part';
import { lowRank, type LowRank, type LowRankOptions } from './low-rank';

const SIZE = 60;

/** Diagonal operators, one a batch. @param connected - whether each is a part of its own, connected by the prior */
function operators(
  spectra: readonly (readonly number[])[],
  connected = false,
): { hessian: GaussNewtonHessian; model: ForwardModel; control: Control } {
  const product = (direction: Float64Array, [first]: readonly [number, number]): Promise<HessianProduct> => {
    const image = direction.map((value, i) => spectra[first][i] * value);
    return Promise.resolve({ control: image, factors: image, simulated: [direction.map((value, i) => Math.sqrt(spectra[first][i]) * value)] });
  };
  const parts = spectra.map((_, p): ModelPart => ({ slots: [0, 1], batches: [p, p + 1] }));
  return {
    hessian: { product } as unknown as GaussNewtonHessian,
    model: {
      shape: { slots: 1, rows: 1, cols: SIZE, groups: 1 },
      batches: spectra.length,
      ...(connected ? { parts } : {}),
      observations: () => ({ species: new Uint8Array(SIZE) }),
    } as unknown as ForwardModel,
    control: { size: SIZE, factorCount: SIZE, independentSlots: false } as unknown as Control,
  };
}

const found = ({ hessian, model, control }: ReturnType<typeof operators>, rank: number, onProduct?: LowRankOptions['onProduct']): Promise<LowRank> =>
  lowRank(hessian, model, control, { rank, species: 1, random: new Random(2), onProduct });

it('the products end where what is left tells nothing that counts, long before the asked number', async () => {
  const few = [50, 20, 8];
  const spectrum = Array.from({ length: SIZE }, (_, i) => few[i] ?? 1e-3 * (i / SIZE));
  const { products, blocks } = await found(operators([spectrum]), 50);
  expect(products).toBeLessThan(20);
  expect(blocks[0].rankError).toBeLessThan(0.02);
  few.forEach((value, k) => expect(blocks[0].values[k] / value).toBeCloseTo(1, 6));
});

it('they go on while one eigenvalue after the other still counts', async () => {
  const spectrum = Array.from({ length: SIZE }, (_, i) => 100 * 0.9 ** i);
  const told: number[][] = [];
  const { products, blocks } = await found(operators([spectrum]), 25, (...progress) => told.push(progress));
  expect(products).toBe(25);
  expect(told).toEqual(Array.from({ length: 25 }, (_, i) => [i + 1, 25]));
  expect(blocks[0].rankError).toBeGreaterThan(0.5);
});

it('what connected parts may have left out adds up', async () => {
  const RANK = 9;
  const spectra = [0, 1].map((p) => Array.from({ length: SIZE }, (_, i) => (i < 4 ? 1000 / 4 ** (i + p / 2) : 0.2 * Math.cos(i) ** 2)));
  const alone = await Promise.all(
    spectra.map(async (_, p) => {
      const { hessian } = operators(spectra);
      const part = new GrowingPart({ control: [0, SIZE], factors: [0, SIZE], batches: [p, p + 1] }, new Random(2).fork(`block ${p}`), 0);
      for (let step = 0; step < RANK; step++) part.take(await hessian.product(part.space.next!, [p, p + 1]));
      return part.leftOut(part.space.pairs());
    }),
  );
  const together = alone[0] + alone[1];
  expect(Math.min(...alone)).toBeGreaterThan(0);
  expect(together).toBeLessThan(1e4);
  const { blocks } = await found(operators(spectra, true), RANK);
  expect(blocks).toHaveLength(1);
  expect(blocks[0].rankError).toBeCloseTo(together / (1 + together), 10);
});
