import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from '../../../../test/testing/describe-where';
import { measureMemory } from './memory';
import { benchStep, type TorchPeers } from './step-bench';
import { TINY_WORKLOADS } from './testing/tiny-workloads';
import { loadTfjs } from './peers/tfjs-model';
import { TorchPeer } from './peers/torch-peer';
import { drawInputs, drawWeights, stepProgram } from './workloads/workload-step';
import { STEPS } from './workloads/workloads';

/** An interpreter with PyTorch and NumPy; where a machine has one, its answers are checked. */
const python = process.env['RETROPLUME_TEST_PYTHON'];
/** Float32 over reductions of some thousand terms; so few cells that none lies next to a kink. */
const tolerance = { forward: 1e-5, gradient: 1e-4 };
const folders: string[] = [];

function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'retroplume-bench-test-')));
  return folders.at(-1)!;
}

afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true })));

const cases = TINY_WORKLOADS.flatMap((workload) => STEPS.map((step) => ({ workload, step, title: `${workload.name}, ${step}` })));

describe.each(cases)('$title', ({ workload, step }) => {
  test('is timed, with ONNX Runtime as a peer of what is frozen, and TensorFlow.js of the forward pass', async () => {
    const tfjs = await loadTfjs();
    const result = await benchStep(workload, step, drawWeights(workload), { rounds: 3, threads: 1, folder: folder(), tfjs, tolerance });
    const peers = { train: [], invert: ['onnxruntime'], infer: ['onnxruntime', `tfjs-${tfjs!.backend}`] }[step];
    expect(Object.keys(result.peers)).toEqual(peers);
    expect(result.ours.median).toBeGreaterThan(0);
    expect(result.ours.p10).toBeLessThanOrEqual(result.ours.p90);
    expect(result.engines).toEqual(step === 'train' ? undefined : { onnxToNative: result.peers.onnxruntime.ratio });
    if (peers.length > 0) expect(result.ratio).toBe(Math.min(...Object.values(result.peers).map((peer) => peer.ratio)));
    expect(result.kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(result.arenaBytes).toBeGreaterThan(0);
  });

  test('does its work: repeats change what it is to change', async () => {
    const program = stepProgram(workload, step, 2, drawWeights(workload), drawInputs(workload, step, 2), { threads: 1 });
    const changing = { train: 'lstm.weightInput', invert: 'emissions', infer: 'out' }[step];
    await program.run('step');
    const first = program.get(changing);
    await program.run('step');
    expect(program.get(changing).every(Number.isFinite)).toBe(true);
    expect(program.get(changing).some((value, i) => value !== first[i])).toBe(step !== 'infer');
    program.dispose();
  });
});

describeWhere(python !== undefined, 'RETROPLUME_TEST_PYTHON names no interpreter', 'PyTorch', () => {
  let torch: TorchPeers;

  beforeAll(async () => {
    const start = async (tuned: boolean): Promise<TorchPeer> => (await TorchPeer.start({ python: python!, threads: 1, tuned, compiles: false })).peer;
    torch = { tuned: await start(true), untuned: await start(false), compiles: false };
  });

  afterAll(async () => {
    await torch.tuned.stop();
    await torch.untuned.stop();
  });

  test.each(cases)('gives the same answers: $title', async ({ workload, step }) => {
    const result = await benchStep(workload, step, drawWeights(workload), { rounds: 1, threads: 1, folder: folder(), torch, tolerance });
    expect(Object.keys(result.peers).slice(0, 3)).toEqual(['torch-eager', 'torch-channels-last', 'torch-untuned']);
    expect(result.ratio).toBe(Math.min(...Object.values(result.peers).map((peer) => peer.ratio)));
    const best = Math.min(...Object.entries(result.peers).flatMap(([name, { ratio }]) => (name.startsWith('torch') ? [ratio] : [])));
    if (step !== 'train') expect(result.engines!.onnxToTorch).toBeCloseTo(result.engines!.onnxToNative / best, 9);
  });
});

describeWhere(python !== undefined, 'RETROPLUME_TEST_PYTHON names no interpreter', 'the LSTM written out', () => {
  test('is one graph for torch.compile', () => {
    const script = `
import sys, torch, torch._dynamo.utils
sys.path.insert(0, ${JSON.stringify(join(__dirname, '..', '..', 'torch-peer'))})
sys.dont_write_bytecode = True
from networks import CellLstm
lstm = CellLstm(3, {"hidden": 4, "allStates": True, "learnedInitialState": False}, True, True)
torch.compile(lstm, backend="aot_eager", dynamic=False)(torch.rand(1, 5, 2, 2, 3))
print(torch._dynamo.utils.counters["stats"]["unique_graphs"], dict(torch._dynamo.utils.counters["graph_break"]))`;
    const { stdout, stderr } = spawnSync(python!, ['-c', script], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('1 {}\n');
  });
});

test('peak memory is that of a process', async () => {
  const memory = await measureMemory(TINY_WORKLOADS[0], { threads: 1, python, compiles: false, folder: folder() });
  expect(memory.ours).toBeGreaterThan(2 ** 25); // Node itself
  expect(memory.ours).toBeLessThan(2 ** 30);
  expect(Object.keys(memory.peers)).toEqual(python === undefined ? [] : ['torch-eager', 'torch-channels-last']);
}, 300000); // starts PyTorch twice

test('a process that cannot train is told in one sentence', async () => {
  const uneven = { ...TINY_WORKLOADS[0], rows: 0 };
  await expect(measureMemory(uneven, { threads: 1, compiles: false, folder: folder() })).rejects.toThrow(
    /^bench: tiny compact: the process that trains ended early: [^\n]+$/,
  );
});
