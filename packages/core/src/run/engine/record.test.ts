import fs, { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../files/testing/shared-data';
import { canonicalJson, hashText } from '../../files/json';
import {
  beginStage,
  checkOurs,
  expectUnchanged,
  finishStage,
  isBegun,
  isUpToDate,
  keeps,
  keepsSome,
  lastMade,
  productSums,
  readRecord,
  type StageMark,
  type StagePart,
} from './record';
import { stageRecord } from '../testing/stage-record';

const folder = temporaryFolder();
let dir: string;
beforeEach(() => {
  dir = join(folder.path, 'train');
});

it('equal settings give equal text, whatever the order of their keys; lists keep theirs', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: undefined, e: null })).toBe(canonicalJson({ e: null, b: [1, { c: 2, d: 1 }] }));
  expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }));
  expect(hashText('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'); // FIPS 180-2, appendix B.1
});

describe('a stage is up to date', () => {
  it('only with a record of the same key and all of its products', () => {
    expect(isUpToDate(dir, 'k')).toBe(false);
    beginStage(dir, { key: 'k' });
    writeFileSync(join(dir, 'weights'), 'weights');
    expect(isUpToDate(dir, 'k')).toBe(false);
    finishStage(dir, stageRecord('k', ['weights']));
    expect(isUpToDate(dir, 'k')).toBe(true);
    expect(isUpToDate(dir, 'other')).toBe(false);
    expect(readRecord(dir)).toEqual(stageRecord('k', ['weights']));
    rmSync(join(dir, 'weights'));
    expect(isUpToDate(dir, 'k')).toBe(false);
  });

  it('not with a record that cannot be read', () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'record.json'), '{"key": "k", "prod');
    expect(readRecord(dir)).toBeUndefined();
    expect(isUpToDate(dir, 'k')).toBe(false);
  });

  it.each(['null', '[]', '{}', '{"key": "k", "products": []}'])('not with a record that is %s', (text) => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'record.json'), text);
    expect(readRecord(dir)).toBeUndefined();
    expect(isUpToDate(dir, 'k')).toBe(false);
    beginStage(dir, { key: 'k' });
    expect(isBegun(dir, 'k')).toBe(true);
  });

  it('only while each product has the size that was recorded, where one was', () => {
    beginStage(dir, { key: 'k' });
    writeFileSync(join(dir, 'weights'), 'whole');
    finishStage(dir, { ...stageRecord('k', ['weights']), bytes: { weights: 5 } });
    expect(isUpToDate(dir, 'k')).toBe(true);
    writeFileSync(join(dir, 'weights'), 'who');
    expect(isUpToDate(dir, 'k')).toBe(false);
  });

  it('not while it is made again, even after a kill between the record and the removal of the mark', () => {
    beginStage(dir, { key: 'k' });
    finishStage(dir, stageRecord('k', []));
    writeFileSync(join(dir, 'partial.json'), '{"key":"k"}');
    beginStage(dir, { key: 'k' });
    expect(isUpToDate(dir, 'k')).toBe(false);
  });
});

