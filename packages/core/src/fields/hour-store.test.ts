import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../base/random';
import { fromHalf } from '@retroplume/native';
import { hourStore, hourStoreBytes, type HourStore } from './hour-store';
import { keptMemory } from './period-source';
import { ScratchFile } from './scratch';

const SHAPE = { hours: 4, rows: 5, cols: 6, channels: 3 };
const FIELD = SHAPE.rows * SHAPE.cols * SHAPE.channels;
const random = new Random(2);
/** Of few digits, which half precision has as well. */
const short = (): number => Math.round(64 * random.normal()) / 64;
const values = Float32Array.from({ length: SHAPE.hours * FIELD }, short);
const crop = { row: 1, col: 2, rows: 3, cols: 3 };
const strip = { row: 2, col: 0, rows: 2, cols: 6 };

function filled(store: HourStore): HourStore {
  store.write(0, values.subarray(0, FIELD));
  const rest = store.room({ first: 1, count: 3 });
  rest.set(values.subarray(FIELD));
  store.write(1, rest);
  return store;
}

describe.each([
  ['in memory', 1e9, undefined],
  ['in a file', 0, undefined],
  ['in half precision in memory', 1e9, 2 ** -10],
  ['in half precision in a file', 0, 2 ** -10],
  ['in half precision in blocks of memory', 1e9, 2 ** -10, 70],
])('hourly fields %s', (_, mostBytes, half, memoryBlock?: number) => {
  const store = hourStore(SHAPE, mostBytes, { half, memoryBlock });
  afterAll(() => store.dispose());

  it('are 0 at first, and then what was written', () => {
    expect(store.hours({ first: 0, count: 4 }).every((value) => value === 0)).toBe(true);
    filled(store);
    expect(store.hours({ first: 1, count: 2 })).toEqual(values.subarray(FIELD, 3 * FIELD));
  });

  it('are 0 again once they are cleared, beside what is then written, too', () => {
    filled(store);
    store.clear();
    expect(store.hours({ first: 0, count: 4 }).every((value) => value === 0)).toBe(true);
    const added = Float32Array.from({ length: 2 * crop.rows * crop.cols * SHAPE.channels }, short);
    store.add(crop, { first: 1, count: 2 }, added);
    store.write(3, values.subarray(0, FIELD));
    const wanted = new Float32Array(values.length);
    added.forEach((value, i) => (wanted[placeOf(crop, i)] += value));
    wanted.set(values.subarray(0, FIELD), 3 * FIELD);
    expect(store.hours({ first: 0, count: 4 })).toEqual(wanted);
    filled(store);
    expect(store.hours({ first: 0, count: 4 })).toEqual(values);
  });

  it.each([crop, strip])('are read by rectangles (%p)', (each) => {
    const out = store.rectangle(each, { first: 1, count: 2 });
    expect(out.length).toBe(2 * each.rows * each.cols * SHAPE.channels);
    out.forEach((value, i) => expect(value).toBe(values[placeOf(each, i)]));
  });

  it.each([crop, strip])('are seen by rectangles as they are kept, where that is in half precision (%p)', (each) => {
    filled(store);
    const found = store.halves?.(each, { first: 2, count: 2 });
    expect(found !== undefined).toBe(half !== undefined);
    if (!found) return;
    const { fields, grid, crop: at, first } = found;
    expect([at.rows, at.cols]).toEqual([each.rows, each.cols]);
    for (let i = 0; i < 2 * each.rows * each.cols * SHAPE.channels; i++) {
      const [channel, cell] = [i % SHAPE.channels, Math.floor(i / SHAPE.channels)];
      const [hour, row, col] = [Math.floor(cell / (each.rows * each.cols)), Math.floor(cell / each.cols) % each.rows, cell % each.cols];
      const place = ((at.row + row) * grid.cols + at.col + col) * SHAPE.channels + channel;
      const inBlock = ((first + hour) % fields.hoursOfBlock) * grid.rows * grid.cols * SHAPE.channels;
      const kept = fields.blocks[Math.floor((first + hour) / fields.hoursOfBlock)].slice(inBlock + place, inBlock + place + 1);
      const value = new Float32Array(1);
      fromHalf(kept, value, fields.one);
      expect(value[0]).toBe(values[placeOf(each, i) + FIELD]);
    }
  });

  it.each([crop, strip])('are added to by rectangles (%p)', (each) => {
    const before = store.hours({ first: 0, count: 4 }).slice();
    const added = Float32Array.from({ length: 2 * each.rows * each.cols * SHAPE.channels }, short);
    store.add(each, { first: 1, count: 2 }, added);
    added.forEach((value, i) => (before[placeOf(each, i)] += value));
    expect(store.hours({ first: 0, count: 4 })).toEqual(before);
  });

  it.each([crop, strip])('are changed by rectangles, in memory that is at hand or their own (%p)', (each) => {
    const before = store.hours({ first: 0, count: 4 }).slice();
    const memory = keptMemory();
    memory(SHAPE.hours * FIELD).fill(7);
    const { data, release } = store.edit(each, { first: 1, count: 2 }, memory);
    data.forEach((value, i) => (data[i] = before[placeOf(each, i)] = -value));
    release();
    expect(store.hours({ first: 0, count: 4 }, memory)).toEqual(before);
  });
});

it.each([undefined, 2 ** -10])('of a file that nothing was written to are not read (half precision: %s)', (half) => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-store-'));
  const store = hourStore(SHAPE, 0, { folder, half });
  const memory = keptMemory();
  memory(SHAPE.hours * FIELD).fill(7);
  store.edit(crop, { first: 2, count: 1 }).release();
  const read = jest.spyOn(ScratchFile.prototype, 'read');
  expect(store.hours({ first: 0, count: 4 }, memory)).toEqual(new Float32Array(SHAPE.hours * FIELD));
  expect(read).toHaveBeenCalledTimes(1);
  read.mockRestore();
  store.dispose();
  rmdirSync(folder);
});

/** Where an element of a rectangle's hours 1 and 2 stands in the store. */
function placeOf({ row, col, rows, cols }: typeof crop, i: number): number {
  const { channels } = SHAPE;
  const [channel, c, r, hour] = [
    i % channels,
    Math.floor(i / channels) % cols,
    Math.floor(i / (channels * cols)) % rows,
    Math.floor(i / (channels * cols * rows)),
  ];
  return (1 + hour) * FIELD + ((row + r) * SHAPE.cols + col + c) * channels + channel;
}

it('the file has no name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-store-'));
  const store = filled(hourStore(SHAPE, 0, { folder }));
  expect(readdirSync(folder)).toEqual([]);
  store.dispose();
  rmdirSync(folder);
});

it('says what to do where the folder cannot be written', () => {
  const error = { code: 'FILE_UNWRITABLE', message: expect.stringContaining('/proc: a temporary file') as string };
  expect(() => hourStore(SHAPE, 0, { folder: '/proc' })).toThrow(expect.objectContaining(error) as Error);
  expect(() => hourStore(SHAPE, 0, { folder: '/proc' })).toThrow(/set TMPDIR/);
});

it('take four bytes a number, or two', () => {
  expect([hourStoreBytes(SHAPE), hourStoreBytes(SHAPE, { half: 1 })]).toEqual([4 * SHAPE.hours * FIELD, 2 * SHAPE.hours * FIELD]);
});
