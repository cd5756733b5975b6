import { join } from 'node:path';
import type { ConfigError } from '../base/errors';
import { loadCase, paperDefaults, restoreCase, type Case } from './index';
import { CaseFolder } from './testing/case-folder';
import { TINY_CASE as VALID } from './testing/tiny-case';

const cases = new CaseFolder();
const write = (text: string): string => cases.write(text);
const failure = (text: string, overrides?: string[]): ConfigError => cases.failure(text, overrides);

describe('a valid case', () => {
  it('gets every default, absolute paths and keeps {period}', () => {
    const c = loadCase(write(VALID));
    expect(c.meteorology.files).toBe(join(cases.path, 'inputs/METCRO2D_{period}*.nc'));
    expect(c.periods[0].start).toEqual(new Date('2026-01-05T00:00:00Z'));
    expect(c.periods[0].spinUpHours).toBe(72);
    expect(c.surrogate.window.reduce((hours, s) => hours + s.count * s.hours, 0)).toBe(24);
    expect(c.inversion.priorSpread).toEqual({ NOx: 0.5, NH3: 0.12, SO2: 0.5, VOC: 0.12, 'PM2.5': 0.5 });
    expect(c.observations.gasReference).toEqual({ temperature: 273.15, pressure: 101325, rule: 'fixed' });
    expect(c.ctm).toEqual({ kind: 'reference', options: {} });
    expect([c.device, c.precision]).toEqual(['auto', 'float32']);
  });

  it('gives paperMode the values of the paper, and the file the last word', () => {
    const c = loadCase(write(`${VALID}paperMode: { run: true, surrogate: { hidden: 8 } }\n`));
    expect(c.paperMode.surrogate).toMatchObject({ ...paperDefaults.surrogate, hidden: 8 });
    expect(c.paperMode.inversion).toMatchObject(paperDefaults.inversion);
    expect(c.surrogate.initialConcentrations).toBe('none');
  });

  it('takes the defaults of the paper where its mode is set, by --set too', () => {
    const c = loadCase(write(VALID), ['surrogate.mode=paper', 'inversion.mode=paper', 'training.iterations=5', 'inversion.priorSpread.PM2.5=0.3']);
    expect(c.surrogate).toMatchObject(paperDefaults.surrogate);
    expect(c.training).toMatchObject({ ...paperDefaults.training, iterations: 5 });
    expect(c.inversion.lengthKm).toBe(0);
    expect(c.inversion.priorSpread['PM2.5']).toBe(0.3);
  });

  it.each(['auto', 'cpu', 'cuda', 'cuda:7'])('takes the device %s', (device) => {
    const c = loadCase(write(`${VALID}device: ${device}\nprecision: tf32\n`));
    expect([c.device, c.precision]).toEqual([device, 'tf32']);
  });

  it('leaves braces of the shell alone in a command', () => {
    const command = 'cd ${WORK} && cmaq {emissions} {output} | awk "{print}"';
    expect(loadCase(write(`${VALID}ctm: { kind: command, command: '${command}' }\n`)).ctm).toMatchObject({ command });
  });

  it('sets entries of lists by number', () => {
    expect(loadCase(write(VALID), ['periods.0.hours=96']).periods[0].hours).toBe(96);
  });
});

