/** The steps of packages/core/torch-peer as gpu_check.py times them, where a machine has PyTorch: its CPU stands for the GPU. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describeWhere } from '../../test/testing/describe-where';

/** An interpreter with PyTorch and NumPy. */
const python = process.env['RETROPLUME_TEST_PYTHON'];

/** `made(workload, step, variant)`: a step of a workload on a few cells, with the same weights and inputs at every call. */
const PREPARE = `
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(join(__dirname, '../../packages/core/torch-peer'))})
import torch
from steps import STEPS, VARIANTS
described = json.load(open(${JSON.stringify(join(__dirname, 'programs/workloads.json'))}))
GRID = (182, 232)

def few(shape):
    return [6 if size == GRID[0] else 7 if size == GRID[1] else size for size in shape]

def made(name, step, variant):
    torch.manual_seed(1)
    of = described[name]
    weights = {key: torch.rand(shape) * 0.2 - 0.1 for key, shape in of["weights"].items()}
    weights.update({key: value + 0.6 for key, value in weights.items() if key.endswith("runningVariance")})
    inputs = {key: torch.rand(few(shape)) for key, shape in of["inputs"][step].items()}
    return STEPS[step](of["workload"], weights, inputs, 1e-4, **VARIANTS[variant])
`;

describeWhere(python !== undefined, 'RETROPLUME_TEST_PYTHON names no interpreter', 'steps of the PyTorch peer', () => {
  function run(script: string): unknown {
    const { stdout, stderr } = spawnSync(python!, ['-c', `${PREPARE}\n${script}`], { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  }

  test("every one runs where nn.LSTM obeys cuDNN's rule: a reverse pass in training mode alone", () => {
    const result = run(`
forward = torch.nn.LSTM.forward
def as_cudnn(self, x, state=None):
    if torch.is_grad_enabled() and x.requires_grad and not self.training:
        raise RuntimeError("cudnn RNN backward can only be called in training mode")
    return forward(self, x, state)
torch.nn.LSTM.forward = as_cudnn
ran = []
for name in described:
    for step in STEPS:
        made(name, step, "eager").run()
        ran.append(f"{name} {step}")
print(json.dumps(ran))`);
    expect(result).toHaveLength(6);
  });

  test('an inversion with the LSTM in training mode gives the same numbers, and drops nothing out', () => {
    const result = run(`
differ, training = [], set()
for name in described:
    step = made(name, "invert", "channels-last")
    training |= {type(module).__name__ for module in step.model.modules() if module.training and not isinstance(module, torch.nn.Identity)}
    trained = step.results([])
    step.model.eval()
    evaluated = step.results([])
    differ.append([float((trained[key] - evaluated[key]).abs().max()) for key in ("out", "misfit", "grad emissions")])
print(json.dumps({"training": sorted(training), "differ": differ}))`);
    const none = [0, 0, 0];
    expect(result).toEqual({ training: ['LSTM'], differ: [none, none] });
  });

  test('an LSTM written out begins with zeros on the device of its input', () => {
    const result = run(`
from networks import CellLstm
lstm = CellLstm(3, {"hidden": 4, "allStates": False, "learnedInitialState": False}, True, True).to("meta")
print(json.dumps(lstm(torch.rand(1, 2, 2, 2, 3, device="meta")).device.type))`);
    expect(result).toBe('meta');
  });
});

describeWhere(python !== undefined, 'RETROPLUME_TEST_PYTHON names no interpreter', 'torch_times.py', () => {
  const script = join(__dirname, 'torch_times.py');
  const env = { ...process.env, RETROPLUME_TORCH_CPU: '1', CUDA_VISIBLE_DEVICES: '' };
  /** What a script prints that has torch_times, `jobs` to do instead of its own, and a torch that finds no GPU. */
  function times(body: string): { lines: Record<string, unknown>[]; status: number | null } {
    const head = `import sys, torch\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(__dirname)})\nimport torch_times`;
    const { stdout, stderr, status } = spawnSync(python!, ['-c', `${head}\n${body}`], { encoding: 'utf8', env });
    if (stdout === '') throw new Error(stderr);
    const lines = stdout.trim().split('\n');
    return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), status };
  }

  test('without CUDA times nothing, and says why', () => {
    const { stdout, stderr, status } = spawnSync(python!, [script, '100', 'eager'], { encoding: 'utf8', env: { ...env, RETROPLUME_TORCH_CPU: '' } });
    expect(stderr).toMatch(/^torch_times: expected a PyTorch that finds a GPU but PyTorch \S+ finds no CUDA: /);
    expect([status, stdout]).toEqual([1, '']);
  });

  test('names all jobs first: of all variants training and inversion in tf32, then the rest of tf32', () => {
    const { stdout } = spawnSync(python!, [script, '0', 'compiled-lstm', 'kernels', 'compiled', '--skip', '2'], { encoding: 'utf8', env });
    const [{ jobs }, { left_out: left }] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { jobs: string[]; left_out: string[] });
    const first = ['compact-train', 'compact-invert', 'authors-train', 'authors-invert', 'authors-train-batch-8'];
    expect(jobs.slice(0, 10)).toEqual(['compiled-lstm', 'compiled'].flatMap((variant) => first.map((name) => `${name} tf32 ${variant}`)));
    const products = jobs.map((job) => / (tf32|bf16|float32) /.exec(job)![1]);
    expect(products.filter((each, i) => each !== products[i - 1])).toEqual(['tf32', 'bf16', 'float32']);
    expect(left).toEqual(jobs.slice(2));
  });

  test('a step of a larger batch has its inputs that many times', () => {
    const { lines } = times(`
def shapes(workload, weights, inputs, rate, **options):
    raise ValueError({key: list(value.shape) for key, value in inputs.items()})
torch_times.STEPS = {step: shapes for step in torch_times.STEPS}
torch_times.torch.rand = lambda *shape: torch.empty(*shape, device="meta")
sys.argv = ["torch_times.py", "100", "graph"]
torch_times.main()`);
    const of = (name: string): unknown => lines.find((line) => line['name'] === name && line['products'] === 'tf32');
    expect(of('authors-train')).toMatchObject({ error: expect.stringContaining("'steps': [1, 24, 182, 232, 41]") as string });
    expect(of('authors-train-batch-8')).toMatchObject({ error: expect.stringContaining("'steps': [8, 24, 182, 232, 41]") as string });
  });

  test('a job that fails is a line; one that takes the context with it is the last', () => {
    const jobs = `
def fails():
    raise ValueError("not to be done")
def loses():
    torch.cuda.synchronize = fails
    fails()
torch_times.jobs_of = lambda what: [(name, "tf32", "eager", job) for name, job in (("a", fails), ("b", lambda: {"median": 1}), ("c", loses), ("d", fails))]
torch_times.GPU, torch.cuda.synchronize, torch.cuda.empty_cache = True, lambda: None, lambda: None
torch_times.about = lambda: {}
sys.argv = ["torch_times.py", "100", "eager"]
torch_times.main()`;
    const { lines, status } = times(jobs);
    expect(lines.slice(1).map(({ name, error, median }) => [name, error, median])).toEqual([
      ['a', 'ValueError: not to be done', undefined],
      ['b', undefined, 1],
      ['c', 'ValueError: not to be done', undefined],
    ]);
    expect(status).toBe(3);
  });

  test('nothing slows what is measured: PyTorch has no default device meanwhile', () => {
    const { lines } = times(`
import json
described = json.load(open(torch_times.PROGRAMS / "workloads.json"))["compact"]
described["inputs"] = {step: {key: [6 if size == 182 else 7 if size == 232 else size for size in shape] for key, shape in inputs.items()} for step, inputs in described["inputs"].items()}
def measure(run, warm_up, gpu):
    run()
    return {"median": 1, "modes": torch._C._len_torch_function_stack()}
torch_times.measure = measure
torch_times.jobs_of = lambda what: [("compact-invert", "tf32", "eager", lambda: torch_times.workload_step(described, "invert", "tf32", "eager"))]
sys.argv = ["torch_times.py", "100", "eager"]
torch_times.main()`);
    expect(lines[1]).toMatchObject({ name: 'compact-invert', modes: 0 });
  });

  test('every step and a kernel in every variant that a CPU can do', () => {
    const { lines } = times(`
import json
described = json.load(open(torch_times.PROGRAMS / "workloads.json"))["compact"]
described["inputs"] = {step: {key: [6 if size == 182 else 7 if size == 232 else size for size in shape] for key, shape in inputs.items()} for step, inputs in described["inputs"].items()}
import torch_timing
torch_timing.LONG, torch_timing.ROUNDS, torch_times.WARM_UP, torch_times.KERNEL_WARM_UP = 0, 1, 0, 0
line = "run conv2dForward batch=1 height=6 width=7 inChannels=3 outChannels=4 kernel=3"
kernels = [(kernel, "tf32", "eager", lambda k=kernel, t=text: torch_times.convolution(t, k)) for kernel in ("Forward", "BackwardInput", "BackwardWeight") for text in (line, line.replace("conv2d", "upconv2x2"))]
steps = [(step, products, variant, lambda s=step, p=products, v=variant: torch_times.workload_step(described, s, p, v)) for step in ("train", "invert", "infer") for products in ("tf32", "bf16") for variant in ("eager", "graph")]
torch_times.jobs_of = lambda what: kernels + steps
sys.argv = ["torch_times.py", "100", "eager"]
torch_times.main()`);
    expect(lines.slice(1, -1).map(({ error, how }) => error ?? how)).toEqual(Array<string>(6 + 12).fill('host'));
  });
});
