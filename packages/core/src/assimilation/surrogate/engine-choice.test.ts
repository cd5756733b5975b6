import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError, DeviceError } from '../../base/errors';
import type { AdjointEngine, SourceGradients } from '../../surrogate/model/frozen-program';
import { chooseEngine, type EngineOptions } from './engine-choice';

const folder = mkdtempSync(join(tmpdir(), 'retroplume-engine-'));
const memory = join(folder, 'engine.json');
afterEach(() => rmSync(memory, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

/** An engine that takes its time, and counts. */
class Sleeper implements AdjointEngine {
  readonly sizes = { batch: 1 };
  runs = 0;
  disposed = false;

  constructor(private readonly milliseconds: number) {}

  async forward(): Promise<Float32Array> {
    this.runs++;
    await sleep(this.milliseconds);
    return new Float32Array(1);
  }

  async adjoint(): Promise<SourceGradients> {
    return { emissions: await this.forward(), tracers: none, previous: none };
  }

  dispose(): void {
    this.disposed = true;
  }
}

const none = new Float32Array();

function choose(asked: EngineOptions['asked'], over: Partial<EngineOptions> = {}): ReturnType<typeof chooseEngine> & { log: string[] } {
  const log: string[] = [];
  const options = {
    asked,
    memory,
    log: (text: string) => void log.push(text),
    native: () => new Sleeper(2),
    onnx: () => Promise.resolve(new Sleeper(2)),
    inputs: () => ({ emissions: none, tracers: none, meteorology: none, geography: none, previous: none }),
    ...over,
  };
  return Object.assign(chooseEngine(options), { log });
}

test.each(['native', 'onnx'] as const)('%s is taken where it is asked for, untimed, and the other is not made', async (name) => {
  const engine = new Sleeper(1);
  const refuse = (): never => {
    throw new Error('made in vain');
  };
  const makers = name === 'native' ? { native: () => engine, onnx: refuse } : { native: refuse, onnx: () => Promise.resolve(engine) };
  const chosen = choose(name, makers);
  expect(await chosen).toEqual({ engine, choice: { asked: name, used: name } });
  expect([engine.runs, chosen.log, existsSync(memory)]).toEqual([0, [], false]);
});

test.each([
  ['native', 2, 40],
  ['onnx', 40, 2],
] as const)('auto takes the faster one, %s, says so and lets the other go', async (used, nativeTime, onnxTime) => {
  const engines = { native: new Sleeper(nativeTime), onnx: new Sleeper(onnxTime) };
  const chosen = choose('auto', { native: () => engines.native, onnx: () => Promise.resolve(engines.onnx) });
  const { engine, choice } = await chosen;
  expect(engine).toBe(engines[used]);
  expect(choice).toEqual({ asked: 'auto', used, seconds: { native: expect.any(Number) as number, onnx: expect.any(Number) as number } });
  expect([engines.native.runs, engines.onnx.runs]).toEqual([8, 8]); // forward and adjoint, once for warming up and three times by turns
  expect(engines[used].disposed).toBe(false);
  expect(engines[used === 'native' ? 'onnx' : 'native'].disposed).toBe(true);
  expect(chosen.log).toEqual([
    expect.stringMatching(
      new RegExp(`^engine auto: ${used} is taken: for forward and adjoint of a batch native takes [\\d.]+ s, onnx takes [\\d.]+ s$`),
    ),
  ]);
});

test('auto goes on with what it chose before an interruption, untimed', async () => {
  const first = await choose('auto', { native: () => new Sleeper(40) });
  expect(first.choice.used).toBe('onnx');
  const engine = new Sleeper(40);
  const resumed = await choose('auto', { onnx: () => Promise.resolve(engine) });
  expect(resumed).toEqual({ engine, choice: first.choice });
  expect(JSON.parse(readFileSync(memory, 'utf8'))).toEqual(first.choice);
  expect(engine.runs).toBe(0);
});

test('auto does not guess what it chose before an interruption', async () => {
  writeFileSync(memory, '{"asked":"auto","us');
  await expect(choose('auto')).rejects.toMatchObject({ code: 'JSON_UNREADABLE', message: expect.stringContaining(memory) as string });
});

test('auto takes native where ONNX Runtime does not load, and says so', async () => {
  const missing = new DeviceError('ONNX_RUNTIME_MISSING', 'ONNX Runtime does not load');
  const chosen = choose('auto', { onnx: () => Promise.reject(missing) });
  expect((await chosen).choice).toEqual({ asked: 'auto', used: 'native', reason: 'ONNX Runtime does not load' });
  expect(chosen.log).toEqual(['engine auto: native is taken: ONNX Runtime does not load']);
  rmSync(memory);
  const damaged = new DataError('ONNX_UNREADABLE', 'surrogate.onnx: cut short');
  await expect(choose('auto', { onnx: () => Promise.reject(damaged) })).rejects.toBe(damaged);
});
