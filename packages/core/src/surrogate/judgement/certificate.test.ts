import { certificateSchema } from '../../case/schema/certificate-schema';
import { breaches, judge, type PairResponse, type SensitivityResponse } from './certificate';
import type { DifferentiationTest } from './differentiation';
import type { ResponseFigures } from './response-comparison';

const DIFFERENTIATION: DifferentiationTest = { taylor: [], floor: 0, order: 2, dotProduct: [], limits: { error: 0.15, gain: 0.02 }, passed: true };
const limits = certificateSchema().parse({}).pairs;

function figures(slope: number, over: Partial<ResponseFigures> = {}): ResponseFigures {
  return {
    slope,
    cosine: 0.95,
    r: 0.9,
    signAgreement: 0.98,
    clear: 100,
    ctmChange: 1,
    surrogateChange: slope,
    relativeSize: 0.1,
    days: 6,
    ...over,
  };
}

function pairs(slope: number, periods = ['winter', 'summer']): PairResponse[] {
  return periods.flatMap((period) => limits.map(({ group, species }) => ({ group, species, period, runs: ['x'], figures: figures(slope) })));
}

const verdictOf = (given: PairResponse[], differentiation = DIFFERENTIATION, sensitivities: SensitivityResponse[] = []): ReturnType<typeof judge> =>
  judge({ differentiation, pairs: given, rings: [], joint: [], sensitivities }, limits, ['winter', 'summer']);

it('passes where every pair keeps its limits in every period', () => {
  expect(verdictOf(pairs(0.8))).toMatchObject({ verdict: 'passed', reasons: [] });
});

it('fails where one does not, and says which', () => {
  const given = pairs(0.8);
  given[4].figures = figures(0.12);
  expect(verdictOf(given)).toMatchObject({ verdict: 'failed', reasons: ['SO2>SO2, summer: slope 0.12 is below 0.6'] });
});

it('fails where the adjoint is wrong, whatever the response', () => {
  expect(verdictOf(pairs(0.8), { ...DIFFERENTIATION, passed: false })).toMatchObject({
    verdict: 'failed',
    reasons: ['the adjoint is not the derivative of the surrogate'],
  });
});

it('says "not certified" where a pair has no run to be judged by, and never "passed"', () => {
  const { verdict, reasons } = verdictOf(pairs(0.8, ['winter']));
  expect(verdict).toBe('not certified');
  expect(reasons).toContain(
    'NOx>NO2, summer: no member changes NOx, and no run of the transport model changes it alone: raise members.count, name NOx in response.groups, or give certificate.factors',
  );
  expect(verdictOf([]).verdict).toBe('not certified');
  expect(judge({ differentiation: DIFFERENTIATION, pairs: pairs(0.8), rings: [], joint: [], sensitivities: [] }, [], ['winter']).verdict).toBe(
    'not certified',
  );
});

it('does not say that no run changes a group alone where patches of it do', () => {
  const [nox] = limits;
  const ring = { group: nox.group, species: nox.species, period: 'winter', patches: 2, ring: { fromKm: 0 }, figures: figures(0.9) };
  const measured = { differentiation: DIFFERENTIATION, pairs: [], rings: [ring], joint: [], sensitivities: [] };
  const { verdict, reasons } = judge(measured, [nox], ['winter']);
  expect(verdict).toBe('not certified');
  expect(reasons).toEqual([
    'NOx>NO2, winter: no member changes NOx, and only the run with patches changes it alone, which is shown and not judged: raise members.count, name NOx in response.groups, or give certificate.factors',
  ]);
});

