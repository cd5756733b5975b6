/** Inputs that change while a run is at work: stages that are refused, and what becomes of what they had made. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../case';
import { InputHashes } from './input-hashes';
import { readRecord, type StageRecord } from './record';
import { runStage } from './run-stage';
import { type PartContent, type RunContext, type Stage, type StageEvent, type StageName } from './stage';
import { stageContext } from '../stage-context';

let out: string;
let input: string;
let inputs: InputHashes;
let events: StageEvent[];
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'changed-inputs-'));
  input = join(out, 'input.csv');
  writeFileSync(input, 'a');
  [inputs, events] = [new InputHashes(), []];
});
afterEach(() => rmSync(out, { recursive: true }));

/** A stage that reads the input and writes one file. */
function stage(name: StageName, needs: StageName[], run?: Stage['run']): Stage {
  const writes: Stage['run'] = ({ dir }) => {
    writeFileSync(join(dir, 'product'), 'whole');
    return Promise.resolve({ products: ['product'], summary: {} });
  };
  return { name, needs, settings: () => ({}), inputs: () => [input], run: run ?? writes };
}

function run(each: Stage): Promise<StageRecord> {
  const device = { device: 'cpu', hardware: 'avx2', precision: 'float32', threads: 1 } as const;
  const onEvent = (event: StageEvent): void => void events.push(event);
  const signal = new AbortController().signal;
  const context: RunContext = { caseSettings: { file: join(out, 'case.yaml') } as Case, out, inputs, onEvent, signal, ...device };
  return runStage(each, stageContext(context, each.name, 'default'));
}

it('a stage is refused when an input changes while it runs, or between it and the one before', async () => {
  const changes: Stage['run'] = ({ dir }) => {
    writeFileSync(join(dir, 'product'), '');
    writeFileSync(input, 'b');
    return Promise.resolve({ products: ['product'], summary: {} });
  };
  const refused = expect.objectContaining({ code: 'INPUT_CHANGED', exitCode: 3, message: expect.stringContaining(input) as string }) as Error;
  await expect(run(stage('simulate', [], changes))).rejects.toThrow(refused);
  expect(readRecord(join(out, 'simulate'))).toBeUndefined();

  writeFileSync(input, 'a');
  await run(stage('simulate', []));
  writeFileSync(input, 'c');
  await expect(run(stage('prepare', ['simulate']))).rejects.toThrow(refused);
  inputs = new InputHashes(); // another run takes it as it is
  await run(stage('simulate', []));
  await run(stage('prepare', ['simulate']));
  expect(readRecord(join(out, 'prepare'))!.inputs[0].bytes).toBe(1);
});

it('a stage is made anew after an input changed while it ran, also where that is put back as it was', async () => {
  const before = readFileSync(input);
  const product = (name: string): string => join(out, 'simulate', name);
  const names = ['a', 'b'];
  const parts = (): PartContent[] => names.map((name) => ({ name, settings: name, inputs: [input], product: name, entries: [name] }));
  const make = (change: () => void): Stage => ({
    ...stage('simulate', [], ({ dir }) => {
      for (const name of names) if (!existsSync(join(dir, name))) writeFileSync(join(dir, name), readFileSync(input));
      change();
      return Promise.resolve({ products: names, summary: {} });
    }),
    parts,
  });
  const spoil = (): void => writeFileSync(input, 'b');
  names.pop();
  await run(make(() => undefined));
  names.push('b');
  const old = new Date(1e12);
  utimesSync(product('a'), old, old);
  await expect(run(make(spoil))).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
  writeFileSync(product('b'), 'made of what it was changed to');
  writeFileSync(input, before);
  await run(make(() => undefined));
  expect(readFileSync(product('b'))).toEqual(before);
  expect(statSync(product('a')).mtimeMs).toBe(1e12); // made before
  expect(events.flatMap((event) => (event.kind === 'log' ? [event.text] : [])).at(-1)).toContain(`the contents of ${input}`);
});

it('a stage is refused when an input that only one before it has named changes, if it reads that again', async () => {
  await run(stage('invert', []));
  writeFileSync(input, 'b');
  const verify: Stage = { ...stage('verify', ['invert']), inputs: () => [], readsAgain: true };
  await expect(run(verify)).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
  expect(readRecord(join(out, 'verify'))).toBeUndefined();
  const learns = { ...stage('train', ['invert']), inputs: () => [] };
  await run(learns);
  expect(readRecord(join(out, 'train'))).toBeDefined();
});
