import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginStage, type StageMark } from './record';
import { explainRerun } from './explain-rerun';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'retroplume-why-'))));
afterEach(() => rmSync(dir, { recursive: true }));

const file = (path: string, sha256: string): StageMark['inputs'][number] => ({ path, bytes: 1, sha256 });
const MADE: StageMark = {
  key: 'made',
  settings: { members: { count: 6, groups: ['NOx', 'SO2'] }, start: new Date('2026-01-05T00:00:00Z'), model: { kind: 'command' }, none: undefined },
  inputs: [file('/a/emis.nc', '1'), file('/a/met.nc', '2')],
  versions: { retroplume: '0.1.0', node: 'v20' },
};
const now = (over: Partial<StageMark>): string | undefined => {
  beginStage(dir, MADE);
  return explainRerun(dir, { ...MADE, key: 'now', ...over });
};

it.each<[string, Partial<StageMark>, string]>([
  ['a setting', { settings: { ...(MADE.settings as object), members: { count: 8, groups: ['NOx', 'SO2'] } } }, 'members.count 6 → 8'],
  ['a list', { settings: { ...(MADE.settings as object), members: { count: 6, groups: ['NOx'] } } }, 'members.groups ["NOx","SO2"] → ["NOx"]'],
  ['a setting more', { settings: { ...(MADE.settings as object), seed: 3 } }, 'seed none → 3'],
  ['an input', { inputs: [file('/a/emis.nc', '1'), file('/a/met.nc', '3')] }, 'the contents of /a/met.nc'],
  ['one input less', { inputs: [file('/a/emis.nc', '1')] }, 'an input less, /a/met.nc'],
  ['one input more', { inputs: [...MADE.inputs, file('/a/x.nc', '9')] }, 'an input more, /a/x.nc'],
  ['the version', { versions: { retroplume: '0.2.0', node: 'v22' } }, 'Retroplume 0.1.0 → 0.2.0'],
  [
    'inputs that were moved, beside another setting',
    { inputs: [file('/b/emis.nc', '1'), file('/b/met.nc', '2')], settings: {} },
    'members.count 6 → none, members.groups ["NOx","SO2"] → none, start "2026-01-05T00:00:00.000Z" → none, model.kind "command" → none',
  ],
  ['nothing of its own', {}, 'what a stage before it left'],
])('names %s', (_what, over, told) => expect(now(over)).toBe(`changed since its last run: ${told}: made anew`));

it('shows of long values where they differ', () => {
  const command = (nodes: number): object => ({ command: `run_cmaq.sh /project/emissions/2016 {output} --nodes ${nodes}` });
  beginStage(dir, { ...MADE, settings: command(8) });
  const told = 'command …utput} --nodes 8" → …utput} --nodes 16"';
  expect(explainRerun(dir, { ...MADE, key: 'now', settings: command(16) })).toBe(`changed since its last run: ${told}: made anew`);
});

it('shows no more than forty characters of a value, also where a short one has become long', () => {
  beginStage(dir, { ...MADE, settings: { command: 'a'.repeat(20) } });
  const told = `command …${'a'.repeat(15)}" → …${'a'.repeat(38)}…`;
  expect(explainRerun(dir, { ...MADE, key: 'now', settings: { command: 'a'.repeat(50) } })).toBe(`changed since its last run: ${told}: made anew`);
});

it('names a few of many', () => {
  const settings = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, i]));
  expect(now({ settings })).toMatch(/: members\.count 6 → none, (\S+ [^→]* → none,? ){3}and 9 more: made anew$/);
});

it('says nothing of an empty folder, nor of what is the same, and not what nobody has noted', () => {
  expect(explainRerun(dir, MADE)).toBeUndefined();
  expect(now({ key: 'made' })).toBeUndefined();
  writeFileSync(join(dir, 'partial.json'), '{}');
  expect(explainRerun(dir, MADE)).toBe('changed since its last run: nothing tells what: made anew');
});

it('says that what is still right is kept where only the rest has changed', () => {
  beginStage(dir, { ...MADE, expensiveKey: 'dear' });
  expect(explainRerun(dir, { ...MADE, key: 'now', expensiveKey: 'dear', settings: {} })).toMatch(/: made anew, but for what is still right$/);
});
