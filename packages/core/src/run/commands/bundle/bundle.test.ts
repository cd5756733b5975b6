import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../../case';
import { RECORD } from '../../engine/record';
import { finishedStages } from './bundle';

let out: string;
beforeEach(() => (out = mkdtempSync(join(tmpdir(), 'retroplume-finished-'))));
afterEach(() => rmSync(out, { recursive: true }));

const EVERYTHING = ['simulate', 'train', 'preview', 'crossvalidate', 'invert', 'uncertainty', 'verify', 'loop', 'report']
  .concat(
    ['train', 'invert', 'verify'].flatMap((stage) =>
      ['paper', 'pass-2', 'pass-3', 'pass-4', 'surrogate-2', 'surrogate-3'].map((variant) => `${variant}/${stage}`),
    ),
  )
  .concat('old/train');

/** A folder in which every stage has been run at some time. */
function lived(): void {
  const passes = [
    { pass: 1, realisedError: 0.5 },
    { pass: 2, realisedError: 0.4 },
    { pass: 3, realisedError: null },
  ];
  for (const dir of EVERYTHING) {
    const record = {
      stage: dir.split('/').at(-1),
      key: '',
      inputs: [],
      products: [],
      bytes: {},
      sha256: {},
      settings: {},
      versions: {},
      startedAt: '',
      seconds: 1,
      threads: 1,
    };
    mkdirSync(join(out, dir), { recursive: true });
    writeFileSync(join(out, dir, RECORD), JSON.stringify({ ...record, device: 'cpu', hardware: '', precision: 'float32', summary: { passes } }));
  }
}

const foldersOf = (changes: object): string[] => {
  const plain = {
    paperMode: { run: false },
    ensembleMode: { run: false },
    loop: { passes: 1 },
    crossValidation: { by: 'blocks', folds: 0, try: {} },
    inversion: { uncertainty: { method: 'none', surrogates: 2 } },
  };
  return finishedStages(out, { ...plain, ...changes } as unknown as Case).map(({ dir }) => dir);
};

it('belong to the case, whatever else has been run in the folder', () => {
  lived();
  const plain = ['invert', 'preview', 'report', 'simulate', 'train', 'verify'];
  const plus = (...more: string[]): string[] => [...plain, ...more].sort();
  expect(foldersOf({})).toEqual(plain);
  expect(foldersOf({ paperMode: { run: true } })).toEqual(plus('paper/invert', 'paper/train', 'paper/verify'));
  // Pass 3 was not run by the transport model, pass 4 not at all.
  expect(foldersOf({ loop: { passes: 4 } })).toEqual(plus('loop', 'pass-2/invert', 'pass-2/train', 'pass-2/verify', 'pass-3/invert', 'pass-3/train'));
  expect(foldersOf({ inversion: { uncertainty: { method: 'lanczos', surrogates: 1 } } })).toEqual(
    plus('surrogate-2/invert', 'surrogate-2/train', 'uncertainty'),
  );
});
