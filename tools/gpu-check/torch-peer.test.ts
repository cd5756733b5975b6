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
