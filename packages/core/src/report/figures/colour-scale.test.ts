import { quantile } from '../../base/vectors';
import { divergingScale, limitText, linearTicks, niceCeiling, niceFloor, sequentialScale, tickLabel } from './colour-scale';

describe('colour scales', () => {
  it('quantiles by nearest rank, without what is missing', () => {
    expect(quantile([4, NaN, 1, 3, 2], 0.5)).toBe(2);
    expect(quantile([4, 1, 3, 2], 1)).toBe(4);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('rounds ends and ticks to numbers that read well', () => {
    expect([0.73, 1, 1.2, 17, 999].map(niceCeiling)).toEqual([0.8, 1, 1.5, 20, 1000]);
    expect([0.73, 1, 1.2, 17, 0.172, 0.35].map(niceFloor)).toEqual([0.6, 1, 1, 15, 0.15, 0.3]);
    expect(niceCeiling(NaN)).toBe(1);
    expect([0, 0.5, 1, 1.5, 7.5, 150, -20].map(tickLabel)).toEqual(['0', '0.5', '1', '1.5', '7.5', '150', '−20']);
    expect(linearTicks(40)).toEqual([0, 10, 20, 30, 40]);
  });

  it('shows even amounts linearly and skewed ones by their logarithm', () => {
    const even = sequentialScale([Float32Array.from({ length: 100 }, (_, index) => index + 1)]);
    expect(even.logarithmic).toBe(false);
    expect(even.ticks.map(({ label }) => label)).toEqual(['0', '25', '50', '75', '100']);
    const skewed = sequentialScale([Float32Array.from({ length: 1000 }, (_, index) => Math.exp(index / 100))]);
    expect(skewed.logarithmic).toBe(true);
    const positions = skewed.ticks.map(({ position }) => position);
    const gaps = positions.slice(1).map((position, index) => position - positions[index]);
    for (const gap of gaps) expect(gap).toBeCloseTo(gaps[0], 6); // a decade is as long as the next
  });

  it('gives missing values no colour and values beyond the ends the colour of the end', () => {
    const scale = divergingScale([[-10, 10]], 1);
    expect(scale.index(NaN)).toBe(0);
    expect(scale.colour(NaN)).toBeUndefined();
    expect(scale.index(1e9)).toBe(scale.palette.length);
    expect(scale.index(-1e9)).toBe(1);
  });

  it('keeps zero in the middle of a diverging scale, however lopsided the values', () => {
    const scale = divergingScale([[1, 2, 30]], 1);
    expect(scale.domain).toEqual([-30, 30]);
    expect(scale.index(0)).toBe(1 + (scale.palette.length - 1) / 2);
    expect(scale.ticks.map(({ label }) => label)).toEqual(['−30', '−15', '0', '+15', '+30']);
  });

  it('ends where a value cannot be larger, and says its limits', () => {
    const scale = divergingScale([[250, -90]], 1, 100);
    expect(scale.domain).toEqual([-100, 100]);
    expect(limitText(scale, '%')).toBe('−100 to +100\u00a0%');
    expect(limitText(sequentialScale([[0, 4, 5]]), 'ppb')).toBe('0 to 5\u00a0ppb');
  });

  it('labels halves exactly', () => {
    expect(divergingScale([[15]], 1).ticks.map(({ label }) => label)).toEqual(['−15', '−7.5', '0', '+7.5', '+15']);
  });

  it('does not blow up a change of nothing', () => {
    const scale = divergingScale([[0, 0, NaN]], 1);
    expect(scale.domain).toEqual([-1, 1]);
    expect(divergingScale([[]], 5).domain).toEqual([-5, 5]);
  });

  it('stays usable where nothing is emitted', () => {
    const scale = sequentialScale([[NaN, NaN]]);
    expect(scale.ticks.every(({ position }) => Number.isFinite(position))).toBe(true);
    expect(scale.index(NaN)).toBe(0);
    expect(sequentialScale([[0, 0]]).index(0)).toBe(1);
  });
});
