import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTensors } from '../../files/checkpoint';
import { Random } from '../../base/random';
import { Role } from '../cost/cost';
import { GaussNewtonHessian } from '../cost/hessian';
import { gaussianWorld } from '../testing/gaussian-world';
import { lowRank, type LowRank } from './low-rank';
import { ProductJournal } from './product-journal';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'journal-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const world = gaussianWorld(12, 11, undefined, 0.6);
// The second period is seen by fewer values than the first, so that its space is exhausted before.
const model = Object.create(world.model, {
  observations: {
    value: (batch: number) => {
      const all = world.model.observations(batch);
      return batch === 0 ? all : { ...all, withheld: all.withheld.map((role, i) => (i < 6 ? role : Role.withheld)) };
    },
  },
}) as typeof world.model;

type Found = Omit<LowRank, 'restoredSeconds'> & { computed: number };

/** The eigenpairs, and how many products were computed for them; not the seconds of those that were there, which no two runs share. */
async function found(rank: number, journal?: ProductJournal, stopAfter = Infinity, seen = model): Promise<Found> {
  const hessian = new GaussNewtonHessian({ ...world.context, model: seen }, world.control.initial());
  let computed = 0;
  const counted = Object.create(hessian, {
    product: {
      value: (...asked: Parameters<GaussNewtonHessian['product']>) => {
        if (computed === stopAfter) throw new Error('stopped');
        computed++;
        return hessian.product(...asked);
      },
    },
  }) as GaussNewtonHessian;
  const { restoredSeconds, ...rest } = await lowRank(counted, seen, world.control, { rank, species: 2, random: new Random(2), journal });
  if (!journal) expect(restoredSeconds).toBe(0);
  return { ...rest, computed };
}

const files = (): string[] => readdirSync(folder).sort();

describe('products on the disk', () => {
  it('give an interrupted run the same bits as one without interruption, and no product is made again', async () => {
    const whole = await found(10);
    expect(whole.computed).toBe(10 + 7);
    await expect(found(10, new ProductJournal(folder, 'a'), 7)).rejects.toThrow('stopped');
    expect(files()).toEqual(['product-0001.safetensors', 'product-0002.safetensors', 'product-0003.safetensors']);
    const resumed = await found(10, new ProductJournal(folder, 'a'));
    expect(resumed).toEqual({ ...whole, computed: 11 });
  });

  it('serve a higher rank and a lower one', async () => {
    await found(4, new ProductJournal(folder, 'a'));
    expect(await found(9, new ProductJournal(folder, 'a'))).toEqual({ ...(await found(9)), computed: 8 });
    expect(await found(3, new ProductJournal(folder, 'a'))).toEqual({ ...(await found(3)), computed: 0 });
    expect(files()).toHaveLength(9);
  });

  it('know the seconds that they took', async () => {
    const hessian = new GaussNewtonHessian({ ...world.context, model }, world.control.initial());
    const run = (rank: number): Promise<LowRank> =>
      lowRank(hessian, model, world.control, { rank, species: 2, random: new Random(2), journal: new ProductJournal(folder, 'a') });
    const begin = performance.now();
    expect((await run(4)).restoredSeconds).toBe(0);
    const took = (performance.now() - begin) / 1000;
    const { restoredSeconds } = await run(4);
    expect(restoredSeconds).toBeGreaterThan(0);
    expect(restoredSeconds).toBeLessThan(took);
    expect((await run(2)).restoredSeconds).toBeLessThan(restoredSeconds);
    const each = files().map((name) => readTensors(join(folder, name)).metadata['seconds'] as number);
    expect(each).toHaveLength(4);
    expect(restoredSeconds).toBeCloseTo(
      each.reduce((sum, seconds) => sum + seconds, 0),
      12,
    );
  });

  it('give each batch of a part its own values back', async () => {
    const whole = Object.create(model, { parts: { value: undefined } }) as typeof model;
    await found(5, new ProductJournal(folder, 'a'), Infinity, whole);
    expect(await found(5, new ProductJournal(folder, 'a'), Infinity, whole)).toEqual({
      ...(await found(5, undefined, Infinity, whole)),
      computed: 0,
    });
  });

  it('end where the spaces are exhausted, as without them', async () => {
    const whole = await found(100);
    expect(whole.products).toBeLessThan(24);
    await found(100, new ProductJournal(folder, 'a'));
    expect(await found(100, new ProductJournal(folder, 'a'))).toEqual({ ...whole, computed: 0 });
  });

  it('are made anew from a damaged file on, or where they are of something else, and it is said', async () => {
    const whole = await found(4, new ProductJournal(folder, 'a'));
    const damaged = join(folder, 'product-0003.safetensors');
    writeFileSync(damaged, readFileSync(damaged).subarray(0, 200));
    const told: string[] = [];
    expect(await found(4, new ProductJournal(folder, 'a', (text) => told.push(text)))).toEqual({ ...whole, computed: 4 });
    expect(told).toEqual([expect.stringMatching(/product-0003.*cut short.*; it and those after it are made anew$/) as string]);
    told.length = 0;
    expect(await found(4, new ProductJournal(folder, 'b', (text) => told.push(text)))).toEqual({ ...whole, computed: 8 });
    expect(told).toEqual([expect.stringMatching(/product-0001.*belongs to other settings or observations/) as string]);
  });
});
