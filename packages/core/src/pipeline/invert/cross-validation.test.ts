import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseSchema, type Case, type InversionSettings } from '../../data/case';
import { ConfigError } from '../../errors';
import type { StageContext, StageName } from '../engine/stage';
import { changesOf, ownCandidate, searchAxes, withCandidate, withPick, type Candidate } from './cross-validation';

const inversion = caseSchema.shape.inversion.parse({
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

describe('the far part', () => {
  const far = { part: 0.5, km: 600 };
  const withFar = { ...inversion, factorCorrelation: { ...inversion.factorCorrelation, far } };
  const farOf = (of: InversionSettings, candidate: Partial<Candidate>): unknown =>
    withCandidate(of, { ...ownCandidate(of), ...candidate }).factorCorrelation.far;

  it('is tried, left out, or kept as the case has it by a choice of before it could be tried', () => {
    expect(farOf(inversion, { factorCorrelationFar: far })).toEqual(far);
    expect(farOf(withFar, {})).toEqual(far);
    expect(farOf(withFar, { factorCorrelationFar: null })).toBeUndefined();
    expect(farOf(withFar, { factorCorrelationFar: undefined })).toEqual(far);
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

  const lengthFor = (stage: StageName, variant = 'default'): number =>
    withPick({ out, stage, variant, case: { inversion, crossValidation: { apply: true } } } as unknown as StageContext).lengthKm;

  it('is taken by the inversion and all after it, and by a preview that is made after it', () => {
    expect(lengthFor('preview')).toBe(81);
    expect(() => lengthFor('invert')).toThrow(ConfigError);
    const candidates = [{ candidate: { ...ownCandidate(inversion), lengthKm: 135 }, changes: ['lengthKm 135'] }];
    mkdirSync(join(out, 'crossvalidate'));
    const record = { stage: 'crossvalidate', key: 'k', inputs: [], startedAt: '', seconds: 1, products: [], summary: { candidates, picked: 0 } };
    writeFileSync(join(out, 'crossvalidate', 'record.json'), JSON.stringify(record));
    expect((['preview', 'invert', 'uncertainty', 'verify'] as const).map((stage) => lengthFor(stage))).toEqual([135, 135, 135, 135]);
    expect([lengthFor('certify'), lengthFor('invert', 'paper')]).toEqual([81, 81]);
  });
});
