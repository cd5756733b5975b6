import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeProgram } from '../kernels';
import { ALONE, joinRanks, launchedByMpi, withoutLauncher } from './mpi';
import { describeOnRanks, LOADER, onRanks, type Launch } from '../../../../test/testing/on-ranks';
import { relativeError } from '../testing/oracles';
import { runShared, samplesOf, SHARED } from '../testing/shared-batch';

const CHILD = join(__dirname, '../testing/ranks-child.ts');

describe('without a launcher', () => {
  it('a process is alone, and MPI is not loaded', async () => {
    expect(joinRanks({ PATH: '/bin', SLURM_NTASKS: '4', SLURM_PROCID: '0' })).toBe(ALONE);
    const data = Float64Array.of(1, 2);
    await ALONE.sum(data);
    expect([...data]).toEqual([1, 2]);
    const parts = [Float32Array.of(1e8), Float32Array.of(3), Float32Array.of(-1e8)] as const;
    await ALONE.sum(...parts);
    expect(parts.map((part) => part[0])).toEqual([3, 3, -1e8]); // 0 or 8 in single precision
    expect(await ALONE.gather(Uint8Array.of(7))).toEqual([Uint8Array.of(7)]);
    expect(await ALONE.broadcast(Uint8Array.of(8))).toEqual(Uint8Array.of(8));
  });

  it('a build that has no MPI says what to do where several processes were started, and nothing where one was', () => {
    jest.isolateModules(() => {
      const actual = jest.requireActual<typeof import('../load-addon')>('../load-addon');
      const loadAddon = (): never => {
        throw new actual.AddonError('ADDON_MISSING', 'mpi.node: it has not been built');
      };
      jest.doMock('../load-addon', () => ({ ...actual, loadAddon }));
      const without = jest.requireActual<typeof import('./mpi')>('./mpi'); // now, since one at the top would have been made before the mock
      expect(without.mpiLibrary()).toBeUndefined();
      expect(without.joinRanks({ PMI_RANK: '0', PMI_SIZE: '1' })).toBe(without.ALONE);
      const several = (): unknown => without.joinRanks({ OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' });
      expect(several).toThrow(/^mpi\.node: the launcher has started this as process 1 of 4 but this build has no MPI: load one/);
      jest.dontMock('../load-addon');
    });
  });

  it('what works with other ranks is refused', () => {
    const make = (options: object): unknown =>
      new NativeProgram(
        { arenaElements: 16, instructions: [{ op: 'allReduce', operands: { data: 0 }, params: { elements: 3 } }], phases: {} },
        options,
      );
    expect(() => make({})).toThrow(expect.objectContaining({ code: 'RANKS_MISSING' }) as Error);
    expect(() => make({ ranks: 1 })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }) as Error);
  });
});

