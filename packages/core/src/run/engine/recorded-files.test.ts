import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../case';
import { certificateHash } from '../transport-runs/output-hashes';
import { InputHashes } from './input-hashes';
import { readRecord } from './record';
import { runStage } from './run-stage';
import { type Stage, type StageEvent } from './stage';
import { stageContext } from '../stage-context';
import { isStageUpToDate } from './stage-keys';

let out: string;
let runs: number;
let told: string[];
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'retroplume-beside-'));
  [runs, told] = [0, []];
});
afterEach(() => rmSync(out, { recursive: true }));

const file = (): string => join(out, 'certify-runs/SO2-x0.8/ACONC_winter.nc');

/** Makes what is not there, and says whether it had to. */
const stage: Stage = {
  name: 'certify',
  needs: [],
  settings: () => ({}),
  inputs: () => [],
  run: () => {
    runs++;
    mkdirSync(join(out, 'certify-runs/SO2-x0.8'), { recursive: true });
    if (!existsSync(file())) writeFileSync(file(), 'made');
    return Promise.resolve({ products: [], summary: { pairs: [runs] }, externalFiles: [file()] });
  },
};

const context = (): ReturnType<typeof stageContext> =>
  stageContext(
    {
      caseSettings: { file: join(out, 'case.yaml') } as Case,
      out,
      threads: 1,
      device: 'cpu',
      hardware: 'avx2',
      precision: 'float32',
      inputs: new InputHashes(),
      onEvent: (event: StageEvent) => event.kind === 'log' && told.push(event.text),
      signal: new AbortController().signal,
    },
    'certify',
    'default',
  );

it.each<[string, () => void, RegExp]>([
  ['gone', (): void => rmSync(file()), /ACONC_winter\.nc is not there any more: certify is run again$/],
  ['of another size', (): void => writeFileSync(file(), 'longer'), /has 6 bytes instead of 4/],
  ['another one', (): void => (writeFileSync(file(), 'else'), utimesSync(file(), 1, 1)), /is another one than it was/],
])('a stage is run again where a file of the run that it was made from is %s', async (_what, change, sentence) => {
  await runStage(stage, context());
  expect(Object.keys(readRecord(join(out, 'certify'))!.externalFiles!)).toEqual(['../certify-runs/SO2-x0.8/ACONC_winter.nc']);
  expect(await isStageUpToDate(stage, context())).toBe(true);
  change();
  expect(await isStageUpToDate(stage, context())).toBe(false);
  await runStage(stage, context());
  expect([runs, told]).toEqual([2, [expect.stringMatching(sentence)]]);
  await runStage(stage, context());
  expect(runs).toBe(2);
});

it('one that was copied, and so has another time, is what it was', async () => {
  await runStage(stage, context());
  utimesSync(file(), 1, 1);
  await runStage(stage, context());
  expect(runs).toBe(1);
});

it('what such a stage found is told apart by those that read it', async () => {
  const dir = join(out, 'certify');
  expect(certificateHash(dir)).toBeUndefined();
  await runStage(stage, context());
  const first = certificateHash(dir);
  rmSync(file());
  await runStage(stage, context());
  expect(certificateHash(dir)).not.toBe(first);
  expect(certificateHash(dir, () => 'the same')).toBe(certificateHash(dir, () => 'the same'));
});
