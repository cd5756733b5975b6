import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describeWhere } from '../../test/testing/describe-where';
import { python, statesOf, useSandbox, type Part } from './testing/sandbox';
import { bench, gpu, noTorch, sanitizer, torchOf, virtualTorch } from './testing/stand-ins';

describeWhere(Boolean(python), 'no Python, which gpu-check is written in', 'gpu-check and its peer', () => {
  const { path, program, check } = useSandbox();

  test('PyTorch that is late is a result: what it measured stands in the table', () => {
    program('nvidia-smi', gpu);
    program('bench', bench());
    program('compute-sanitizer', sanitizer());
    const timing = '"median": 4e-3, "p10": 3e-3, "p90": 5e-3';
    const slow = `import sys, time
if "eager" not in sys.argv:
    ${noTorch}
print('{"name": "compact-train", "products": "tf32", "variant": "eager", ${timing}}', flush=True)
time.sleep(300)`;
    const result = check('0.5', slow);
    expect(statesOf(result)).toMatchObject({ 'pytorch eager': 'late', 'pytorch compiled': 'failed' });
    expect(result.table).toContain('| compact-train | tf32 | 2 (1–3) | 4 (3–5) | eager | 2.00 |');
    expect(result.status).toBe(0);
  });

  describe('PyTorch', () => {
    const ofGraph = (torch: string): Part => {
      program('nvidia-smi', gpu);
      program('bench', bench());
      return check('9', torch).parts['pytorch graph'];
    };

    test('that loses its context is started again behind the job that it lost it in', () => {
      const lost = 'tell("b", error="CUDA error: an illegal memory access"); sys.exit(3)';
      const part = ofGraph(torchOf('times("a")', lost, 'times("c")'));
      expect(part).toMatchObject({ state: 'ok', starts: 2, about: { torch: '2.99' }, left_out: [] });
      expect((part['times'] as { name: string }[]).map(({ name }) => name)).toEqual(['a', 'c']);
      expect(part['cannot']).toMatchObject([{ name: 'b', error: 'CUDA error: an illegal memory access' }]);
    });

    test('that crashes is, too, and the job is named', () => {
      const part = ofGraph(torchOf('times("a")', 'os.kill(os.getpid(), 11)', 'times("c")'));
      expect(part).toMatchObject({
        state: 'ok',
        starts: 2,
        times: [{ name: 'a' }, { name: 'c' }],
        cannot: [{ name: 'b tf32 graph', error: 'signal 11' }],
      });
    });

    test('that does not begin a second time has failed', () => {
      const part = ofGraph(
        `import sys\nif "0" != sys.argv[-1]: sys.exit("no CUDA")\n${torchOf('times("a")', 'tell("b", error="CUDA error"); sys.exit(3)', 'pass')}`,
      );
      expect(part).toMatchObject({
        state: 'failed',
        starts: 2,
        error: 'no CUDA',
        times: [{ name: 'a' }],
        cannot: [{ name: 'b' }],
        left_out: ['c tf32 graph'],
      });
    });

    test('beside it the table has kernels that both timed in a graph', () => {
      program('nvidia-smi', gpu);
      const ours = `if mode == "time" and file == "op-compact-conv1x1-2x182x232-64-4.txt":
    each = [{"op": op, "seconds": {"median": 2e-6, "p10": 2e-6, "p90": 2e-6}} for op in ("conv2dForward", "conv2dBackwardInput")]
    print(json.dumps({"program": file, "products": product, "step": {"median": 2e-3, "p10": 1e-3, "p90": 3e-3}, "kernels": each}), flush=True)
    continue`;
      program('bench', bench(ours));
      const name = (op: string): string => `"op-compact-conv1x1-2x182x232-64-4 ${op}"`;
      const times = 'median=5e-6, p10=5e-6, p90=5e-6';
      const { table } = check(
        '9',
        torchOf(`tell(${name('conv2dForward')}, how="graph", ${times})`, `tell(${name('conv2dBackwardInput')}, how="events", ${times})`, 'pass'),
      );
      expect(table).toContain('| op-compact-conv1x1-2x182x232-64-4 conv2dForward | tf32 | 2 | 5 | 2.50 |');
      expect(table).not.toContain('conv2dBackwardInput');
    });

    test('that is late tells what it left out', () => {
      program('nvidia-smi', gpu);
      program('bench', bench());
      const part = check('0.1', torchOf('times("a")', 'import time; time.sleep(300)', 'pass')).parts['pytorch eager'];
      expect(part).toMatchObject({ state: 'late', times: [{ name: 'a' }], left_out: ['b tf32 graph', 'c tf32 graph'] });
    });
  });

  describe('the time of a kernel of PyTorch', () => {
    const timesOf = (torch: string): Record<string, unknown> => {
      mkdirSync(path('modules'));
      writeFileSync(path('modules', 'torch.py'), torch);
      const script = `import json, sys, torch\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(__dirname)})
from torch_timing import measure, measure_graph
print(json.dumps({"graph": measure_graph(torch.launch, 0.01, 50), "events": measure(torch.launch, 0.01, True), "default": torch.cuda.current is torch.cuda.default}))`;
      const { stdout, stderr } = spawnSync(python, ['-c', script], { encoding: 'utf8', env: { PYTHONPATH: path('modules') } });
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const about = (seconds: number): unknown => expect.closeTo(1e6 * seconds, 2) as unknown;
    const micro = (timing: unknown): number => 1e6 * (timing as { median: number }).median;

    test('is that of many in one graph: the start of the first alone is the host’s', () => {
      const { graph, events } = timesOf(virtualTorch());
      expect(graph).toMatchObject({ how: 'graph', runs: 40 });
      expect(micro(graph)).toEqual(about(5e-6 + 10e-6 / 40));
      expect(events).toMatchObject({ how: 'events' });
      expect(micro(events)).toEqual(about(25e-6));
    });

    test('is told as one from event to event where it cannot be captured', () => {
      const { graph, default: back } = timesOf(virtualTorch('raise RuntimeError("operation not permitted")'));
      expect(graph).toMatchObject({ how: 'events', why: 'RuntimeError: operation not permitted' });
      expect(micro(graph)).toEqual(about(25e-6));
      expect(back).toBe(true);
    });
  });
});
