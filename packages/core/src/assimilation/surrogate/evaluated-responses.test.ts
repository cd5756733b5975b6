import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResponseSums, RESPONSE_SUMS_FILE, writeResponseSums, type PeriodSums } from './evaluated-responses';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'retroplume-responses-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('sums are read as they were written, to the bit, and what is no number stays none', () => {
  const blocks = new Map([
    ['winter 0', Float64Array.of(1 / 3, -1e-300, NaN)],
    ['winter 1', Float64Array.of(0, 2 ** 53 + 2, Math.PI)],
  ]);
  const ofGroup = new Map([['NOx' as const, [blocks, new Map<string, Float64Array>()]]]);
  const responses = new Map<string, PeriodSums>([
    ['winter', { sums: ofGroup, parts: new Map() }],
    ['summer', { sums: new Map(), parts: ofGroup, whole: [blocks] }],
  ]);
  writeResponseSums(dir, responses);
  expect(readResponseSums(dir)).toEqual(responses);
});

it('a file that is cut short is refused in a sentence', () => {
  writeFileSync(join(dir, RESPONSE_SUMS_FILE), '{"winter": {');
  expect(() => readResponseSums(dir)).toThrow(/response-sums\.json: expected JSON but it cannot be read .*run evaluate again$/);
});
