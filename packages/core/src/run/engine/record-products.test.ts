/** What a record tells of products and parts, and whose a folder is in the moments in which a kill may come. */
import fs, { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../files/testing/shared-data';
import {
  beginStage,
  checkOurs,
  damagedProducts,
  finishStage,
  isUpToDate,
  lastMade,
  partKey,
  removeOurs,
  unmadeParts,
  type StageRecord,
} from './record';
import { stageRecord } from '../testing/stage-record';

const folder = temporaryFolder();
let dir: string;
beforeEach(() => {
  dir = join(folder.path, 'train');
});

function finished(products: string[], more: Partial<StageRecord> = {}): StageRecord {
  const record = stageRecord('k', products, more);
  beginStage(dir, { key: record.key });
  for (const name of products) writeFileSync(join(dir, name), name);
  finishStage(dir, record);
  return record;
}

describe('products', () => {
  it('in whose place a folder lies are told as that', () => {
    const record = finished(['weights']);
    expect(damagedProducts(dir, record)).toEqual([]);
    rmSync(join(dir, 'weights'));
    expect(damagedProducts(dir, record)).toEqual([{ product: 'weights', trouble: 'is not there any more' }]);
    mkdirSync(join(dir, 'weights'));
    expect(damagedProducts(dir, record)).toEqual([{ product: 'weights', trouble: 'is no file any more' }]);
  });

  it('of parts have to be among those of the record, where a part has one', () => {
    const record = finished(['a.nc']);
    const parts = {
      a: { key: '1', entries: [], product: 'a.nc' },
      b: { key: '1', entries: [], product: 'b.nc' },
      c: { key: '1', entries: [] },
    };
    expect(unmadeParts(record, { parts })).toEqual(['b']);
    const { b: _, ...made } = parts;
    expect([isUpToDate(dir, 'k', parts), isUpToDate(dir, 'k', made), isUpToDate(dir, 'k')]).toEqual([false, true, true]);
  });
});

it('the key of a part is that of settings and of what its files hold, wherever these lie', () => {
  const file = (path: string, bytes: number, sha256: string): Parameters<typeof partKey>[1][number] => Object.assign({ path }, { bytes, sha256 });
  const key = partKey({ run: 1 }, [file('/a', 3, 'x'), file('/b', 4, 'y')]);
  expect(partKey({ run: 1 }, [file('/c', 3, 'x'), file('/d', 4, 'y')])).toBe(key);
  const others = [
    partKey({ run: 2 }, [file('/a', 3, 'x'), file('/b', 4, 'y')]),
    partKey({ run: 1 }, [file('/a', 5, 'x'), file('/b', 4, 'y')]),
    partKey({ run: 1 }, [file('/a', 3, 'z'), file('/b', 4, 'y')]),
    partKey({ run: 1 }, [file('/b', 4, 'y'), file('/a', 3, 'x')]),
    partKey({ run: 1 }, [file('/a', 3, 'x')]),
  ];
  expect(new Set([key, ...others]).size).toBe(1 + others.length);
});

describe('after a kill', () => {
  it('that came as the first mark of a stage was written, its folder is still known as ours', () => {
    const written = jest.spyOn(fs, 'renameSync').mockImplementation(() => {
      throw new Error('killed');
    });
    const removed = jest.spyOn(fs, 'rmSync').mockImplementation(() => undefined);
    expect(() => beginStage(dir, { key: 'k' })).toThrow();
    written.mockRestore();
    removed.mockRestore();
    expect(existsSync(join(dir, 'partial.json'))).toBe(false);
    expect(readdirSync(dir)).toHaveLength(1);
    beginStage(dir, { key: 'k' });
    // Beside anything else it tells nothing.
    removeOurs(dir);
    mkdirSync(dir);
    for (const name of ['partial.json.tmp', 'thesis.tex']) writeFileSync(join(dir, name), '');
    expect(() => checkOurs(dir)).toThrow(/FOLDER_NOT_OURS|holds/);
    rmSync(dir, { recursive: true });
  });

  it('between the mark of a stage that begins and the removal of the last record, the mark tells', () => {
    finished([]);
    writeFileSync(join(dir, 'partial.json'), '{"key":"k2"}');
    expect(lastMade(dir)).toEqual({ key: 'k2' });
    writeFileSync(join(dir, 'partial.json'), '{"key":'); // cut short: of no key, whatever the record says
    expect(lastMade(dir)).toEqual({});
  });

  it.each([0, 1, 2, 3, 4, 5])('while a folder is removed, what is left of it is still known as ours (%i removals)', (removals) => {
    finished(['a', 'm', 'z']);
    writeFileSync(join(dir, 'partial.json'), '{}');
    let left = removals;
    const { rmSync: remove } = jest.requireActual<typeof fs>('node:fs');
    jest.spyOn(fs, 'rmSync').mockImplementation((...args) => {
      if (left-- === 0) throw new Error('killed');
      remove(...args);
    });
    try {
      removeOurs(dir);
    } catch {
      expect(existsSync(dir)).toBe(true);
    } finally {
      jest.restoreAllMocks();
    }
    expect(() => checkOurs(dir)).not.toThrow();
  });
});
