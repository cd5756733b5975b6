/** What the stages' keys know of the observations' settings (all that reads them, and nothing by default) and of what they judge by. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCase } from '../../case';
import { TINY_CASE } from '../../case/testing/tiny-case';
import { temporaryFolder } from '../../files/testing/shared-data';
import { certifyStage } from './certify-stage';
import { crossvalidateStage } from './crossvalidate-stage';
import { invertStage } from './invert-stage';
import { simulateStage } from './simulate-stage';
import { uncertaintyStage } from './uncertainty-stage';
import { verifyStage } from './verify-stage';
import type { InputHashes } from '../engine/input-hashes';
import { canonicalJson } from '../../files/json';
import { RECORD } from '../engine/record';
import type { Keys, Stage, StageContext, StageName } from '../engine/stage';
import { keyOf } from '../engine/stage-keys';

const folder = temporaryFolder();

const REAL = TINY_CASE.replace('truth: { factors: inputs/truth.nc }\n', '').replace(
  'twin: {}',
  'files: obs.csv\n  columns: { species: { NO2: { column: no2, unit: ppb } } }',
);

function contextOf(set: readonly string[], text = TINY_CASE, over: Partial<StageContext> = {}): StageContext {
  const path = join(folder.path, 'case.yaml');
  writeFileSync(path, text);
  const where = { dir: folder.path, dirOf: () => folder.path, threads: 1, device: 'cpu' };
  const caseSettings = loadCase(path, [...set]);
  return { caseSettings, settings: caseSettings, variant: 'default', ...where, ...over } as unknown as StageContext;
}

const settingsOf = (stage: Stage, ...of: Parameters<typeof contextOf>): unknown => JSON.parse(canonicalJson(stage.settings(contextOf(...of))));

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

describe('stations withheld by name', () => {
  const NETWORK = ['observations.stations.network=n', 'withheld.networks=[a]'];

  it.each([crossvalidateStage, invertStage, verifyStage])('$name knows names and networks, a file by what stands in it', (stage) => {
    expect(changes(stage, ['withheld.stations=[a]'])).toBe(true);
    expect(changes(stage, ['withheld.stations=[a, b]'], undefined, ['withheld.stations=[a]'])).toBe(true);
    expect(changes(stage, NETWORK)).toBe(true);
    expect(changes(stage, ['observations.stations.network=other'], undefined, NETWORK)).toBe(true);
    expect(changes(stage, ['observations.stations.network=other'])).toBe(false);
    expect(JSON.stringify(settingsOf(stage, ['withheld.stations={file: names.txt}']))).not.toContain('names.txt');
  });

  it.each([crossvalidateStage, invertStage])('the file is an input of $name', (stage) => {
    expect(stage.inputs(contextOf(['withheld.stations={file: names.txt}']))).toContain(join(folder.path, 'names.txt'));
    expect(() => contextOf(['withheld.networks=[a]'])).toThrow(/name their column in observations\.stations\.network/);
  });
});

describe('what a command made again and what is another one', () => {
  const given = (run: string, values: string): void => {
    const record = {
      stage: 'simulate',
      key: 'k',
      inputs: [],
      startedAt: '',
      seconds: 1,
      products: [],
      bytes: {},
      sha256: {},
      summary: { values: { [run]: values } },
    };
    writeFileSync(join(folder.path, RECORD), JSON.stringify(record));
  };
  const settingsWith = (stage: Stage, truth: string, ...set: string[]): unknown => {
    given('truth/winter', truth);
    return settingsOf(stage, set);
  };

  it('is known to certify where it judges by it', () => {
    const known = (run: string, values: string): unknown => {
      given(run, values);
      return settingsOf(certifyStage, ['response.groups=[NOx]']);
    };
    expect(known('response-NOx/winter', 'a')).toEqual(known('response-NOx/winter', 'a'));
    expect(known('response-NOx/winter', 'a')).not.toEqual(known('response-NOx/winter', 'b'));
    expect(known('member01/winter', 'a')).toEqual(known('member01/winter', 'b'));
  });

  it.each([invertStage, crossvalidateStage])("is known to $name where it is a twin's truth", (stage) => {
    const command = 'ctm={kind: command, command: "model {emissions} {output}"}';
    expect(settingsWith(stage, 'a', command)).toEqual(settingsWith(stage, 'a', command));
    expect(settingsWith(stage, 'a', command)).not.toEqual(settingsWith(stage, 'b', command));
    // That of the reference model is what it was.
    expect(settingsWith(stage, 'a')).toEqual(settingsOf(stage, []));
    expect(settingsWith(stage, 'a')).not.toHaveProperty('simulated');
  });
});

describe('a certificate is another one', () => {
  const north = 'regions={north: {rows: [2, 3], cols: [0, 3]}}';
  const sensitivity = (of: string): string =>
    `certificate.sensitivities=[{name: a, group: NOx, files: "x_{period}.nc", variables: {NO2: NO2_ENX}${of}}]`;

  it.each([
    'certificate.factors=[0.7]',
    'certificate.patches.seed=4',
    'certificate.pairs=[{group: VOC, species: O3}]',
    'certificate.pairs=[{group: NOx, species: NO2, minSlope: 0.5}]',
    'certificate.runs=[{name: a, emissions: "e_{period}.nc", concentrations: "c_{period}.nc"}]',
    sensitivity(''),
    'response.groups=[VOC]',
    'response.factor=0.9',
    'ctm={kind: reference, options: {honoRate: 0}}',
    'surrogate.initialConcentrations=prior',
  ])('with %s', (setting) => expect(changes(certifyStage, [setting])).toBe(true));

  it.each(['certificate.onFailure=warn', north, 'inversion.iterations=3', 'scores.ozoneCutoff=70'])('not with %s', (setting) =>
    expect(changes(certifyStage, [setting])).toBe(false),
  );

  it('where a region that it names is another one', () => {
    const of = sensitivity(', region: north');
    expect(changes(certifyStage, [north.replace('[2, 3]', '[1, 3]')], undefined, [north, of])).toBe(true);
    expect(changes(certifyStage, [north.replace('{north', '{south: {rows: [0, 1], cols: [0, 3]}, north')], undefined, [north, of])).toBe(false);
  });

  it('with other files of sensitivities, or of masks', () => {
    const [path, mask] = ['x_winter.nc', 'mask.nc'].map((name) => join(folder.path, name));
    [path, mask].forEach((file) => writeFileSync(file, ''));
    const given = [sensitivity(', mask: {file: mask.nc, variable: GA}')];
    expect(certifyStage.inputs(contextOf(given))).toEqual([path, mask]);
  });
});

it('an updated run that the case brings decides how it compares with the monitors', () => {
  const path = join(folder.path, 'updated_winter.nc');
  writeFileSync(path, '');
  const settings = (set: string[]): StageContext => {
    writeFileSync(join(folder.path, 'case.yaml'), TINY_CASE);
    return { caseSettings: loadCase(join(folder.path, 'case.yaml'), set) } as StageContext;
  };
  expect(
    verifyStage.inputs(settings(['priorConcentrations=p_{period}.nc', `updatedConcentrations=${join(folder.path, 'updated_{period}.nc')}`])),
  ).toEqual([path]);
  expect(verifyStage.inputs(settings([]))).toEqual([]);
});

describe('comparing with the monitors is done again', () => {
  it.each([
    'scores.ozoneCutoff=70',
    'regions={north: {rows: [2, 3], cols: [0, 3]}}',
    'observations.stations.type=kind',
    'inversion.lengthKm=99',
    'inversion.space=blocks',
    'withheld.seed=4',
  ])('with %s', (setting) => expect(changes(verifyStage, [setting])).toBe(true));

  it('but not the run of the transport model, unless that or the monitors are others', () => {
    const dear = (set: string[]): string => {
      const stage: Stage = { ...verifyStage, settings: (context) => verifyStage.expensiveSettings!(context) };
      return canonicalJson(settingsOf(stage, set));
    };
    for (const looks of ['scores.ozoneCutoff=70', 'observations.stations.type=kind', 'inversion.lengthKm=99']) expect(dear([looks])).toBe(dear([]));
    for (const dearly of ['ctm={kind: reference, options: {honoRate: 0}}', 'withheld.seed=4', 'observations.stations.id=name'])
      expect(dear([dearly])).not.toBe(dear([]));
  });
});

describe('observations that only judge', () => {
  const entry = (more = ''): string =>
    `observations.independent=[{name: sensors, stations: {file: sensors.csv}, files: values.csv, columns: {species: {NO2: {column: no2, unit: ppb}}}${more}}]`;
  const judging = [entry()];

  it('are known to verify alone, their files by what stands in them', () => {
    for (const stage of [simulateStage, certifyStage, crossvalidateStage, invertStage, uncertaintyStage]) expect(changes(stage, judging)).toBe(false);
    expect(changes(verifyStage, judging)).toBe(true);
    expect(changes(verifyStage, [entry(', timeZone: Asia/Shanghai')], undefined, judging)).toBe(true);
    expect(JSON.stringify(settingsOf(verifyStage, judging))).not.toMatch(/sensors\.csv|values\.csv/);
    expect(settingsOf(verifyStage, [])).not.toHaveProperty('independent');
  });

  it('and do not let it run the transport model again', async () => {
    const paths = ['sensors.csv', 'values.csv'].map((name) => join(folder.path, name));
    paths.forEach((path) => writeFileSync(path, ''));
    expect(verifyStage.inputs(contextOf(judging))).toEqual(paths);
    for (const stage of [invertStage, crossvalidateStage]) expect(stage.inputs(contextOf(judging))).not.toEqual(expect.arrayContaining(paths));
    const keysWith = (set: string[], sha256: string): Promise<Keys> => {
      const inputs = { describe: (path: string) => Promise.resolve({ path, bytes: 1, sha256 }), bytesToRead: () => 0, keep: () => undefined };
      return keyOf(verifyStage, contextOf(set, undefined, { inputs: inputs as unknown as InputHashes }), () => ({ key: 'of a stage before' }));
    };
    const [none, first, second] = [await keysWith([], 'a'), await keysWith(judging, 'a'), await keysWith(judging, 'b')];
    expect(new Set([none, first, second].map(({ key }) => key)).size).toBe(3);
    expect(new Set([none, first, second].map(({ expensiveKey }) => expensiveKey)).size).toBe(1);
  });
});

describe('the uncertainty is told again', () => {
  it.each([
    'inversion.uncertainty.rank=7',
    'inversion.uncertainty.leastReduction=0.3',
    'inversion.uncertainty.seed=4',
    'regions={north: {rows: [2, 3], cols: [0, 3]}}',
  ])('with %s; what took long is of use for others, but of the seed', (setting) => {
    expect(changes(uncertaintyStage, [setting])).toBe(true);
    const dear: Stage = { ...uncertaintyStage, settings: (context) => uncertaintyStage.expensiveSettings!(context) };
    expect(changes(dear, [setting])).toBe(setting.includes('seed'));
  });
});

it('the uncertainty is told again with a preview that was made, or made again', () => {
  rmSync(join(folder.path, RECORD), { force: true });
  const without = settingsOf(uncertaintyStage, []);
  const withPreview = (key: string): unknown => {
    writeFileSync(
      join(folder.path, RECORD),
      JSON.stringify({ stage: 'preview', key, inputs: [], startedAt: '', seconds: 1, products: [], bytes: {}, sha256: {} }),
    );
    return settingsOf(uncertaintyStage, []);
  };
  expect(withPreview('a')).not.toEqual(without);
  expect(withPreview('b')).not.toEqual(withPreview('a'));
});

it.each([invertStage, crossvalidateStage, uncertaintyStage])(
  '$name knows products of matrices that a GPU rounds',
  ({ settings, expensiveSettings, ...stage }) => {
    for (const part of [settings, expensiveSettings ?? settings]) {
      const on = (precision: StageContext['precision']): unknown =>
        settingsOf({ ...stage, settings: part }, [], undefined, { device: 'cuda:0', precision });
      expect(on('tf32')).not.toEqual(on('float32'));
      expect(on('float32')).toEqual(settingsOf({ ...stage, settings: part }, []));
    }
  },
);

describe('cross-validation is done again', () => {
  const asked = ['crossValidation.folds=3', 'crossValidation.try={lengthKm: [54, 81]}'];
  const dear: Stage = { ...crossvalidateStage, settings: (context) => crossvalidateStage.expensiveSettings!(context) };

  it.each(['crossValidation.try={lengthKm: [54, 99]}', 'crossValidation.choose=one-standard-error', 'crossValidation.rounds=2'])(
    'with %s, of the inversions that are there',
    (setting) => {
      expect(changes(crossvalidateStage, [setting], undefined, asked)).toBe(true);
      expect(changes(dear, [setting], undefined, asked)).toBe(false);
    },
  );

  it.each([
    'crossValidation.folds=4',
    'crossValidation.seed=4',
    'crossValidation.iterations=9',
    'crossValidation.hoursPerDay=5',
    'inversion.lengthKm=99',
    'withheld.seed=4',
  ])('with %s, of others', (setting) => expect(changes(dear, [setting], undefined, asked)).toBe(true));

  it('with other regions where these are the folds', () => {
    const regions = ['regions={north: {rows: [2, 3], cols: [0, 3]}, south: {rows: [0, 1], cols: [0, 3]}}'];
    const other = [regions[0].replace('[2, 3]', '[3, 3]')];
    expect(changes(dear, other, undefined, [...asked, ...regions, 'crossValidation.by=regions'])).toBe(true);
    expect(changes(dear, other, undefined, [...asked, ...regions])).toBe(false);
  });

  it('not by how an inversion by itself ends or is gone over', () => {
    for (const without of ['inversion.iterations=3', 'inversion.hoursPerDay=3', 'inversion.starts=2', 'inversion.stopOnWithheld=false'])
      expect([without, changes(dear, [without], undefined, asked)]).toEqual([without, false]);
  });
});

describe('a stage is made anew after a stage whose products it reads', () => {
  /** With the key that each of the stages before has; parts of it where it says so. */
  async function keyAfter(stage: Stage, changed?: string): Promise<string> {
    const path = join(folder.path, 'case.yaml');
    writeFileSync(path, TINY_CASE);
    const caseSettings = loadCase(path, ['response.groups=[NOx]']);
    const context = {
      caseSettings,
      settings: caseSettings,
      variant: 'default',
      stage: stage.name,
      dir: folder.path,
      dirOf: () => folder.path,
      threads: 1,
      device: 'cpu',
      inputs: { bytesToRead: () => 0, keep: () => {} } as unknown as InputHashes,
    };
    const keysOf = (need: StageName): Keys => {
      const parts = ['prior/winter', 'member01/winter', 'response-NOx/winter'].map((name) => [
        name,
        { key: changed === name ? 'other' : 'as before' },
      ]);
      return { key: changed === need ? 'other' : 'as before', ...(need === 'simulate' ? { parts: Object.fromEntries(parts) as Keys['parts'] } : {}) };
    };
    return (await keyOf({ ...stage, inputs: () => [], parts: undefined }, context as unknown as StageContext, keysOf)).key;
  }

  it.each<{ stage: Stage; reads: string[]; others: string[] }>([
    // The surrogate, on prepared fields, and what evaluate left of its responses; of simulate the runs by which it is judged.
    { stage: certifyStage, reads: ['train', 'prepare', 'evaluate', 'response-NOx/winter'], others: ['member01/winter', 'invert'] },
    { stage: crossvalidateStage, reads: ['train', 'prepare', 'simulate', 'certify', 'export'], others: ['evaluate', 'invert'] },
    { stage: uncertaintyStage, reads: ['train', 'prepare', 'simulate', 'certify', 'export', 'invert'], others: ['apply', 'verify'] },
    { stage: verifyStage, reads: ['apply', 'invert', 'prepare', 'simulate'], others: ['uncertainty', 'report'] },
  ])('$stage.name', async ({ stage, reads, others }) => {
    const before = await keyAfter(stage);
    for (const other of others) expect([other, await keyAfter(stage, other)]).toEqual([other, before]);
    for (const read of reads) expect([read, (await keyAfter(stage, read)) === before]).toEqual([read, false]);
  });
});
