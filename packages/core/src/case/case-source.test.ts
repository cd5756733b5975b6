import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { examineCase, idleKeys, loadCase } from './index';
import { CaseFolder } from './testing/case-folder';
import { TINY_CASE } from './testing/tiny-case';

const cases = new CaseFolder();

/** A run folder as a command leaves it, of a case that lies elsewhere. */
function runFolder(name: string, text = TINY_CASE, overrides: string[] = []): { run: string; file: string } {
  const { file, ...settings } = cases.load(text, overrides);
  const run = join(cases.path, name);
  mkdirSync(run);
  writeFileSync(join(run, 'run.json'), JSON.stringify({ case: settings, file }, null, 2));
  return { run, file };
}

it('reads the case of a run folder as the command in it read it, and as a case of the file that it came from', () => {
  const { run, file } = runFolder('mine', TINY_CASE, ['inversion.lengthKm=54']);
  const again = loadCase(run);
  expect(again.inversion.lengthKm).toBe(54);
  expect(again).toEqual(loadCase(file, ['inversion.lengthKm=54']));
  expect(loadCase(run, ['inversion.lengthKm=27', 'inversion.priorSpread.PM2.5=0.3']).inversion).toMatchObject({
    lengthKm: 27,
    priorSpread: { 'PM2.5': 0.3 },
  });
});

it('names the line of run.json, or the override, for what is wrong', () => {
  const { run } = runFolder('wrong');
  const path = join(run, 'run.json');
  writeFileSync(path, '{\n  "case": {\n    "name": "x",\n    "nonsense": 1\n  }\n}\n');
  expect(examineCase(run).problems.map(({ place, key }) => [place, key])).toContainEqual([`${path}:4`, 'nonsense']);
});

it('tells of keys that do nothing only those of the command line: the defaults in run.json nobody wrote', () => {
  const { run } = runFolder('idle');
  expect(examineCase(run)).toMatchObject({ problems: [], idle: [] });
  expect(idleKeys(run, ['loop.iterations=50'], loadCase(run, ['loop.iterations=50']))).toEqual([expect.stringContaining('--set loop.iterations=50')]);
});

it('refuses a folder without a run, and one whose run.json is damaged', () => {
  cases.write(TINY_CASE);
  const refused = (code: string, text: RegExp): Error => expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;
  expect(() => loadCase(cases.path)).toThrow(refused('RUN_FILE_MISSING', /give a case file, such as .*case\.yaml/));
  const { run } = runFolder('damaged');
  writeFileSync(join(run, 'run.json'), '{"case": {');
  expect(() => loadCase(run)).toThrow(refused('JSON_UNREADABLE', /run\.json/));
});