describe('after a kill while a stage is begun with another key', () => {
  const parts = { a: { key: '1', entries: ['a/result', 'a/log'] } };
  const paths = ['a/result', 'a/log', 'b/log', 'b/result', 'sum'];
  const begin = (): unknown => beginStage(dir, { key: 'k2', parts });

  /** @returns whether it came to that: fewer removals may be all */
  function killedAfter(removals: number): boolean {
    let left = removals;
    const { rmSync: remove } = jest.requireActual<typeof fs>('node:fs');
    jest.spyOn(fs, 'rmSync').mockImplementation((...args) => {
      if (left-- === 0) throw new Error('killed');
      remove(...args);
    });
    try {
      begin();
      return false;
    } catch {
      return true;
    } finally {
      jest.restoreAllMocks();
    }
  }

  beforeEach(() => {
    beginStage(dir, { key: 'k', parts });
    for (const path of paths) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), path);
    }
  });
  const finish = (bytes: number): void => finishStage(dir, { ...stageRecord('k', ['a/result']), bytes: { 'a/result': bytes }, parts });

  it.each([0, 1, 2, 3])('it is not up to date unless all of its files are there (%i removals)', (removals) => {
    finish('a/result'.length);
    expect(killedAfter(removals)).toBe(true);
    expect(isUpToDate(dir, 'k')).toBe(removals === 0);
    expect(paths.every((path) => existsSync(join(dir, path)))).toBe(removals < 2);
  });

  it.each([0, 1, 2, 3, 4])('what is damaged goes all the same (%i removals)', (removals) => {
    finish('a/result'.length + 1);
    expect(killedAfter(removals)).toBe(true);
    begin();
    expect(existsSync(join(dir, 'a/result'))).toBe(false);
    expect(existsSync(join(dir, 'a/log'))).toBe(true);
  });
});

describe('what an interrupted stage left', () => {
  const leave = (key: string): void => {
    beginStage(dir, { key });
    writeFileSync(join(dir, 'checkpoint'), '');
  };

  it('is kept for the same key', () => {
    leave('k');
    beginStage(dir, { key: 'k' });
    expect(existsSync(join(dir, 'checkpoint'))).toBe(true);
  });

  it('is removed for another one', () => {
    leave('k');
    beginStage(dir, { key: 'other' });
    expect(readdirSync(dir)).toEqual(['partial.json']);
    beginStage(dir, { key: 'k' });
    expect(existsSync(join(dir, 'checkpoint'))).toBe(false);
  });

  it('is removed where its mark is cut short', () => {
    leave('k');
    writeFileSync(join(dir, 'partial.json'), '{"key":');
    expect(isBegun(dir, 'k')).toBe(false);
    beginStage(dir, { key: 'k' });
    expect(readdirSync(dir)).toEqual(['partial.json']);
  });

  it('is removed once the stage had ended: its products are of another key', () => {
    leave('k');
    finishStage(dir, stageRecord('k', ['checkpoint']));
    expect(readdirSync(dir).sort()).toEqual(['checkpoint', 'record.json']);
    beginStage(dir, { key: 'k2' });
    expect(readdirSync(dir)).toEqual(['partial.json']);
  });
});