describe('sensitivities', () => {
  const ddm = (period: string, slope: number, where?: string): SensitivityResponse => ({
    name: 'ddm',
    group: 'NOx',
    species: 'NO2',
    period,
    figures: figures(slope),
    ...(where === undefined ? {} : { where }),
  });

  it('over the whole domain are judged by the limits of their pair, beside its runs', () => {
    expect(verdictOf(pairs(0.8), DIFFERENTIATION, [ddm('winter', 0.9)]).verdict).toBe('passed');
    expect(verdictOf(pairs(0.8), DIFFERENTIATION, [ddm('winter', 0.2)])).toMatchObject({
      verdict: 'failed',
      reasons: ['NOx>NO2, winter, sensitivity ddm: slope 0.20 is below 0.6'],
    });
  });

  it('stand in for runs that are not there', () => {
    const others = pairs(0.8).filter(({ group }) => group !== 'NOx');
    expect(verdictOf(others, DIFFERENTIATION, [ddm('winter', 0.9)]).reasons).toEqual([
      'NOx>NO2, summer: no member changes NOx, and no run of the transport model changes it alone: raise members.count, name NOx in response.groups, or give certificate.factors',
    ]);
    expect(verdictOf(others, DIFFERENTIATION, [ddm('winter', 0.9), ddm('summer', 0.9)]).verdict).toBe('passed');
  });

  it('stand in for parts of members, which say less', () => {
    const parts = pairs(0.2).map((pair) => (pair.group === 'NOx' ? { ...pair, figures: { ...pair.figures, part: { wholeR: 0.9 } } } : pair));
    const others = parts.map((pair) => (pair.group === 'NOx' ? pair : { ...pair, figures: figures(0.9) }));
    expect(verdictOf(others).verdict).toBe('failed');
    expect(verdictOf(others, DIFFERENTIATION, [ddm('winter', 0.9), ddm('summer', 0.9)]).verdict).toBe('passed');
  });

  it('of a part judge the slope, and r of the whole', () => {
    const parts = (slope: number, r: number, wholeR: number): PairResponse[] =>
      pairs(0.9).map((pair) => ({ ...pair, figures: { ...pair.figures, slope, r, signAgreement: 0.6, part: { wholeR } } }));
    expect(verdictOf(parts(0.9, 0.5, 0.9)).verdict).toBe('passed');
    expect(verdictOf(parts(0.5, 0.9, 0.9)).verdict).toBe('failed');
    expect(verdictOf(parts(0.9, 0.9, 0.6)).reasons[0]).toBe('NOx>NO2, winter: r of all that the members change 0.60 is below 0.7');
    expect(verdictOf(parts(0.9, 0.9, NaN)).verdict).toBe('failed');
  });

  it('of a region are not judged, and stand in for nothing', () => {
    expect(verdictOf(pairs(0.8), DIFFERENTIATION, [ddm('winter', 0.2, 'north')]).verdict).toBe('passed');
    expect(verdictOf([], DIFFERENTIATION, [ddm('winter', 0.9, 'north')]).reasons).toContain(
      'NOx>NO2, winter: no member changes NOx, and no run of the transport model changes it alone: raise members.count, name NOx in response.groups, or give certificate.factors',
    );
  });
});

it('a failure outweighs what is missing', () => expect(verdictOf(pairs(0.1, ['winter'])).verdict).toBe('failed'));

it('says where it is the transport model that answers nothing, and not that the surrogate is wrong', () => {
  const given = pairs(0.8);
  given[4].figures = figures(NaN, { r: NaN, cosine: NaN, signAgreement: NaN, clear: 0, ctmChange: 0, relativeSize: 0 });
  const { verdict, reasons } = verdictOf(given);
  expect(verdict).toBe('failed');
  expect(reasons).toEqual([
    expect.stringMatching(/^SO2>SO2, summer: the transport model's own change is 0 in every cell and hour, so that nothing can be said of /),
  ]);
});

it.each<[Partial<ResponseFigures>, RegExp]>([
  [{ slope: 1.7 }, /^slope 1.70 is above 1.5$/],
  [{ r: 0.3 }, /^r 0.30 is below 0.7$/],
  [{ signAgreement: 0.5 }, /^sign agreement 0.50 is below 0.9$/],
  [{ slope: NaN }, /^slope that is no number is below 0.6$/],
])('%j breaks a limit', (over, message) => {
  const found = breaches(figures(1, over), limits[0]);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});

it('a figure at its limit keeps it', () => {
  const [{ minSlope, maxSlope, minR, minSignAgreement }] = limits;
  for (const slope of [minSlope, maxSlope]) expect(breaches(figures(slope, { r: minR, signAgreement: minSignAgreement }), limits[0])).toEqual([]);
});

it('tells with the verdict what was measured and what was asked', () => {
  const measured = { differentiation: DIFFERENTIATION, pairs: pairs(0.8), rings: [], joint: [], sensitivities: [] };
  expect(judge(measured, limits, ['winter', 'summer'])).toEqual({ verdict: 'passed', reasons: [], limits, ...measured });
});
