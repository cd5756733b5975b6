import { DataError } from '../../base/errors';
import { normalisationOf } from './normalisation';
import { CELLS, METEOROLOGY, tinyPeriod, WORLD } from '../testing/tiny-world';

describe('normalisation', () => {
  const periods = [tinyPeriod('winter', 1), tinyPeriod('summer', 2)];
  const spinUp = [WORLD.spinUpHours, WORLD.spinUpHours];

  it('brings meteorology to mean 0 and deviation 1 over all periods', () => {
    const { offset, scale } = normalisationOf(periods, spinUp).meteorology;
    for (let c = 0; c < METEOROLOGY.length; c++) {
      let [sum, squares, n] = [0, 0, 0];
      for (const { meteorology } of periods) {
        for (let i = c; i < meteorology.length; i += METEOROLOGY.length, n++) {
          const z = (meteorology[i] - offset[c]) / scale[c];
          sum += z;
          squares += z * z;
        }
      }
      expect(sum / n).toBeCloseTo(0, 9);
      expect(squares / n).toBeCloseTo(1, 9);
    }
  });

  it('scales emissions by their root mean square and shifts neither them nor concentrations: zero stays zero', () => {
    const { emissions, concentrations } = normalisationOf(periods, spinUp);
    expect([...emissions.offset, ...concentrations.offset]).toEqual(new Array(9).fill(0));
    const nox = periods.flatMap(({ runs }) => [...runs.get('prior')!.emissions].filter((_, i) => i % 5 === 0));
    expect(emissions.scale[0] / Math.sqrt(nox.reduce((sum, e) => sum + e * e, 0) / nox.length)).toBeCloseTo(1, 9);
  });

  it('scales tracers by the root mean square of those of the prior run, spin-up included', () => {
    const period = tinyPeriod('winter', 1);
    const { offset, scale } = normalisationOf([period], [24]).tracers!;
    const prior = period.runs.get('prior')!;
    const held = prior.tracers!.hours({ first: 0, count: WORLD.hours });
    expect(prior.tracers!.channels).toBe(10);
    expect(offset).toEqual(new Array(10).fill(0));
    scale.forEach((each, c) => {
      const own = held.filter((_, i) => i % 10 === c);
      expect(each / Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) / own.length)).toBeCloseTo(1, 6);
    });
    prior.tracers = undefined;
    expect(normalisationOf([period], [24])).not.toHaveProperty('tracers');
  });

  it('leaves what is 0 throughout as it is', () => {
    const period = tinyPeriod('winter', 1);
    const { emissions, concentrations } = period.runs.get('prior')!;
    for (let i = 3; i < emissions.length; i += 5) emissions[i] = 0;
    for (let i = 2; i < concentrations.length; i += 4) concentrations[i] = 0;
    const made = normalisationOf([period], [24]);
    expect([made.emissions.scale[3], made.concentrations.scale[2]]).toEqual([1, 1]);
  });

  it('scales concentrations by their standard deviation: a level that is always there is no spread', () => {
    const raised = tinyPeriod('winter', 1);
    const prior = raised.runs.get('prior')!.concentrations;
    prior.forEach((value, i) => (prior[i] = i % 4 === 1 ? value + 50 : value));
    const [before, after] = [tinyPeriod('winter', 1), raised].map((period) => normalisationOf([period], [0]).concentrations.scale);
    before.forEach((scale, s) => expect(after[s] / scale).toBeCloseTo(1, 5));
    const { length } = prior;
    const seen = [...prior].filter((_, i) => i % 4 === 1);
    const mean = (values: number[]): number => (4 / length) * values.reduce((a, b) => a + b, 0);
    expect(after[1]).toBeCloseTo(Math.sqrt(mean(seen.map((value) => (value - mean(seen)) ** 2))), 4);
  });

  it('leaves hours without columns out', () => {
    const [period, short] = [tinyPeriod('winter', 1), tinyPeriod('winter', 1)];
    const { concentrations } = period.runs.get('prior')!;
    const mask = new Uint8Array(4 * WORLD.hours);
    for (let hour = 48; hour < WORLD.hours; hour++) {
      mask[4 * hour + 3] = 1;
      for (let cell = 0; cell < CELLS; cell++) concentrations[(hour * CELLS + cell) * 4 + 3] = 0;
    }
    const { scale } = normalisationOf([{ ...period, gaps: { mask, species: 4 } }], [24]).concentrations;
    const ofAll = normalisationOf([short], [24]).concentrations.scale;
    short.time.count = 48;
    expect(scale).toEqual([...ofAll.slice(0, 3), normalisationOf([short], [24]).concentrations.scale[3]]);
  });

  it('does not look at the spin-up of concentrations, nor at members', () => {
    const changed = [tinyPeriod('winter', 1), tinyPeriod('summer', 2)];
    changed[0].runs.get('prior')!.concentrations.fill(1e6, 0, WORLD.spinUpHours * CELLS * 4);
    changed[1].runs.get('member01')!.concentrations.fill(NaN);
    expect(normalisationOf(changed, spinUp)).toEqual(normalisationOf(periods, spinUp));
    changed[0].runs.get('prior')!.concentrations.fill(1e6, 0, WORLD.spinUpHours * CELLS * 4 + 1);
    expect(normalisationOf(changed, spinUp)).not.toEqual(normalisationOf(periods, spinUp));
  });

  it('only shifts what is constant', () => {
    const period = tinyPeriod('winter', 1);
    period.geography.fill(0.3);
    const { geography } = normalisationOf([period], [0]);
    expect(geography.scale).toEqual([1]);
    expect(geography.offset[0]).toBeCloseTo(0.3, 6);
    // Values that differ in their last digits alone are constant, too: divided by their deviation they would be noise of 1.
    period.geography.forEach((_, i) => (period.geography[i] = 1e5 + (i % 2) * 0.0078125));
    expect(normalisationOf([period], [0]).geography.scale).toEqual([1]);
  });

  it.each([
    [
      'winter: prior emissions: channel 2',
      (period: ReturnType<typeof tinyPeriod>): void => void (period.runs.get('prior')!.emissions[7 * 5 + 2] = NaN),
    ],
    [
      'winter: prior concentrations: channel 3',
      (period: ReturnType<typeof tinyPeriod>): void => void (period.runs.get('prior')!.concentrations[24 * CELLS * 4 + 3] = Infinity),
    ],
    ['winter: meteorology: channel 1', (period: ReturnType<typeof tinyPeriod>): void => void (period.meteorology[METEOROLOGY.length + 1] = NaN)],
    ['winter: geography: channel 0', (period: ReturnType<typeof tinyPeriod>): void => void (period.geography[5] = NaN)],
  ])('refuses values that are not finite, and says where: %s', (where, spoil) => {
    const period = tinyPeriod('winter', 1);
    spoil(period);
    expect(() => normalisationOf([period], [24])).toThrow(DataError);
    expect(() => normalisationOf([period], [24])).toThrow(where);
  });

  it('asks for the prior run', () => {
    const period = tinyPeriod('winter', 1, { runs: { member01: 1 } });
    expect(() => normalisationOf([period], [24])).toThrow(expect.objectContaining({ code: 'PRIOR_MISSING' }) as Error);
  });
});
