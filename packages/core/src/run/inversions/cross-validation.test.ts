import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseSchema, type Case, type InversionSettings } from '../../case';
import { ConfigError } from '../../base/errors';
import type { StageContext, StageName } from '../engine/stage';
import { changesOf, ownCandidate, searchAxes, withCandidate, type Candidate } from '../../assimilation/cross-validation/candidates';
import { crossValidationOf, pickInWords, withPick } from './cross-validation';

const inversion = caseSchema().shape.inversion.parse({
  priorSpread: { NOx: 0.4 },
  sectors: [{ sector: 'power', priorSpread: { NOx: 0.2, SO2: 0.1 } }, { sector: 'ships' }],
});

it('scales every spread of the prior, those of sectors included', () => {
  const scaled = withCandidate(inversion, { ...ownCandidate(inversion), spreadScale: 2 });
  expect(scaled.priorSpread).toEqual({ NOx: 0.8, NH3: 0.24, SO2: 1, VOC: 0.24, 'PM2.5': 1 });
  expect(scaled.sectors).toEqual([
    { sector: 'power', priorSpread: { NOx: 0.4, SO2: 0.2 } },
    { sector: 'ships', priorSpread: {} }, // that of all, which is scaled
  ]);
});

it('knows the case’s own settings again among those that are tried', () => {
  const own = { ...inversion, errorCorrelation: { ...inversion.errorCorrelation, hours: 24, km: 150 } };
  expect({ ...ownCandidate(own), errorCorrelation: { hours: 24, km: 150 } }).toEqual(ownCandidate(own));
  expect(changesOf(ownCandidate(own), { ...ownCandidate(own), errorCorrelation: { hours: 24, km: 150 } })).toEqual([]);
});

it('changes nothing with the case’s own settings', () => {
  expect(withCandidate(inversion, ownCandidate(inversion))).toEqual(inversion);
  const ofEach = { ...inversion, errorScale: { NO2: 1, SO2: 2, O3: 0.5, 'PM2.5': 3 } };
  expect(withCandidate(ofEach, { ...ownCandidate(ofEach), errorScale: 2 }).errorScale).toEqual({ NO2: 2, SO2: 4, O3: 1, 'PM2.5': 6 });
});

it('takes every setting of a candidate, scales as factors on what the case has', () => {
  const own = { ...inversion, errorScale: 1.5 };
  const candidate: Candidate = {
    lengthKm: 54,
    factorCorrelationFar: null,
    spreadScale: 1,
    errorScale: 2,
    errorCorrelation: { hours: 9, km: 99 },
    factorCorrelationPeriods: 0.25,
  };
  const taken = withCandidate(own, candidate);
  expect(taken.lengthKm).toBe(54);
  expect(taken.errorScale).toBe(3);
  expect(taken.errorCorrelation).toEqual({ ...own.errorCorrelation, hours: 9, km: 99 });
  expect(taken.factorCorrelation).toEqual({ ...own.factorCorrelation, periods: 0.25 });
  const periods = { ...ownCandidate(own), factorCorrelationPeriods: 0.25 };
  expect(changesOf(periods, { ...periods, factorCorrelationPeriods: 0 })).toEqual(['factorCorrelationPeriods 0.25']);
  expect(changesOf({ ...periods, factorCorrelationPeriods: 0 }, periods)).toEqual(['factorCorrelationPeriods none']);
});

it('searches all that the case lists, lengths before scales, and nothing else', () => {
  const pairs = [{ hours: 6, km: 54 }];
  const listed = { factorCorrelationPeriods: [0.5], errorScale: [2], lengthKm: [54, 99], errorCorrelation: pairs, spreadScale: [0.5, 2] };
  expect(searchAxes({ try: listed } as unknown as Case['crossValidation'])).toEqual([
    { key: 'lengthKm', values: [54, 99] },
    { key: 'spreadScale', values: [0.5, 2] },
    { key: 'errorScale', values: [2] },
    { key: 'errorCorrelation', values: pairs },
    { key: 'factorCorrelationPeriods', values: [0.5] },
  ]);
  expect(searchAxes({ try: {} } as Case['crossValidation'])).toEqual([]);
});

it('says both lengths of errors, of all species or of each', () => {
  const own = ownCandidate(inversion);
  const km = { NO2: 54, SO2: 27, O3: 120, 'PM2.5': 99 };
  expect(changesOf({ ...own, errorCorrelation: { hours: 7, km } }, own)).toEqual(['errorCorrelation 7 h NO2 54 SO2 27 O3 120 PM2.5 99 km']);
});

