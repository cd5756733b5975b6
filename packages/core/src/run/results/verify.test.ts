import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECORD } from '../engine/record';
import { markOf } from '../../assimilation/observed/monitors';
import { expectLeftOut } from './verify';

it('does not judge an inversion by monitors that it has seen', () => {
  const dir = mkdtempSync(join(tmpdir(), 'retroplume-left-out-'));
  try {
    const context = { stage: 'verify' as const, dirOf: () => dir };
    const stations = [{ period: 'winter', withheldMark: markOf(['a', 'b']) }];
    const record = {
      stage: 'invert',
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
    writeFileSync(join(dir, RECORD), JSON.stringify({ ...record, device: 'cpu', hardware: '', precision: 'float32', summary: { stations } }));
    expect(() => expectLeftOut(context, 'winter', { withheld: new Set(['b', 'a']) })).not.toThrow();
    expect(() => expectLeftOut(context, 'winter', { withheld: new Set(['a', 'c']) })).toThrow(
      /withheld in winter are not those that the inversion left out: change them back, or invert anew with "retroplume run" \(remove .* before/,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});
