import { DEFAULT_CHANNELS } from '../../base/species';
import { Role } from '../../inversion/cost/cost';
import { gainsAgree, gainsOf, usedError, type ComparedObservations, type Gain } from './loop-gains';

const NO2 = 0;
const O3 = 2;

/** Cells 0 and 1 used (one of them watched), 2 withheld; all observations are 10. */
const winter: ComparedObservations = {
  observed: Float32Array.of(10, 10, 10, NaN, 10),
  prior: Float32Array.of(14, 12, 18, 99, 40),
  predicted: Float32Array.of(11, 11, 13, 99, 20),
  realised: Float32Array.of(12, 10, 14, 99, 25),
  species: Uint8Array.of(NO2, NO2, NO2, NO2, O3),
  role: Uint8Array.of(Role.used, Role.watched, Role.withheld, Role.used, Role.used),
  cell: [0, 1, 2, 0, 1],
};

it('gains by species, side and region, missing values left out', () => {
  const gains = gainsOf([winter], [{ name: 'west', mask: [1, 0, 0] }], DEFAULT_CHANNELS);
  expect(gains).toEqual([
    { species: 'NO2', unit: 'ppb', stations: 'used', n: 2, priorMae: 3, predictedMae: 1, realisedMae: 1 },
    { species: 'O3', unit: 'ppb', stations: 'used', n: 1, priorMae: 30, predictedMae: 10, realisedMae: 15 },
    { species: 'NO2', unit: 'ppb', stations: 'withheld', n: 1, priorMae: 8, predictedMae: 3, realisedMae: 4 },
    { species: 'NO2', unit: 'ppb', stations: 'used', region: 'west', n: 1, priorMae: 4, predictedMae: 1, realisedMae: 2 },
  ]);
  // Means over species: (1/3 + 10/30) / 2 and (1/3 + 15/30) / 2; neither the withheld monitor nor the region counts.
  expect(usedError(gains, 'predicted')).toBeCloseTo(1 / 3, 12);
  expect(usedError(gains, 'realised')).toBeCloseTo(5 / 12, 12);
});

it('periods add up, and one without a run of the transport model leaves no realised error', () => {
  const summer = { ...winter, prior: winter.prior.map((value) => value + 6), realised: undefined };
  const [no2] = gainsOf([winter, summer], [], DEFAULT_CHANNELS);
  expect(no2).toMatchObject({ n: 4, priorMae: 6, realisedMae: null });
});

describe('agreement', () => {
  const gain = (predictedMae: number, realisedMae: number, over: Partial<Gain> = {}): Gain => ({
    species: 'NO2',
    unit: 'ppb',
    stations: 'used',
    n: 1,
    priorMae: 10,
    predictedMae,
    realisedMae,
    ...over,
  });
  it.each([
    ['a quarter of the realised gain of 8', gain(4, 2), true],
    ['more than a quarter', gain(4.1, 2), false],
    ['a promise of more than there was', gain(0, 4), false],
    ['a loss of 2, predicted as one of 2.5', gain(12.5, 12), true],
    ['a loss where a gain was promised', gain(8, 12), false],
  ])('%s: %s', (_, each, agrees) => {
    expect(gainsAgree([each], 0.25)).toBe(agrees);
    // Withheld monitors and regions have no say; another species has.
    expect(gainsAgree([each, gain(9, 1, { stations: 'withheld' }), gain(9, 1, { region: 'west' })], 0.25)).toBe(agrees);
    expect(gainsAgree([each, gain(9, 1, { species: 'SO2' })], 0.25)).toBe(false);
  });
});
