/** What of the observations' settings the stages' keys know: all that reads them, and nothing by default, so that runs of before are known. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCase } from '../../data/case';
import { TINY_CASE } from '../../data/case/testing/tiny-case';
import { temporaryFolder } from '../../data/testing/shared-data';
import { crossvalidateStage } from '../invert/crossvalidate-stage';
import { invertStage } from '../invert/invert-stage';
import { simulateStage } from '../simulate/simulate-stage';
import { verifyStage } from '../verify/verify-stage';
import { canonicalJson, RECORD } from './record';
import type { Stage, StageContext } from './stage';

const folder = temporaryFolder();

const REAL = TINY_CASE.replace('truth: { factors: inputs/truth.nc }\n', '').replace(
  'twin: {}',
  'files: obs.csv\n  columns: { species: { NO2: { column: no2, unit: ppb } } }',
);

function settingsOf(stage: Stage, set: readonly string[], text = TINY_CASE): unknown {
  const path = join(folder.path, 'case.yaml');
  writeFileSync(path, text);
  const context = { case: loadCase(path, [...set]), variant: 'default', dir: folder.path, dirOf: () => folder.path, threads: 1, device: 'cpu' };
  return JSON.parse(canonicalJson(stage.settings(context as unknown as StageContext)));
}

const changes = (stage: Stage, set: string[], text?: string, before: string[] = []): boolean =>
  canonicalJson(settingsOf(stage, [...before, ...set], text)) !== canonicalJson(settingsOf(stage, before, text));

describe('the columns of the list of stations', () => {
  const stages = { simulate: simulateStage, crossvalidate: crossvalidateStage, invert: invertStage, verify: verifyStage };

  it.each(['id', 'lon', 'lat'])('%s: another one is known to all that see the monitors', (column) => {
    const set = [`observations.stations.${column}=other`];
    const known = (text?: string): string[] => Object.keys(stages).filter((name) => changes(stages[name as keyof typeof stages], set, text));
    expect(known()).toEqual(['simulate', 'crossvalidate', 'invert', 'verify']);
    // What is simulated of a real case knows no monitors.
    expect(known(REAL)).toEqual(['crossvalidate', 'invert', 'verify']);
  });

  it.each([invertStage, crossvalidateStage])('the type of site is known to $name where errors depend on it', (stage) => {
    const types = (type: string): string[] => [`observations.stations.type=${type}`];
    const errors = ['inversion.siteTypeError={traffic: 8}', ...types('t1')];
    expect(changes(stage, types('t2'), undefined, errors)).toBe(true);
    expect(changes(stage, types('t2'))).toBe(false);
  });

  it('stand in the record where they have other names, by default not at all', () => {
    expect(settingsOf(invertStage, ['observations.stations.lon=x'])).toHaveProperty('observations.stations', { lon: 'x' });
    expect(settingsOf(simulateStage, [])).not.toHaveProperty('stations');
    for (const stage of [crossvalidateStage, invertStage, verifyStage]) {
      expect(settingsOf(stage, [])).not.toHaveProperty('observations.stations');
      expect(settingsOf(stage, [])).not.toHaveProperty('siteType');
    }
  });
});

describe("a twin's truth that a command made again and that is another one", () => {
  const given = (truth: string): void => {
    const record = {
      stage: 'simulate',
      key: 'k',
      inputs: [],
      startedAt: '',
      seconds: 1,
      products: [],
      summary: { values: { 'truth/winter': truth } },
    };
    writeFileSync(join(folder.path, RECORD), JSON.stringify(record));
  };
  const settingsWith = (stage: Stage, truth: string, ...set: string[]): unknown => {
    given(truth);
    return settingsOf(stage, set);
  };

  it.each([invertStage, crossvalidateStage])('is known to $name', (stage) => {
    const command = 'ctm={kind: command, command: "model {emissions} {output}"}';
    expect(settingsWith(stage, 'a', command)).toEqual(settingsWith(stage, 'a', command));
    expect(settingsWith(stage, 'a', command)).not.toEqual(settingsWith(stage, 'b', command));
    // That of the reference model is what it was.
    expect(settingsWith(stage, 'a')).toEqual(settingsOf(stage, []));
    expect(settingsWith(stage, 'a')).not.toHaveProperty('simulated');
  });
});