describe('the far part', () => {
  const far = { part: 0.5, km: 600 };
  const withFar = { ...inversion, factorCorrelation: { ...inversion.factorCorrelation, far } };
  const farOf = (of: InversionSettings, candidate: Partial<Candidate>): unknown =>
    withCandidate(of, { ...ownCandidate(of), ...candidate }).factorCorrelation.far;

  it('is tried, left out, or kept as the case has it', () => {
    expect(farOf(inversion, { factorCorrelationFar: far })).toEqual(far);
    expect(farOf(withFar, {})).toEqual(far);
    expect(farOf(withFar, { factorCorrelationFar: null })).toBeUndefined();
  });

  it('has words, and a part of 0 is none', () => {
    const [axis] = searchAxes({ try: { factorCorrelationFar: [far, { part: 0, km: 1 }] } } as Case['crossValidation']);
    expect(axis).toEqual({ key: 'factorCorrelationFar', values: [far, null] });
    const own = ownCandidate(inversion);
    expect(changesOf({ ...own, factorCorrelationFar: far }, own)).toEqual(['factorCorrelationFar 0.5 over 600 km']);
    expect(changesOf(own, ownCandidate(withFar))).toEqual(['factorCorrelationFar none']);
    expect(changesOf(own, own)).toEqual([]);
  });
});

describe('what was chosen', () => {
  let out: string;
  beforeEach(() => (out = mkdtempSync(join(tmpdir(), 'retroplume-pick-'))));
  afterEach(() => rmSync(out, { recursive: true }));

  const contextOf = (stage: StageName, variant = 'default', apply = true): StageContext =>
    ({ out, stage, variant, caseSettings: { inversion, crossValidation: { apply, folds: 0, try: {} } } }) as unknown as StageContext;
  const lengthFor = (stage: StageName, variant?: string, apply?: boolean): number => withPick(contextOf(stage, variant, apply)).lengthKm;
  const candidates = [
    { candidate: { ...ownCandidate(inversion), lengthKm: 200 }, changes: ['lengthKm 200'] },
    { candidate: { ...ownCandidate(inversion), lengthKm: 135 }, changes: ['lengthKm 135', 'errorScale 2'] },
    { candidate: ownCandidate(inversion), changes: [] },
  ];
  /** That one was the best of all, and another one was taken, as by the one-standard-error rule. */
  function leave(picked: number): void {
    mkdirSync(join(out, 'crossvalidate'), { recursive: true });
    const summary = { candidates, best: 0, picked };
    const record = { stage: 'crossvalidate', key: 'k', inputs: [], startedAt: '', seconds: 1, products: [], bytes: {}, sha256: {}, summary };
    writeFileSync(join(out, 'crossvalidate', 'record.json'), JSON.stringify(record));
  }

  it('is taken by the inversion and all after it, and by a preview that is made after it', () => {
    expect(lengthFor('preview')).toBe(81);
    expect(() => lengthFor('invert')).toThrow(ConfigError);
    leave(1);
    expect((['preview', 'invert', 'uncertainty', 'verify'] as const).map((stage) => lengthFor(stage))).toEqual([135, 135, 135, 135]);
    expect([lengthFor('certify'), lengthFor('invert', 'paper')]).toEqual([81, 81]);
  });

  it('is not taken by the choice itself, nor where the case takes none', () => {
    leave(1);
    expect([lengthFor('crossvalidate'), lengthFor('invert', 'default', false)]).toEqual([81, 81]);
    expect(pickInWords(contextOf('invert', 'default', false))).toBeUndefined();
  });

  it('is told in words', () => {
    leave(1);
    expect(pickInWords(contextOf('invert'))).toBe('lengthKm 135, errorScale 2');
    leave(2);
    expect(pickInWords(contextOf('invert'))).toBe("the case's own settings, which nothing that was tried betters");
  });

  it('of an earlier case is nothing to one that asks for no choice', () => {
    leave(1);
    const context = contextOf('report');
    expect(crossValidationOf(context)).toBeUndefined();
    const asking = { ...context, caseSettings: { ...context.caseSettings, crossValidation: { apply: true, folds: 3, try: { lengthKm: [54] } } } };
    expect(crossValidationOf(asking as unknown as StageContext)).toMatchObject({ picked: 1 });
  });
});
