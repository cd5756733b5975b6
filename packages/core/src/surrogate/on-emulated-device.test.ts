/** Training on what stands for a GPU in the tests: every kernel of a real training program, and inputs that are staged while it runs. */
import { cudaDevices, type ProgramOptions, type ProgramSpec } from '@retroplume/native';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Execution } from '../graph';
import { normalisationOf } from './normalisation';
import { tinyPeriod, tinySurrogate, tinyTraining, WORLD } from './testing/tiny-world';
import { train } from './train';

let staged = 0;
let mockModule = '';

jest.mock('@retroplume/native', () => {
  const native = jest.requireActual<typeof import('@retroplume/native')>('@retroplume/native');
  class EmulatedProgram extends native.NativeProgram {
    constructor(spec: ProgramSpec, options: ProgramOptions = {}) {
      super(spec, options, options.device === undefined || options.device === 'cpu' ? undefined : mockModule);
    }
    override stage(offset: number, data: Float32Array | Float64Array): void {
      staged++;
      super.stage(offset, data);
    }
  }
  return { ...native, NativeProgram: EmulatedProgram };
});

async function trained(execution: Execution, microBatches: number): Promise<Float32Array> {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-emulated-'));
  try {
    const periods = [tinyPeriod('winter', 1)];
    const normalisation = normalisationOf(periods, [WORLD.spinUpHours]);
    const training = tinyTraining({ iterations: 4, checkpointEvery: 4, microBatches });
    const options = { ...execution, checkpoint: join(folder, 'checkpoint') };
    const { weights } = await train(periods, [WORLD.spinUpHours], tinySurrogate(), training, normalisation, options);
    return Float32Array.from([...weights.values()].flatMap(({ data }) => [...data]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const modules = ['retroplume_emulated', ...(cudaDevices().built ? ['retroplume_ptx'] : [])];

test.each(modules.flatMap((module) => [1, 2].map((parts) => [module, parts] as const)))(
  'four steps on %s give the weights of the CPU, with what was staged while it computed: %d micro-batches',
  async (module, parts) => {
    mockModule = module;
    staged = 0;
    const expected = await trained({ threads: 1 }, parts);
    expect(staged).toBe(0);
    const actual = await trained({ threads: 1, device: 'cuda' }, parts);
    expect(staged).toBeGreaterThanOrEqual((4 * parts - 1) * 4); // all parts of batches but the first, of four arrays or more
    // Adam's first steps are ± the learning rate whatever the gradient's size: where that is near zero, the last bit decides.
    const apart = expected.filter((each, i) => Math.abs(each - actual[i]) > 1e-4 * Math.max(1e-2, Math.abs(each))).length;
    expect(apart / expected.length).toBeLessThan(0.01);
  },
);
