import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../case';
import { InputHashes } from './input-hashes';
import { checkAsideOurs } from './stage-folder';
import { readRecord } from './record';
import { runStage } from './run-stage';
import { type Stage, type StageEvent } from './stage';
import { stageContext } from '../stage-context';

let out: string;
let rate: number;
let events: StageEvent[];
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'retroplume-last-'));
  [rate, events] = [1, []];
});
afterEach(() => rmSync(out, { recursive: true }));

/** A training that writes the rate that it had. */
const train: Stage = {
  name: 'train',
  needs: [],
  keepsLast: true,
  settings: () => ({ rate }),
  inputs: () => [],
  run: ({ dir }) => {
    writeFileSync(join(dir, 'weights'), `rate ${rate}`);
    return Promise.resolve({ products: ['weights'], summary: rate });
  },
};

const failing: Stage = {
  ...train,
  run: ({ dir }) => {
    writeFileSync(join(dir, 'checkpoint'), 'half');
    return Promise.reject(new Error('killed'));
  },
};

function run(stage: Stage, at: number): ReturnType<typeof runStage> {
  rate = at;
  const context = {
    caseSettings: { file: join(out, 'case.yaml') } as Case,
    out,
    threads: 1,
    device: 'cpu' as const,
    hardware: 'avx2',
    precision: 'float32' as const,
  };
  const rest = { inputs: new InputHashes(), onEvent: (event: StageEvent) => events.push(event), signal: new AbortController().signal };
  return runStage(stage, stageContext({ ...context, ...rest }, 'train', 'default'));
}

const weights = (folder = 'train'): string => readFileSync(join(out, folder, 'weights'), 'utf8');
const logs = (): string[] => events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));

describe('a stage that takes hours', () => {
  it('keeps what it had finished while it is made with other settings, and no longer', async () => {
    await run(train, 1);
    await expect(run(failing, 2)).rejects.toThrow('killed');
    expect([readRecord(join(out, 'train')), weights('train.last')]).toEqual([undefined, 'rate 1']);
    expect(logs()[1]).toMatch(/^what it had finished is kept in .*train\.last until then/);
    await run(train, 2);
    expect([readdirSync(out), weights()]).toEqual([['train'], 'rate 2']);
  });

  it('is there again with its former settings, without what was begun since', async () => {
    const first = await run(train, 1);
    await expect(run(failing, 2)).rejects.toThrow('killed');
    // What fails before anything was finished with other settings again leaves the first where it lies.
    await expect(run(failing, 3)).rejects.toThrow('killed');
    events = [];
    expect(await run(train, 1)).toEqual(first);
    expect([readdirSync(out), readdirSync(join(out, 'train')).sort(), weights()]).toEqual([['train'], ['record.json', 'weights'], 'rate 1']);
    expect(events.map(({ kind }) => kind)).toEqual(['log', 'stage-skipped']);
  });

  it('is made anew where what lies aside is damaged or its own is the one', async () => {
    await run(train, 1);
    await expect(run(failing, 2)).rejects.toThrow('killed');
    truncateSync(join(out, 'train.last/weights'), 2);
    await run(train, 1);
    expect([readdirSync(out), weights()]).toEqual([['train'], 'rate 1']);
    // A kill between the record and the removal.
    mkdirSync(join(out, 'train.last'));
    await run(train, 1);
    expect(readdirSync(out)).toEqual(['train']);
  });

  it('sets nothing aside that is damaged, nor where its folder is kept, nor without being asked', async () => {
    await run(train, 1);
    truncateSync(join(out, 'train/weights'), 2);
    await expect(run(failing, 2)).rejects.toThrow('killed');
    expect(existsSync(join(out, 'train.last'))).toBe(false);
    const costly = { expensiveSettings: (): number => 1 };
    await run({ ...train, ...costly }, 3);
    await expect(run({ ...failing, ...costly }, 4)).rejects.toThrow('killed');
    expect([readdirSync(out), weights()]).toEqual([['train'], 'rate 3']);
    await run({ ...train, keepsLast: undefined }, 5);
    await expect(run({ ...failing, keepsLast: undefined }, 6)).rejects.toThrow('killed');
    expect([readdirSync(out), readdirSync(join(out, 'train')).sort()]).toEqual([['train'], ['checkpoint', 'partial.json']]);
  });

  it('is known as ours where a kill comes while it is removed', async () => {
    const system = jest.requireActual<typeof import('node:fs')>('node:fs');
    const { rmSync: remove } = system;
    await run(train, 1);
    await expect(run(failing, 2)).rejects.toThrow('killed');
    // Of a folder the first file by its name but for `left`, as Node removes one.
    const killed = (left: string): jest.SpyInstance =>
      jest.spyOn(system, 'rmSync').mockImplementation((path, options) => {
        if (!String(path).startsWith(out) || !existsSync(path) || !statSync(path).isDirectory()) return remove(path, options);
        for (const name of readdirSync(path)) if (name !== left) remove(join(String(path), name));
        throw new Error('killed');
      });
    const whileRemoved = async (left: string, rate: number): Promise<void> => {
      const kill = killed(left);
      await run(train, rate).catch(() => undefined);
      kill.mockRestore();
    };
    // What was begun since, in place of which the first is taken back; then the first itself, once another one is finished.
    await whileRemoved('checkpoint', 1);
    await run(train, 1);
    await expect(run(failing, 2)).rejects.toThrow('killed');
    await whileRemoved('weights', 2);
    await run(train, 2);
    expect([readdirSync(out), weights()]).toEqual([['train'], 'rate 2']);
  });

  it('removes no folder of another', async () => {
    await run(train, 1);
    mkdirSync(join(out, 'train.last'));
    writeFileSync(join(out, 'train.last/mine'), '');
    await expect(run(failing, 2)).rejects.toMatchObject({ code: 'FOLDER_NOT_OURS' });
    expect([weights(), readdirSync(join(out, 'train.last'))]).toEqual(['rate 1', ['mine']]);
    expect(() => checkAsideOurs(join(out, 'train'))).toThrow(expect.objectContaining({ code: 'FOLDER_NOT_OURS' }) as Error);
    expect(() => checkAsideOurs(join(out, 'invert'))).not.toThrow();
  });
});
