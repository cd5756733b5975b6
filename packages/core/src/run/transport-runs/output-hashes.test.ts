/** What those that read the transport model's run on the updated emissions know of it: what decides it and what it gave, not how it was scored. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import { temporaryFolder } from '../../files/testing/shared-data';
import { canonicalJson } from '../../files/json';
import { RECORD } from '../engine/record';
import { stageContext, passContext } from '../stage-context';
import { type RunContext, type StageName, type Variant } from '../engine/stage';
import { earlierPasses } from '../inversions/loop-pass';
import { loopStage } from '../stages/loop-stage';
import { reportStage } from '../stages/report-stage';

const folder = temporaryFolder();

const settings = {
  loop: { passes: 2 },
  paperMode: { run: true },
  ensembleMode: { run: false },
  inversion: { uncertainty: { method: 'none' } },
  crossValidation: { folds: 0, try: {} },
} as unknown as Case;
const run = (): RunContext => ({ caseSettings: settings, out: folder.path }) as RunContext;

interface Left {
  key?: string;
  expensiveKey?: string;
  values?: Record<string, string>;
}

function leave(stage: StageName, variant: Variant, { key = 'k', expensiveKey, values }: Left = {}): void {
  const { dir } = stageContext(run(), stage, variant);
  mkdirSync(dir, { recursive: true });
  const record = {
    stage,
    key,
    expensiveKey,
    settings: {},
    inputs: [],
    startedAt: '',
    seconds: 1,
    products: [],
    bytes: {},
    sha256: {},
    summary: { values },
  };
  writeFileSync(join(dir, RECORD), JSON.stringify(record));
}

const passed = (): string => canonicalJson(earlierPasses(passContext(run(), 'train', { number: 2, anchor: 1 })));
const looped = (): string => canonicalJson(loopStage.settings(stageContext(run(), 'loop', 'default')));
const reported = (): string => canonicalJson(reportStage.settings(stageContext(run(), 'report', 'default')));

const VALUES = { 'updated/winter': 'a' };

it('a run that was made again and gave something else is known to further passes, loop and report', () => {
  leave('verify', 'default', { expensiveKey: 'd', values: VALUES });
  const before = [passed(), looped(), reported()];
  leave('verify', 'default', { expensiveKey: 'd', values: VALUES });
  expect([passed(), looped(), reported()]).toEqual(before);
  leave('verify', 'default', { expensiveKey: 'd', values: { 'updated/winter': 'b' } });
  [passed(), looped(), reported()].forEach((now, i) => expect(now).not.toBe(before[i]));
});

it.each<[StageName, Variant]>([
  ['verify', 'paper'],
  ['loop', 'default'],
])('so is one of %s (%s) to the report', (stage, variant) => {
  leave(stage, variant, { values: VALUES });
  const before = reported();
  leave(stage, variant, { values: { 'updated/winter': 'b' } });
  expect(reported()).not.toBe(before);
});

it('how it was scored makes no further pass anew', () => {
  leave('verify', 'default', { key: 'one', expensiveKey: 'd', values: VALUES });
  const before = passed();
  leave('verify', 'default', { key: 'two', expensiveKey: 'd', values: VALUES });
  expect(passed()).toBe(before);
  leave('verify', 'default', { key: 'two', expensiveKey: 'e', values: VALUES });
  expect(passed()).not.toBe(before);
});