it.each([
  [
    { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4' },
    { rank: 1, size: 4 },
  ],
  [
    { PMI_RANK: '0', PMI_SIZE: '2' },
    { rank: 0, size: 2 },
  ],
  [
    { PMIX_RANK: '3', SLURM_STEP_NUM_TASKS: '8' },
    { rank: 3, size: 8 },
  ],
  [{ PMIX_RANK: '3' }, { rank: 3 }],
  [{ PMIX_RANK: '' }, undefined],
])('a launcher is known by its variables: %j', (environment, launched) => {
  expect(launchedByMpi(environment)).toEqual(launched);
  expect(Object.keys(withoutLauncher({ ...environment, PATH: '/bin' })).filter((name) => !name.startsWith('SLURM'))).toEqual(['PATH']);
});

it.each([
  ['batchNormTrainForward', { pixels: 4, channels: 1, epsilon: 1e-5, momentum: 0.1, synchronised: 1 }, 'RANKS_MISSING'],
  ['dropoutForward', { elements: 6, probability: 0.1, block: 4, stride: 8 }, 'PARAM_INVALID'],
])('%s of a part of a batch is checked', (op, params, code) => {
  const names = ['input', 'scale', 'shift', 'runningMean', 'runningVariance', 'output', 'savedMean', 'savedInvStd'];
  const operands = Object.fromEntries((op === 'dropoutForward' ? ['input', 'output'] : names).map((name) => [name, 0]));
  const make = (): unknown => new NativeProgram({ arenaElements: 16, instructions: [{ op, operands, params }], phases: {} });
  expect(make).toThrow(expect.objectContaining({ code }) as Error);
});

describeOnRanks('on ranks', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-ranks-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const launch = (task: string): Promise<Launch> => onRanks(SHARED.ranks, [CHILD, folder, task]);
  const seenBy = (rank: number): unknown => JSON.parse(readFileSync(join(folder, `${rank}.json`), 'utf8'));
  const everywhere = Array.from({ length: SHARED.ranks }, (_, rank) => rank);

  it('sums are made in the order of ranks and rounded once, bytes reach all, and who waits does not work', async () => {
    expect(await launch('exchange')).toMatchObject({ exitCode: 0 });
    const all = everywhere.map(seenBy) as Record<string, unknown>[];
    const term = (rank: number, i: number): number => Math.fround((rank === 1 ? 1e8 : 0.1 + (i % 7)) * (rank - 0.9));
    const sums = (length: number): number[] => Array.from({ length }, (_, i) => Math.fround(term(0, i) + term(1, i) + term(2, i)));
    const partsOf = (i: number): number[] => everywhere.flatMap((rank) => [term(rank, i), Math.fround(term(rank, i) / 3), i]);
    const sumsOfParts = (length: number): number[] =>
      Array.from({ length }, (_, i) => Math.fround(partsOf(i).reduce((total, part) => total + part, 0)));
    for (const [rank, seen] of all.entries()) {
      expect(seen).toMatchObject({ place: [rank, 3, rank, 3], few: sums(10), many: sums(5003), doubles: [0.1 + 0.1 + 0.1, 3] });
      expect(seen).toMatchObject({ parts: [sumsOfParts(10), sumsOfParts(5003)], ordered: [2 * (SHARED.ranks - 1)] });
      expect(seen).toMatchObject({ refused: Array(2).fill('TypeError: mpi: expected arrays of one kind and length') });
      expect(seen).toMatchObject({ gathered: ['', 'xx', 'xxxx'], received: 'of rank 0', onDevice: [16, 16, 32] });
      const { seconds, busySeconds } = seen['waited'] as { seconds: number; busySeconds: number };
      if (rank > 0) expect(busySeconds / seconds).toBeLessThan(0.3);
    }
  });

  it('a batch in parts gives what it gives in one: batch norm, its gradients, the masks of dropout', async () => {
    expect(await launch('batch')).toMatchObject({ exitCode: 0 });
    const all = everywhere.map(seenBy) as Record<string, number[]>[][];
    const perSample = SHARED.pixels * SHARED.channels;
    [{ dtype: 'float64' as const }, { kernels: 'reference' as const }, { threads: 2 }].forEach((options, variant) => {
      const alone = runShared({ rank: 0, ranks: 1 }, options);
      // Rounding alone: single precision has 6e-8 in each of the numbers that are added up.
      const tolerance = variant === 0 ? 1e-12 : 1e-6;
      for (const [name, whole] of Object.entries(alone)) {
        for (const rank of everywhere) {
          const own = samplesOf({ rank, ranks: SHARED.ranks }).flatMap((sample) => whole.slice(sample * perSample, (sample + 1) * perSample));
          const expected = Float64Array.from(whole.length > SHARED.channels ? own : whole);
          expect([name, rank, relativeError(Float64Array.from(all[rank][variant][name]), expected) < tolerance]).toEqual([name, rank, true]);
        }
      }
      expect(all[0][variant]['dropout output'].filter((value) => value === 0).length).toBeGreaterThan(perSample / 2);
      // The same bits on all ranks.
      for (const name of ['norm savedMean', 'fused gradScale', 'fused runningVariance']) expect(all[2][variant][name]).toEqual(all[0][variant][name]);
    });
  });

  it('a launcher of another MPI is told from ours', () => {
    const environment = { ...process.env, PMI_RANK: '0', PMI_SIZE: '2' };
    const { status, stderr } = spawnSync(process.execPath, ['-r', LOADER, CHILD, folder, 'exchange'], { env: environment, encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/mpi: the launcher has started 2 processes but Open MPI .* sees 1: start them with the mpirun of that MPI/);
  });

  it('one that ends all does so at once, with its exit code', async () => {
    const began = Date.now();
    expect((await launch('fail')).exitCode).toBe(42);
    expect(Date.now() - began).toBeLessThan(20000);
  });
});
