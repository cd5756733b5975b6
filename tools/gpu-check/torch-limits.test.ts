/** torch_limits.py: its counts against ones by hand, against PyTorch's profiler and against our own, where a machine has PyTorch. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from '../../test/testing/describe-where';

/** An interpreter with PyTorch and NumPy. */
const python = process.env['RETROPLUME_TEST_PYTHON'];
const script = join(__dirname, 'torch_limits.py');

interface Kernel {
  kernel: string;
  gflop: number;
  ms: number;
}

function run(...args: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(python!, args, { encoding: 'utf8', env: { ...process.env, CUDA_VISIBLE_DEVICES: '' } });
}

/** Name, bytes and operations of the `kernels` that a script has in the end. */
function counted(body: string): unknown {
  const head = `import json, sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(__dirname)})`;
  const { stdout, stderr } = run('-c', `${head}\n${body}\nprint(json.dumps([[k.name, k.bytes, k.flops] for k in kernels]))`);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

/** `step(device)`: a convolution of 3 x 3 with a bias, and ReLU. */
const MODEL = `
def step(device):
    x = torch.empty(2, 3, 4, 5, device=device).to(memory_format=torch.channels_last)
    weight, bias = torch.empty(6, 3, 3, 3, device=device), torch.empty(6, device=device)
    return lambda: torch.relu(torch.nn.functional.conv2d(x, weight, bias, padding=1))
`;
// Input 2·3·4·5, filters 6·3·3·3, output 2·6·4·5 of four bytes; 3·3·3 multiply-adds an output.
const [INPUT, FILTERS, BIAS, OUTPUT] = [4 * 120, 4 * 162, 4 * 6, 4 * 240];
const PRODUCTS = 2 * 240 * 27;

describeWhere(python !== undefined, 'RETROPLUME_TEST_PYTHON names no interpreter', 'torch_limits.py', () => {
  test('counts a convolution, its bias and ReLU as by hand', () => {
    const kernels = counted(`
import torch
from torch_counts import Counter
${MODEL}
run = step("meta")
with Counter() as counter:
    run()
kernels = counter.kernels`);
    expect(kernels).toEqual([
      ['convolution', INPUT + FILTERS + OUTPUT, PRODUCTS],
      ['convolution: bias', 2 * OUTPUT + BIAS, 0],
      ['relu', 2 * OUTPUT, 0],
    ]);
  });

  test('counts an LSTM of two steps, three sequences, four inputs and five units as by hand', () => {
    const kernels = counted(`
import torch_lstm
kernels = torch_lstm.forward("least", 2, 3, 4, 5, True) + torch_lstm.backward("persistent", 2, 3, 4, 5, False, True)`);
    // Of six: inputs 4, outputs and cells 5, gates 20 each; weights 20·(4 + 5 + 2).
    const [x, y, gates, weights] = [6 * 4, 6 * 5, 6 * 20, 20 * 11];
    expect(kernels).toEqual([
      ['lstm: forward', 4 * (x + 2 * y + gates + weights), 2 * 6 * 20 * 9],
      ['lstm: gradients of gates and inputs', 4 * (2 * y + 2 * gates + x + weights), 2 * 6 * 20 * 9],
      ['lstm: gradient of the weights', 4 * (gates + x + y + weights), 2 * 6 * 20 * 9],
    ]);
  });

  test.each(['compact-train', 'authors-invert'])(
    "every operator of %s that PyTorch's profiler sees to compute lies inside a counted call",
    (name) => {
      const { stdout, stderr } = run(script, '--check', name);
      if (stdout === '') throw new Error(stderr);
      const { inside, outside } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { inside: number; outside: unknown };
      expect(outside).toEqual({});
      expect(inside).toBeGreaterThan(500);
    },
  );

  test('names what it takes instead of an unknown step', () => {
    const { stderr, status } = run(script, 'compact');
    expect([status, stderr]).toEqual([2, expect.stringContaining('expected one of compact-train, compact-invert,') as string]);
  });
});

const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const forCpus = python !== undefined && has(python, '-c', 'import torch, sys; sys.exit(torch.version.cuda is not None)') && has('c++', '--version');

describeWhere(
  forCpus,
  'RETROPLUME_TEST_PYTHON has no PyTorch built for CPUs, or there is no c++',
  'torch_limits.py on a device that computes nothing',
  () => {
    test('counts what inductor fuses: the bias and ReLU are one kernel', () => {
      const kernels = counted(`
import fake_cuda
fake_cuda.load()
import torch
import torch_fusions
fake_cuda.pretend()
${MODEL}
fusions = torch_fusions.Fusions()
with fake_cuda.tensors(), torch.no_grad():
    torch.compile(step("cuda"), backend=fusions, dynamic=False)()
kernels = fusions.kernels`);
      const convolution = (kernels as unknown[]).filter((each) => (each as [string])[0] === 'convolution');
      expect(convolution).toEqual([['convolution', INPUT + FILTERS + OUTPUT, PRODUCTS]]);
      expect((kernels as unknown[]).at(-1)).toEqual(['fused', 2 * OUTPUT + BIAS, 0]);
    });

    test('counts the operations of our own convolutions, finds our own sums, and gives what docs/dev/gpu.md says', () => {
      const { stdout, stderr } = run(script, 'compact-train', '--variants', 'channels-last', '--json');
      if (stdout === '') throw new Error(stderr);
      const { torch, ours, limits } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
        torch: string;
        ours: Record<string, number>;
        limits: { lstm: string; kernels: Kernel[] }[];
      };
      const tables = readFileSync(join(__dirname, 'limits.txt'), 'utf8').split('compact-train.txt: memory')[1];
      const own = (...kernels: string[]): number =>
        kernels.reduce((sum, kernel) => sum + Number(new RegExp(`^\\| ${kernel} \\| \\d+ \\| (\\S+)`, 'm').exec(tables)![1]), 0);
      const theirs = (name: string): number => limits[0].kernels.find(({ kernel }) => kernel === name)!.gflop;
      // Ours add the bias, too, in the same count.
      expect(theirs('convolution') / own('conv2dForward', 'upconv2x2Forward')).toBeCloseTo(1, 2);
      expect(theirs('convolution: gradient of the input') / own('conv2dBackwardInput', 'upconv2x2BackwardInput')).toBeCloseTo(1, 2);
      expect(theirs('convolution: gradient of the filters') / own('conv2dBackwardWeight', 'upconv2x2BackwardWeight')).toBeCloseTo(1, 2);
      const [, sum] = /^\| all \|.* (\S+) \|$/m.exec(tables)!;
      expect(ours['compact-train']).toBe(Number(sum));
      expect(limits.map(({ lstm }) => lstm)).toEqual(['least', 'persistent', 'standard']);
      const page = readFileSync(join(__dirname, '../../docs/dev/gpu.md'), 'utf8');
      const [, mine, persistent] = /^\| compact-train, batch 8 \| (\S+) to \S+ \| (\S+) \|/m.exec(page)!;
      expect(mine).toBe(Number(sum).toFixed(2));
      // PyTorch's figures on the page are of one release; another may launch other kernels.
      if (torch.startsWith('2.13.')) expect(persistent).toBe(limits[1].kernels.at(-1)!.ms.toFixed(2));
    });
  },
);
