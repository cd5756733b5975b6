import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../case';
import { DataError, InterruptedError } from '../../base/errors';
import { ranksInProcess } from '../../inversion/testing/ranks-in-process';
import type { Ranks } from '../../base/process';
import { InputHashes } from './input-hashes';
import { readRecord, type StageRecord } from './record';
import { stageContext } from '../stage-context';
import { type Stage, type StageContext } from './stage';
import { runStageOnRanks } from './on-ranks';

let out: string;
beforeEach(() => (out = mkdtempSync(join(tmpdir(), 'retroplume-stage-'))));
afterEach(() => rmSync(out, { recursive: true, force: true }));

function contextOf(ranks: Ranks, signal = new AbortController().signal): StageContext {
  const inputs = new InputHashes();
  const run = {
    caseSettings: { file: join(out, 'case.yaml') } as Case,
    out,
    inputs,
    threads: 1,
    device: 'cpu',
    hardware: 'test',
    precision: 'float32',
    ranks,
    signal,
    onEvent: () => undefined,
  };
  return stageContext(run as Parameters<typeof stageContext>[0], 'train', 'default');
}

/** A stage that says on which ranks it was run, and what it knew of them. */
function stageOf(more: Partial<Stage>, ran: string[]): Stage {
  const run: Stage['run'] = ({ ranks }) => {
    ran.push(ranks ? `${ranks.rank} of ${ranks.size}` : 'alone');
    return Promise.resolve({ products: [], summary: { by: ranks?.rank ?? 0 } });
  };
  return { name: 'train', needs: [], settings: () => ({}), inputs: () => [], run, ...more };
}

const onAll = (stage: Stage, signal?: AbortSignal): Promise<PromiseSettledResult<StageRecord>[]> =>
  Promise.allSettled(ranksInProcess(3).map((ranks) => runStageOnRanks(stage, contextOf(ranks, ranks.rank === 0 ? signal : undefined))));

const record = (summary: object, more = {}): object => ({ status: 'fulfilled', value: expect.objectContaining({ summary, ...more }) as StageRecord });

it('a stage of one is made by the first, and its record is on all', async () => {
  const ran: string[] = [];
  expect(await onAll(stageOf({}, ran))).toEqual([0, 1, 2].map(() => record({ by: 0 })));
  expect(ran).toEqual(['alone']);
  expect(readRecord(join(out, 'train'))!.ranks).toBeUndefined();
});

it('a stage of all is made by all, and the first keeps the record; then it is up to date', async () => {
  const ran: string[] = [];
  const stage = stageOf({ onAllRanks: true }, ran);
  for (let again = 0; again < 2; again++) expect(await onAll(stage)).toEqual([0, 1, 2].map(() => record({ by: 0 }, { ranks: 3 })));
  expect(ran.sort()).toEqual(['0 of 3', '1 of 3', '2 of 3']);
  expect(JSON.parse(readFileSync(join(out, 'train/record.json'), 'utf8'))).toMatchObject({ ranks: 3, summary: { by: 0 } });
});

it('who waits is interrupted with the first', async () => {
  const controller = new AbortController();
  const run = (): Promise<never> => {
    controller.abort();
    return Promise.reject(new InterruptedError('INTERRUPTED', 'train: stopped'));
  };
  const interrupted = { status: 'rejected', reason: new InterruptedError('INTERRUPTED', 'train: stopped') };
  expect(await onAll(stageOf({ run }, []), controller.signal)).toEqual([interrupted, interrupted, interrupted]);
});

it('a failure of the first is its own: the others wait to be ended', async () => {
  const [first, ...others] = ranksInProcess(2).map((ranks) =>
    runStageOnRanks(stageOf({ run: () => Promise.reject(new DataError('DATA', 'spoiled')) }, []), contextOf(ranks)),
  );
  await expect(first).rejects.toThrow(DataError);
  const waiting = Promise.race([others[0], new Promise((resolve) => setTimeout(() => resolve('waits'), 20))]);
  expect(await waiting).toBe('waits');
});