describe('what is wrong is said in one sentence each', () => {
  it.each([
    [
      'surrogate: { initialConcentrations: control }\ninversion: { mode: paper }\n',
      'surrogate.initialConcentrations: control needs inversion.mode default',
    ],
    [
      'paperMode: { surrogate: { initialConcentrations: control } }\n',
      'paperMode.surrogate.initialConcentrations: control needs inversion.mode default',
    ],
    ['training: { rolloutWindows: 2 }\n', 'training.rolloutWindows: without initial concentrations there is nothing to roll out'],
    ['surrogate: { initialConcentrations: rolled }\n', 'expected one of none, prior, rollout, control but received "rolled"'],
  ])('refuses %j', (text, sentence) => {
    expect(failure(VALID + text).message).toContain(sentence);
  });

  it('names file, line, path and the nearest key for an unknown key', () => {
    const error = failure(`${VALID}inversion:\n  iteration: 5\n`);
    expect(error.code).toBe('CASE_UNKNOWN_KEY');
    expect(error.exitCode).toBe(2);
    expect(error.message).toBe(`${join(cases.path, 'case.yaml')}:20: unknown key inversion.iteration: did you mean iterations?`);
  });

  it('says where a key belongs that stands in the wrong section', () => {
    expect(failure(`${VALID}batchNorm: true\n`).message).toMatch(/unknown key batchNorm: did you mean surrogate\.batchNorm/);
  });

  it('lists the known keys when none is near', () => {
    expect(failure(`${VALID}withheld: { zzzzzz: 1 }\n`).message).toMatch(/unknown key withheld\.zzzzzz: known here: fraction, blockCells, seed/);
  });

  it('points at the override that is wrong', () => {
    const error = failure(VALID, ['training.lerningRate=1']);
    expect(error.message).toBe('--set training.lerningRate=1: unknown key training.lerningRate: did you mean learningRate?');
    const section = failure(VALID, ['inversoin.iterations=2']);
    expect(section.message).toBe('--set inversoin.iterations=2: unknown key inversoin: did you mean inversion?');
    expect(failure(VALID, ['nonsense']).code).toBe('CASE_OVERRIDE');
    expect(failure(VALID, ['name=[']).code).toBe('CASE_OVERRIDE');
  });

  it.each(['..', '../../evil', 'a/b', '.hidden', '-x', ''])('refuses the name %j, which would lead out of the folder of the runs', (name) => {
    expect(failure(VALID, [`name=${JSON.stringify(name)}`]).message).toMatch(
      /^--set name=.*: name: expected letters, digits, spaces, _ \. and -, the first/,
    );
  });

  it.each(['North China 2017', 'v1.2_b-c', '华北'])('takes the name %j', (name) => {
    expect(loadCase(write(VALID), [`name=${name}`]).name).toBe(name);
  });

  it('says of an override which entry of a list is not there', () => {
    expect(failure(VALID, ['periods.7.hours=3']).message).toBe('--set periods.7.hours=3: there is no periods.7: periods has 1 entry, counted from 0');
    expect(failure(VALID, ['periods.x=3']).message).toMatch(/there is no periods\.x: /);
    expect(failure(VALID, ['certificate.pairs.0.minR=1']).message).toMatch(
      /pairs: expected a list but received .*: the file has no such list of which an entry could be set: write it whole, as certificate\.pairs: \[\.\.\.\]$/,
    );
    expect(failure(VALID, ['periods.1.hours=3']).code).toBe('CASE_OVERRIDE');
  });

  it('leaves what all objects inherit as it is', () => {
    expect(failure(VALID, ['__proto__.x=3']).code).toBe('CASE_OVERRIDE');
    expect(failure(VALID, ['training.__proto__=3']).code).toBe('CASE_OVERRIDE');
    expect(failure(VALID, ['constructor.prototype.x=3']).code).toBe('CASE_UNKNOWN_KEY');
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('tells all problems at once', () => {
    const error = failure(
      VALID.replace('hours: 216', 'hours: many') +
        'training: { batch: 0, l2: -1 }\nsurrogate: { network: cnn }\nctm: { kind: wrf }\nmembers: { cuont: 3 }\n',
    );
    expect(error.code).toBe('CASE_UNKNOWN_KEY');
    const lines = error.message.split('\n').map((line) => line.replace(/^.*case\.yaml/, ''));
    expect(lines).toEqual(
      expect.arrayContaining([
        ':4: periods.0.hours: expected a whole number (in h) but received "many"',
        ':19: training.batch: expected at least 1 but received 0',
        ':19: training.l2: expected at least 0 but received -1',
        ':20: surrogate.network: expected one of lstm-unet, response-unet, resnet but received "cnn"',
        ':21: ctm.kind: expected one of reference, command but received "wrf"',
        ':22: unknown key members.cuont: did you mean count?',
      ]),
    );
    expect(lines).toHaveLength(6);
  });

  it('refuses regions in the wrong order, or called as the whole grid is', () => {
    expect(failure(VALID, ['regions={ a: { rows: [40, 20], cols: [5, 4] }, domain: { rows: [0, 0], cols: [0, 0] } }']).message.split('\n')).toEqual([
      expect.stringMatching(/: regions\.a\.rows: the first lies behind the last: write \[20, 40\]$/),
      expect.stringMatching(/: regions\.a\.cols: the first lies behind the last: write \[4, 5\]$/),
      expect.stringMatching(/: regions\.domain: domain stands for the whole grid in tables: give the region another name$/),
    ]);
  });

  it('refuses a trust region where nothing could measure or keep it', () => {
    expect(failure(VALID, ['inversion.trustRegion=1', 'members.count=0', 'training.differenceWeight=0']).message).toMatch(
      /inversion\.trustRegion: it is measured by the members .* set members\.count, or remove it$/,
    );
    expect(failure(VALID, ['inversion.trustRegion=1', 'inversion.mode=paper']).message).toMatch(/the paper's mode has no trust region: remove it$/);
    expect(failure(VALID, ['paperMode.inversion.trustRegion=1']).message).toMatch(/paperMode\.inversion\.trustRegion: the paper's mode has no/);
    expect(failure(VALID, ['inversion.trustRegion=0']).message).toMatch(/inversion\.trustRegion: expected more than 0 but received 0/);
    expect(loadCase(write(VALID), ['inversion.trustRegion=1.5']).inversion.trustRegion).toBe(1.5);
  });

  it('refuses cross-validation that could choose nothing', () => {
    const of = (...settings: string[]): string =>
      failure(
        VALID,
        settings.map((setting) => `crossValidation.${setting}`),
      ).message;
    const list = 'try.spreadScale=[0.5]';
    expect(of('folds=1', list)).toMatch(/crossValidation\.folds: one fold leaves no monitor to fit: set 2 or more, or 0$/);
    expect(of('folds=3')).toMatch(/crossValidation\.try: there is nothing to choose from: add a list of values/);
    expect(of('folds=3', 'try.lengthKm=[]')).toMatch(/crossValidation\.try\.lengthKm: expected at least 1 entries/);
    expect(of('by=regions', list)).toMatch(/crossValidation\.by: there are no regions to leave out/);
    expect(of('apply=true', list)).toMatch(/crossValidation\.apply: nothing is chosen that could be taken/);
    expect(of('folds=3', 'try.factorCorrelationPeriods=[0.5]')).toMatch(/factorCorrelationPeriods: it needs several periods/);
    expect(of('folds=3', 'try.factorCorrelationFar=[{ part: 1, km: 400 }]')).toMatch(/factorCorrelationFar\.0\.part: expected at most 0\.99/);
    expect(of('folds=3', 'try.factorCorrelationFar=[{ part: 0.5, km: 400 }, { part: 0.5, km: 81 }]')).toMatch(
      /try\.factorCorrelationFar: a far part reaches farther than the rest, but 81 km is not more than the 81 km that are tried with it/,
    );
    expect(
      failure(VALID, ['crossValidation.folds=3', 'crossValidation.try.lengthKm=[54, 400]', 'inversion.factorCorrelation.far={ part: 0.5, km: 300 }'])
        .message,
    ).toMatch(/try\.lengthKm: a far part reaches farther than the rest, but 300 km is not more than the 400 km/);
    expect(failure(VALID, ['crossValidation.folds=3', `crossValidation.${list}`, 'inversion.mode=paper']).message).toMatch(/has no prior term whose/);
    expect(failure(VALID, ['crossValidation.folds=3', 'crossValidation.try.lengthKm=[54]', 'inversion.space=blocks']).message).toMatch(
      /try\.lengthKm: factors of blocks have no length/,
    );
    expect(loadCase(write(VALID), ['crossValidation.folds=3', `crossValidation.${list}`]).crossValidation.try).toEqual({ spreadScale: [0.5] });
    const far = [{ part: 0, km: 50 }];
    expect(
      loadCase(write(VALID), ['crossValidation.folds=3', `crossValidation.try.factorCorrelationFar=${JSON.stringify(far)}`]).crossValidation.try,
    ).toEqual({ factorCorrelationFar: far });
  });

  it('refuses sensitivities that say nothing, or two things', () => {
    const of = (more: string, variables = '{ O3: O3_ENX }'): string =>
      failure(`${VALID}certificate: { sensitivities: [{ name: ddm, group: NOx, files: a.nc, variables: ${variables}${more} }] }\n`).message;
    expect(of('', '{}')).toMatch(/certificate\.sensitivities\.0\.variables: expected at least one of NO2, SO2, O3, PM2\.5/);
    expect(of('', '{ CO: CO_ENX }')).toMatch(/variables\.CO/);
    expect(of(', region: nroth')).toMatch(/certificate\.sensitivities\.0\.region: there is no region nroth/);
    expect(of(', region: a, mask: { file: m.nc, variable: GA }')).toMatch(/certificate\.sensitivities\.0: expected a region or a mask, not both/);
    expect(of(', scale: 0')).toMatch(/scale: expected more than 0/);
    expect(of(' }, { name: ddm, group: SO2, files: b.nc, variables: { SO2: SO2_ES2 }')).toMatch(/the name ddm is used twice/);
  });

  it('names what is missing and what it is for', () => {
    const error = failure(VALID.replace(/^grid.*$/m, ''));
    expect(error.code).toBe('CASE_INVALID');
    expect(error.message).toMatch(/grid is missing: add it \(The grid of every field in the case\)/);
  });

  it.each([
    ['start: 2026-01-05T00:00:00Z', 'start: 2026-01-05', /periods\.0\.start: expected a full hour in UTC/],
    ['start: 2026-01-05T00:00:00Z', 'start: 2026-13-05T00:00:00Z', /expected a date and hour that exist/],
    ['hours: 216', 'hours: 72', /spinUpHours: 72 hours of spin-up leave nothing of 72/],
    ['hours: 216', 'hours: 24', /the window reaches back 24 hours, but period \w+ has only 24/],
    [
      'periods:\n',
      'periods:\n  - { name: first, start: 2026-01-05T12:00:00Z, hours: 120 }\n',
      /periods\.1: period winter compares hours that period first compares/,
    ],
    ['name: tiny', 'name: tiny\ndevice: gpu', /device: expected auto, cpu, cuda or cuda:N but received "gpu"/],
    ['name: tiny', 'name: tiny\nprecision: fp8', /precision: expected one of float32, tf32, bf16 but received "fp8"/],
    ['name: winter', 'name: "a b"', /expected letters, digits/],
    ['  twin: {}', '  timeZone: CST', /timeZone: expected UTC, or Area\/Place .* \(abbreviations .*\) but received "CST"/],
    ['  twin: {}', '', /neither files nor a twin/],
    ['  twin: {}', '  twin: {}\n  layout: cnemc-wide', /observations\.layout: simulate writes .* in the long layout: set layout: long/],
    [
      '  twin: {}',
      '  twin: {}\n  resolution: daily',
      /observations\.resolution: simulate writes .* hourly: set resolution: hourly \(inversion\.dailyMeans/,
    ],
    ['  twin: {}', '  files: obs.csv', /needs observations\.columns/],
    ['truth: { factors: inputs/truth.nc }', '', /needs a truth/],
    ['truth:', 'training: { batch: 3 }\ntruth:', /training\.batch: 3 is odd/],
    ['truth:', 'members: { count: 0 }\ntruth:', /needs members, and there are none/],
    ['truth:', 'regions: { north: { rows: [0, 3] } }\ntruth:', /regions\.north: expected one of a polygon, rows and cols, a mask, or cells/],
    ['truth:', 'loop: { passes: 2 }\ninversion: { mode: paper }\ntruth:', /loop\.passes: the paper's inversion has no anchor/],
    ['truth:', 'loop: { passes: 2 }\nsurrogate: { mode: paper }\ntruth:', /loop\.passes: the paper's surrogate learns from the prior run only/],
    [
      'truth:',
      'loop: { passes: 2 }\nmembers: { count: 0 }\ntraining: { batch: 3, differenceWeight: 0 }\ntruth:',
      /loop\.passes: training\.batch: 3 is odd/,
    ],
    ['truth:', 'loop: { passes: 2 }\npriorConcentrations: a.nc\ntruth:', /loop\.passes: .* the reference model, which did not make it/],
    [
      'truth:',
      'loop: { passes: 2 }\nmembers: { runs: [{ name: updated-1, emissions: e, concentrations: c }] }\ntruth:',
      /the run updated-1 of members\.runs has the name of a run of a pass/,
    ],
    ['truth:', 'loop: { passes: 0 }\ntruth:', /loop\.passes: expected at least 1 but received 0/],
    [
      'truth:',
      'ctm: { kind: command, command: "cmaq {emission} {output}" }\ntruth:',
      /nothing is filled in for \{emission\}: did you mean \{emissions\}\?/,
    ],
    ['truth:', 'ctm: { kind: command, command: "cmaq {emissions}" }\ntruth:', /ctm\.command: .* add \{output\}/],
    [
      'truth: { factors: inputs/truth.nc }',
      'ctm: { kind: command, command: "cmaq {output}" }\ntruth: { factors: inputs/truth.nc, options: { soaYield: 0.1 } }',
      /truth\.options: only the reference model can be run with an error, and ctm is a command: remove it/,
    ],
    [
      'truth: { factors: inputs/truth.nc }',
      'ctm: { kind: command, command: "cmaq {output}" }\ntruth: { factors: inputs/truth.nc, windError: { speed: 0.1, direction: 8 } }',
      /truth\.windError: only the reference model/,
    ],
    ['truth:', 'concentrations: { variables: { NO2: { NO2: 1, PAN: 0.95 } } }\ntruth:', /variables\.NO2: the reference model writes NO2 itself/],
    [
      'truth:',
      'members: { count: 2 }\ntraining: { testMembers: 2 }\ntruth:',
      /training\.testMembers: 2 are to be kept .* of 2 that could be one at least/,
    ],
    [
      'truth:',
      'paperMode: { training: { testMembers: 1 } }\ntruth:',
      /paperMode\.training\.testMembers: the paper's mode learns from the prior run alone/,
    ],
    ['truth:', 'inversion: { space: regions }\ntruth:', /inversion\.space: a factor for each region needs regions/],
    [
      'truth:',
      'regions: { north: { rows: [0, 3], cols: [0, 3] } }\ninversion: { regionSpread: [{ region: nort, factor: 2 }] }\ntruth:',
      /regionSpread\.0\.region: there is no region nort: did you mean north\?/,
    ],
    [
      'truth:',
      'inversion: { totals: [{ group: NOx, period: autumn, spread: 0.1 }] }\ntruth:',
      /totals\.0\.period: there is no period autumn: known are/,
    ],
    ['truth:', 'inversion: { nuisance: { runs: [{ name: inflow, spread: 0.2 }] } }\ntruth:', /runs\.0: a run is either made, .* give one of the two/],
    ['truth:', 'inversion: { mode: paper, totals: [{ group: NOx, spread: 0.1 }] }\ntruth:', /inversion\.totals: totals needs a prior term/],
    [
      'truth:',
      'inversion: { batch: 8 }\ntruth:',
      /inversion\.batch: optimiser lbfgs takes all hours .* set 0, or optimiser: adam, which may draw 8$/,
    ],
    ['truth:', 'paperMode: { inversion: { optimiser: lbfgs } }\ntruth:', /paperMode\.inversion\.batch: optimiser lbfgs takes all .* may draw 2$/],
    [
      'truth:',
      'ctm: { kind: command, command: "cmaq {output}" }\ninversion: { nuisance: { runs: [{ name: a, spread: 1, options: { soaYield: 0.1 } }] } }\ntruth:',
      /nuisance\.runs\.0\.options: only the reference model can be run with other options/,
    ],
    [
      'truth:',
      'ctm: { kind: command, command: "cmaq {output}" }\ninversion: { nuisance: { runs: [{ name: a, spread: 1, windErrors: { draws: 4, speed: 0.1, direction: 5 } }] } }\ntruth:',
      /nuisance\.runs\.0\.windErrors: only the reference model can be run with other winds/,
    ],
    [
      'truth:',
      'inversion: { nuisance: { runs: [{ name: a, spread: 1, windErrors: { draws: 1, speed: 0.1, direction: 5 } }] } }\ntruth:',
      /nuisance\.runs\.0\.windErrors\.draws: expected at least 2 but received 1/,
    ],
    [
      'truth:',
      'inversion: { nuisance: { runs: [{ name: a, spread: 1, concentrations: "a.nc", windErrors: { draws: 4, speed: 0.1, direction: 5 } }] } }\ntruth:',
      /runs\.0: a run is either made, .* give one of the two/,
    ],
    [
      'truth:',
      'inversion: { nuisance: { runs: [{ name: a-02, spread: 1, concentrations: "a.nc" }, { name: a, spread: 1, windErrors: { draws: 2, speed: 0.1, direction: 5 } }] } }\ntruth:',
      /nuisance\.runs\.1\.name: the name a-02 is used twice/,
    ],
    ['truth:', 'inversion: { surrogateError: certificat }\ntruth:', /inversion\.surrogateError: expected one of none, certificate or a number but/],
    ['truth:', 'inversion: { hoursOfDay: { O3: [9, 9] } }\ntruth:', /hoursOfDay\.O3: from 9 to 9 there is no hour: give/],
    [
      'truth:',
      'inversion: { dailyMeans: true, hoursOfDay: { O3: [9, 18] } }\ntruth:',
      /hoursOfDay: a daily mean has all .* remove hoursOfDay, or set dailyMeans: false/,
    ],
    ['truth:', 'inversion: { hoursOfDay: { O3: [9, 25] } }\ntruth:', /hoursOfDay\.O3\.1: expected at most 24/],
    ['truth:', 'inversion: { errorCorrelation: { km: far } }\ntruth:', /errorCorrelation\.km: expected a number or a group of keys \(in km\) but/],
    ['truth:', 'inversion: { errorCorrelation: { km: { NO22: 5 } } }\ntruth:', /errorCorrelation\.km\.NO22: did you mean NO2\?/],
    [
      'truth:',
      'inversion: { errorCorrelation: { km: { NO: 5 } } }\ntruth:',
      /errorCorrelation\.km\.NO: concentrations\.species does not name this species: add/,
    ],
    ['truth:', 'inversion: { errorCorrelation: { km: { NO2: -5 } } }\ntruth:', /errorCorrelation\.km\.NO2: expected at least 0 \(in km\) but/],
    ['truth:', 'members: { runs: [{ name: prior, emissions: e, concentrations: c }] }\ntruth:', /the name prior is used twice/],
  ])('%s → %s', (from, to, message) => {
    expect(failure(VALID.replace(from, to)).message).toMatch(message);
  });

  it('refuses hours of the day for daily means', () => {
    const observed = '  files: o.csv\n  columns: { species: { O3: { column: o3, unit: ppb } } }\n  resolution: daily';
    const daily = VALID.replace('  twin: {}', `${observed}\ninversion: { hoursOfDay: { O3: [9, 18] } }`);
    expect(failure(daily).message).toMatch(/inversion\.hoursOfDay: a daily mean has all hours of its day in it: remove/);
  });

  it('a file that is missing, a folder, empty or not YAML', () => {
    expect(() => loadCase(join(cases.path, 'none.yaml'))).toThrow(/there is no such file/);
    expect(() => loadCase(cases.path)).toThrow(/no run folder/);
    expect(failure('').code).toBe('CASE_SYNTAX');
    expect(failure('name: x\nname: y\n').message).toMatch(/case\.yaml:2: not valid YAML \(Map keys must be unique\)/);
    expect(failure('a: [1').code).toBe('CASE_SYNTAX');
    const glob = failure('name: x\nmeteorology: { files: *all }\n');
    expect([glob.code, glob.message]).toEqual(['CASE_SYNTAX', expect.stringMatching(/case\.yaml:2: not valid YAML .*begins with \* needs quotes$/)]);
  });
});

describe('a loaded case that was kept as JSON', () => {
  const kept = (path: string): { loaded: Case; json: Record<string, unknown> } => {
    const loaded = loadCase(path);
    const { file: _, ...settings } = loaded;
    return { loaded, json: JSON.parse(JSON.stringify(settings)) as Record<string, unknown> };
  };
  it.each(['china-201701', 'cmaq-slurm'])('is the same case: examples/%s', (name) => {
    const { loaded, json } = kept(join(__dirname, '../../../../examples', name, 'case.yaml'));
    expect(restoreCase(json, loaded.file)).toEqual(loaded);
  });
  it('is refused by a version that has other keys', () => {
    const { json } = kept(write(VALID));
    expect(() => restoreCase({ ...json, inversion: { ...(json['inversion'] as object), of: 'another version' } }, 'run.json')).toThrow(
      expect.objectContaining({
        code: 'CASE_INVALID',
        message: expect.stringMatching(/^run\.json: its case does not fit .*inversion.*use the version/) as string,
      }) as Error,
    );
  });
});
