import { defaultSettings } from './default-settings';
import { loadCase, paperDefaults } from './index';
import { CaseFolder } from './testing/case-folder';
import { TINY_CASE } from './testing/tiny-case';

const cases = new CaseFolder();

it('has what a case would have without the keys of a section, with those that are set in their place', () => {
  const file = cases.write(`${TINY_CASE}inversion: { lengthKm: 40, priorSpread: { NOx: 0.7 } }\nmembers: { count: 5 }\n`);
  const settings = loadCase(file);
  const { inversion, members, training } = defaultSettings(settings, ['inversion', 'members', 'training']);
  expect(inversion).toEqual({ ...settings.inversion, lengthKm: 81, priorSpread: { ...settings.inversion.priorSpread, NOx: 0.5 } });
  expect(members).toEqual(loadCase(cases.write(TINY_CASE)).members);
  expect(training).toEqual(settings.training);
  expect(settings.inversion.lengthKm).toBe(40);
});

it("has the paper's where its mode is set, but for the mode itself", () => {
  const settings = loadCase(cases.write(TINY_CASE), ['surrogate.mode=paper', 'surrogate.hidden=8', 'inversion.mode=paper', 'inversion.bound=2']);
  const { surrogate, training, inversion } = defaultSettings(settings, ['surrogate', 'training', 'inversion']);
  expect(surrogate).toMatchObject({ ...paperDefaults.surrogate, mode: 'default' });
  expect(training).toMatchObject(paperDefaults.training);
  expect(inversion).toMatchObject({ ...paperDefaults.inversion, mode: 'default' });
});

it('lacks keys that must be given, and has the others beside them', () => {
  const settings = loadCase(cases.write(`${TINY_CASE}ctm: { kind: command, command: 'cmaq {emissions} {output}', timeoutHours: 4 }\n`));
  const { ctm, observations } = defaultSettings(settings, ['ctm', 'observations']);
  expect(settings.ctm).toMatchObject({ timeoutHours: 4 });
  expect(ctm).toEqual({ output: '*', timeoutHours: 48 }); // kind and command must be given
  expect(observations).toMatchObject({ timeZone: 'UTC', gasReference: settings.observations.gasReference });
  expect(Object.keys(observations!)).not.toContain('stations');
});