describe('parts of a stage', () => {
  const part = (key: string, name: string): StagePart => ({ key, entries: [`${name}/result`, `${name}/log`], outlivesCase: true });
  const PARTS = { a: part('1', 'a'), b: part('1', 'b'), c: part('1', 'c') };
  const make = (...paths: string[]): void =>
    paths.forEach((path) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), path);
    });
  const files = (): string[] =>
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.includes('/'))
      .sort();

  beforeEach(() => {
    beginStage(dir, { key: 'k', parts: PARTS });
    make('a/result', 'a/log', 'a/other', 'b/result', 'c/result', 'sum', 'd/result');
  });

  it('stay with their keys, finished or not; what is of none goes, and with the same key nothing', () => {
    beginStage(dir, { key: 'k', parts: PARTS });
    expect(files()).toHaveLength(6);
    finishStage(dir, { ...stageRecord('k', ['sum']), parts: PARTS });
    const mark = { key: 'k2', parts: { ...PARTS, b: part('2', 'b') } };
    expect(files().filter(keeps(dir, { ...stageRecord('', []), ...mark }))).toEqual(['a/log', 'a/result', 'c/result']);
    beginStage(dir, mark);
    expect(files()).toEqual(['a/log', 'a/result', 'c/result']);
    expect(existsSync(join(dir, 'sum'))).toBe(false);
  });

  it('are kept while a mark is without them, and are there for one that has them again, but not with another key', () => {
    const begun = beginStage(dir, { key: 'k2', parts: { a: PARTS.a } });
    expect(begun.parts).toEqual(PARTS);
    finishStage(dir, { ...stageRecord('k2', []), ...begun });
    beginStage(dir, { key: 'k3', parts: { b: PARTS.b, c: part('2', 'c') } });
    expect(files()).toEqual(['a/log', 'a/result', 'b/result']);
  });

  it('go with a mark that has them no more, where they do not outlive that', () => {
    const own = { key: '1', entries: ['a/result'] };
    beginStage(dir, { key: 'k2', parts: { a: own, b: PARTS.b } });
    make('a/result', 'b/result');
    beginStage(dir, { key: 'k3', parts: {} });
    expect(files()).toEqual(['b/result', 'c/result']);
  });

  it('are not kept for one in whose place another part writes', () => {
    beginStage(dir, { key: 'k2', parts: { z: { key: '1', entries: ['a/result'] } } });
    expect(files()).toEqual(['b/result', 'c/result']);
  });

  it('are still known after a kill while the rest is removed', () => {
    writeFileSync(join(dir, 'partial.json'), JSON.stringify({ parts: { a: PARTS.a } }));
    beginStage(dir, { key: 'k', parts: PARTS });
    expect(files()).toEqual(['a/log', 'a/result']);
  });

  it('with another key are kept where they are trusted, as long as they are made, and with the old one again unasked', () => {
    const trusted = (key: string, name: string): StagePart => ({ ...part(key, name), essence: 'e', product: `${name}/result` });
    const [old, other] = ['1', '2'].map((key) => ({ a: trusted(key, 'a'), b: trusted(key, 'b') }));
    beginStage(dir, { key: 'k', parts: old });
    rmSync(join(dir, 'a/result'));
    expect(beginStage(dir, { key: 'k2', parts: other, trusted: true }).parts).toEqual({ a: other.a, b: { ...other.b, madeWith: '1' }, c: PARTS.c });
    expect(files()).toEqual(['b/result', 'c/result']);
    expect(beginStage(dir, { key: 'k3', parts: old }).parts).toEqual({ ...old, c: PARTS.c });
    expect(files()).toEqual(['b/result', 'c/result']);
  });

  it('that were trusted are so no more once they have to be made again', () => {
    const trusted = (key: string): StagePart => ({ ...part(key, 'b'), essence: 'e', product: 'b/result' });
    beginStage(dir, { key: 'k', parts: { b: trusted('1') } });
    beginStage(dir, { key: 'k2', parts: { b: trusted('2') }, trusted: true });
    expect(beginStage(dir, { key: 'k2', parts: { b: trusted('2') } }).parts.b).toEqual({ ...trusted('2'), madeWith: '1' });
    rmSync(join(dir, 'b/result'));
    expect(beginStage(dir, { key: 'k2', parts: { b: trusted('2') } }).parts.b).toEqual(trusted('2'));
  });

  it('with another key are not kept without a word, nor where nothing tells what they have in common', () => {
    const left = { ...part('1', 'b'), essence: 'e', product: 'b/result' };
    const [now, untold] = [
      { ...left, key: '2' },
      { ...left, key: '2', essence: undefined },
    ];
    const begun = (own: StagePart, trusted: boolean, before: StagePart): StagePart => {
      beginStage(dir, { key: 'k', parts: { b: before } });
      make('b/result');
      return beginStage(dir, { key: 'k2', parts: { b: own }, ...(trusted ? { trusted } : {}) }).parts.b;
    };
    expect(begun(now, true, left)).toEqual({ ...now, madeWith: '1' });
    expect(begun(now, false, left)).toEqual(now);
    expect(existsSync(join(dir, 'b/result'))).toBe(false);
    expect(begun(untold, true, { ...left, essence: undefined })).toEqual(untold);
    expect(begun(now, true, { ...left, essence: 'another' })).toEqual(now);
  });

  it('are still those of their first key after a second word', () => {
    const trusted = (key: string): StagePart => ({ ...part(key, 'b'), essence: 'e', product: 'b/result' });
    for (const key of ['1', '2', '3']) {
      beginStage(dir, { key: `k${key}`, parts: { b: trusted(key) }, trusted: true });
      make('b/result');
    }
    expect(lastMade(dir)!.parts!['b'].madeWith).toBe('1');
    expect(beginStage(dir, { key: 'k4', parts: { b: trusted('1') } }).parts.b).toEqual(trusted('1'));
  });

  it('are something that is kept only where they have left something', () => {
    const mark = (key: string, parts: Record<string, StagePart>): StageMark => ({ ...stageRecord(key, []), parts });
    expect(keepsSome(dir, mark('k2', { a: PARTS.a }))).toBe(true);
    expect(keepsSome(dir, mark('k2', {}))).toBe(true); // those that outlive a case without them
    rmSync(join(dir, 'a'), { recursive: true });
    for (const name of ['b', 'c']) rmSync(join(dir, name), { recursive: true });
    expect(keepsSome(dir, mark('k2', PARTS))).toBe(false);
    expect(keepsSome(dir, mark('k', PARTS))).toBe(true);
    expect(['sum', 'anything'].map(keeps(dir, mark('k', PARTS)))).toEqual([true, true]);
  });

  it('are removed by a stage that has none', () => {
    beginStage(dir, { key: 'k2' });
    expect(readdirSync(dir)).toEqual(['partial.json']);
  });
});

