import { rateScores } from './performance-benchmarks';
import { scores, type Scores } from './scores';

/** Scores at high concentrations, where the limits of Boylan & Russell no longer depend on them. */
const at = (changed: Partial<Scores>): Scores => ({
  ...scores([50, 60], [50, 60]),
  nmb: 0,
  nme: 0,
  r: 1,
  mfb: 0,
  mfe: 0,
  meanObserved: 50,
  meanSimulated: 60,
  ...changed,
});

describe('benchmarks', () => {
  it.each([
    [{ nmb: -0.049 }, 'goal'],
    [{ nmb: 0.05 }, 'criteria'],
    [{ nmb: -0.15 }, 'neither'],
    [{ nme: 0.149 }, 'goal'],
    [{ nme: 0.15 }, 'criteria'],
    [{ nme: 0.25 }, 'neither'],
    [{ r: 0.751 }, 'goal'],
    [{ r: 0.75 }, 'criteria'],
    [{ r: 0.5 }, 'neither'],
  ] as const)('of Emery et al. for MDA8 O3: %j is %s', (changed, rating) => {
    expect(rateScores('O3', 'mda8', at(changed)).emery).toHaveProperty(Object.keys(changed)[0], rating);
  });

  it.each([
    [{ nmb: 0.099 }, 'goal'],
    [{ nmb: 0.299 }, 'criteria'],
    [{ nmb: 0.3 }, 'neither'],
    [{ nme: 0.349 }, 'goal'],
    [{ nme: 0.499 }, 'criteria'],
    [{ nme: 0.5 }, 'neither'],
    [{ r: 0.71 }, 'goal'],
    [{ r: 0.41 }, 'criteria'],
    [{ r: 0.4 }, 'neither'],
  ] as const)('of Emery et al. for 24-hour PM2.5: %j is %s', (changed, rating) => {
    expect(rateScores('PM2.5', 'daily-mean', at(changed)).emery).toHaveProperty(Object.keys(changed)[0], rating);
  });

  it.each([
    [{ mfb: -30 }, 'goal'],
    [{ mfb: 60 }, 'criteria'],
    [{ mfb: 61 }, 'neither'],
    [{ mfe: 50 }, 'goal'],
    [{ mfe: 75 }, 'criteria'],
    [{ mfe: 76 }, 'neither'],
  ] as const)('of Boylan & Russell at 55 µg m-3: %j is %s', (changed, rating) => {
    expect(rateScores('PM2.5', 'daily-mean', at(changed)).boylanRussell).toHaveProperty(Object.keys(changed)[0], rating);
  });

  it('of Boylan & Russell widen where concentrations are low, and allow everything at 0', () => {
    // At C = 0.5: goal of MFB 30 + 170/e = 92.5, criteria 60 + 140/e = 111.5; of MFE 50 + 150 e^(−2/3) = 127.0, 75 + 125 e^(−2/3) = 139.2.
    const low = (mfb: number, mfe: number): unknown =>
      rateScores('PM2.5', 'daily-mean', at({ mfb, mfe, meanObserved: 0.2, meanSimulated: 0.8 })).boylanRussell;
    expect([low(92, 126), low(93, 128), low(-112, 140)]).toEqual([
      { mfb: 'goal', mfe: 'goal' },
      { mfb: 'criteria', mfe: 'criteria' },
      { mfb: 'neither', mfe: 'neither' },
    ]);
    expect(rateScores('PM2.5', 'daily-mean', at({ mfb: 200, mfe: 200.1, meanObserved: -0.3, meanSimulated: 0.1 })).boylanRussell).toEqual({
      mfb: 'goal',
      mfe: 'neither',
    });
    expect(rateScores('PM2.5', 'daily-mean', at({ mfb: 200, mfe: 200, meanObserved: 0, meanSimulated: 0 })).boylanRussell).toEqual({
      mfb: 'goal',
      mfe: 'goal',
    });
  });

  it('judge hourly O3 by bias and error above the cut-off and by correlation over all hours', () => {
    expect(rateScores('O3', 'hourly-cutoff', at({}))).toEqual({ emery: { nmb: 'goal', nme: 'goal' } });
    expect(rateScores('O3', 'hourly', at({}))).toEqual({ emery: { r: 'goal' } });
  });

  it('are none for NO2 and SO2, for averages they were not made for, without a pair and for what is not a number', () => {
    expect(rateScores('NO2', 'hourly', at({}))).toEqual({});
    expect(rateScores('SO2', 'daily-mean', at({}))).toEqual({});
    expect(rateScores('PM2.5', 'hourly', at({}))).toEqual({});
    expect(rateScores('O3', 'daily-mean', at({}))).toEqual({});
    expect(rateScores('O3', 'mda8', scores([], []))).toEqual({});
    expect(rateScores('O3', 'mda8', scores([4], [4])).emery).toEqual({ nmb: 'goal', nme: 'goal', r: undefined });
  });
});
