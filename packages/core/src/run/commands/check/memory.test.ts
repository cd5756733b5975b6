import { GROUPS } from '../../../base/species';
import { tmpdir } from 'node:os';
import { surrogateSchema, trainingSchema } from '../../../case/schema/learning-schema';
import type { Case } from '../../../case';
import type { Device } from '../../../base/device';
import { usableMemory } from '../../../base/process';
import { Findings } from './findings';
import { checkMemory } from './memory';

jest.mock('../../../base/process', () => ({ ...jest.requireActual<object>('../../../base/process'), usableMemory: jest.fn() }));

const GRID = { rows: 100, cols: 100 };
/** 1000 hours of 10 channels of weather and 4 of prior concentrations (0.56 GB), prior run and 4 members (0.36 GB each), and 10 GB of tracers, as halves 5. */
const settings = {
  periods: [{ name: 'winter', hours: 1000, members: true }],
  meteorology: { variables: Array.from({ length: 10 }, (_, i) => `v${i}`) },
  emissions: { groups: Object.fromEntries(GROUPS.map((group) => [group, {}])) },
  concentrations: {},
  members: { runs: ['a', 'b', 'c', 'd'].map((name) => ({ name })) },
  surrogate: surrogateSchema().parse({ tracers: Array.from({ length: 10 }, (_, i) => ({ lifetime: i + 1 })) }),
  training: trainingSchema().parse({}),
  paperMode: { run: false },
} as unknown as Case;
const GPU: Device = { name: 'cuda:0', hardware: 'a GPU', precision: 'float32' };

async function found(usable: number, device?: Device, training: Partial<Case['training']> = {}): Promise<Findings> {
  jest.mocked(usableMemory).mockReturnValue(usable);
  const findings = new Findings(() => 'case.yaml');
  await checkMemory(findings, { ...settings, training: { ...settings.training, ...training } }, GRID, device);
  return findings;
}

it('says what training holds and what there is', async () => {
  const { right, notes } = await found(64e9, GPU);
  expect(right).toEqual(['memory: training holds 2.4 GB of fields and 5.0 GB of tracers, and 64 GB of memory may be used here']);
  expect(notes).toEqual([]);
});

it('says on a processor what the network takes, which grows with the batch, and what to lower where that is too much', async () => {
  const network = async (training: Partial<Case['training']>): Promise<{ bytes: number; notes: string[] }> => {
    const { right, notes } = await found(64e9, undefined, training);
    return { bytes: 1e9 * Number(/ of tracers and about (\S+) GB of the network and its batches, and 64 GB /.exec(right[0])![1]), notes };
  };
  const [small, large, parts] = [await network({ batch: 64 }), await network({ batch: 640 }), await network({ batch: 640, microBatches: 10 })];
  expect(large.bytes / small.bytes).toBeGreaterThan(9);
  expect(parts.bytes).toBeLessThan(0.8 * large.bytes);
  expect(small.notes).toEqual([]);
  expect(large.notes).toEqual([
    expect.stringMatching(/^training needs about \d+ GB of memory, and 64 GB may be used here: lower training\.batch or training\.crop /),
  ]);
});

it('says what of the tracers lies in temporary files, and where', async () => {
  const { right, notes } = await found(8e9, GPU);
  expect(right[0]).toBe('memory: training holds 2.4 GB of fields and 3.2 GB of tracers, and 8.0 GB of memory may be used here');
  expect(right[1]).toMatch(/^temporary files: of the tracers 1\.8 GB lie in temporary files, and .*GB are free in /);
  expect(right[1]).toContain(tmpdir());
  expect(notes).toEqual([]);
});

it('says what training reads from the store, as memory is too little for it', async () => {
  const { right, problems, notes } = await found(3e9, GPU);
  // 1.2 GB hold the weather, the prior run and the emissions of a member
  expect(right[0]).toBe(
    'memory: training holds 1.1 GB of fields and 1.2 GB of tracers, and 3.0 GB of memory may be used here; ' +
      '1.2 GB of fields it reads from the prepared store as it goes',
  );
  expect([problems, notes]).toEqual([[], []]);
});