describe('a folder that no stage has made', () => {
  const refused = expect.objectContaining({
    code: 'FOLDER_NOT_OURS',
    exitCode: 2,
    message: expect.stringContaining('train: expected a folder') as string,
  }) as Error;

  it('is refused, and what is in it stays', () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'thesis.txt'), 'precious');
    expect(() => beginStage(dir, { key: 'k' })).toThrow(refused);
    expect(readdirSync(dir)).toEqual(['thesis.txt']);
    rmSync(dir, { recursive: true });
    writeFileSync(dir, 'a file of that name');
    expect(() => beginStage(dir, { key: 'k' })).toThrow(refused);
  });

  it('is taken when it is empty', () => {
    mkdirSync(dir);
    beginStage(dir, { key: 'k' });
    expect(readdirSync(dir)).toEqual(['partial.json']);
  });

  it('keeps the products beside one that is damaged', () => {
    beginStage(dir, { key: 'k' });
    for (const name of ['whole', 'gone']) writeFileSync(join(dir, name), name);
    finishStage(dir, stageRecord('k', ['whole', 'gone']));
    rmSync(join(dir, 'gone'));
    expect(isUpToDate(dir, 'k')).toBe(false);
    beginStage(dir, { key: 'k' });
    expect(readdirSync(dir).sort()).toEqual(['partial.json', 'whole']);
  });

  it('is none that a kill left while it was emptied', () => {
    mkdirSync(dir);
    writeFileSync(join(dir, 'partial.json'), '{}');
    writeFileSync(join(dir, 'half'), '');
    expect(() => checkOurs(dir)).not.toThrow();
    beginStage(dir, { key: 'k' });
    expect(readdirSync(dir)).toEqual(['partial.json']);
  });
});

it('a product that another run left, or with a flipped bit, is found by its hash where sizes say nothing', async () => {
  beginStage(dir, { key: 'k' });
  const path = join(dir, 'model.onnx');
  writeFileSync(path, 'abcd');
  finishStage(dir, { ...stageRecord('k', ['model.onnx']), ...(await productSums(dir, ['model.onnx'])) });
  await expectUnchanged(dir, ['model.onnx']);
  writeFileSync(path, 'abce');
  expect(isUpToDate(dir, 'k')).toBe(true);
  await expect(expectUnchanged(dir, ['model.onnx'])).rejects.toMatchObject({
    code: 'PRODUCT_DAMAGED',
    message: expect.stringContaining(path) as string,
  });
  rmSync(path); // whoever reads it tells that
  await expectUnchanged(dir, ['model.onnx']);
});
