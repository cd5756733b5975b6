import { scores } from './scores';

describe('scores', () => {
  it('agrees with four pairs worked by hand', () => {
    // o 1 2 3 6 (mean 3), s 2 2 5 7 (mean 4): differences 1 0 2 1; Σo 12;
    // deviations o −2 −1 0 3, s −2 −2 1 3: covariance 4+2+0+9 = 15, squares 14 and 18.
    const result = scores([1, 2, NaN, 3, 6, 4], [2, 2, 9, 5, 7, NaN]);
    expect(result).toEqual({ n: 4, mae: 1, bias: 1, nmb: 4 / 12, nme: 4 / 12, r: 15 / Math.sqrt(14 * 18) });
  });

  it('tells over- from underestimation, and gives NaN where there is nothing to compare', () => {
    expect(scores([2, 2], [1, 3]).nmb).toBe(0);
    expect(scores([2, 2], [1, 3]).nme).toBe(0.5);
    expect(scores([2, 2], [1, 3]).r).toBeNaN();
    expect(scores([NaN], [1])).toEqual({ n: 0, mae: NaN, bias: NaN, nmb: NaN, nme: NaN, r: NaN });
    expect(scores([1, 2, 3], [3, 2, 1]).r).toBeCloseTo(-1, 12);
  });

  it('refuses rows of different lengths', () => {
    expect(() => scores([1], [1, 2])).toThrow(/expected as many simulated/);
  });
});
