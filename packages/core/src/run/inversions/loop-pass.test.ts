import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { RECORD } from '../engine/record';
import { stageRecord } from '../testing/stage-record';
import { stageDir } from '../engine/stage';
import { expectPassThere } from './loop-pass';

const folder = temporaryFolder();

it.each([
  ['its folder', 'pass-2', 'invert'],
  ['a large file of it', 'pass-2/verify/product', 'verify'],
])('a pass that was kept and of which %s was removed is told with what to do', (_, removed, stage) => {
  const { path: out } = folder;
  for (const name of ['invert', 'verify'] as const) {
    const dir = stageDir(out, name, 'pass-2');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'product'), 'product');
    writeFileSync(join(dir, RECORD), JSON.stringify(stageRecord('k', ['product'], { stage: name })));
  }
  const look = (): void => expectPassThere({ stage: 'report', out }, 2);
  expect(look).not.toThrow();
  rmSync(join(out, removed), { recursive: true });
  const dir = join(out, 'pass-2', stage);
  expect(look).toThrow(
    failure(
      'PASS_GONE',
      `report: expected in ${dir} what pass 2 of the loop left, which was kept, but it is not there whole any more: bring it back, or remove ${join(out, 'loop')} and run again, which makes the pass anew`,
      2,
    ),
  );
});
