import { scores, type Scores } from './scores';
import { agree, column, expected } from '../testing/scores/tables';

describe('scores', () => {
  it('agree with four pairs worked by hand', () => {
    // o 1 2 3 6 (mean 3), m 2 2 5 7 (mean 4): differences 1 0 2 1, their squares 1 0 4 1; Σo 12;
    // deviations o −2 −1 0 3, m −2 −2 1 3: covariance 4+2+0+9 = 15, squares 14 and 18;
    // fractions 1/3 0 2/8 1/13; |m − ō| + |o − ō| = 1+2, 1+1, 2+0, 4+3: squares 9 4 4 49.
    const result = scores([1, 2, NaN, 3, 6, 4], [2, 2, 9, 5, 7, NaN]);
    const fraction = 50 * (1 / 3 + 2 / 8 + 1 / 13);
    expect(result).toEqual({
      n: 4,
      mae: 1,
      bias: 1,
      nmb: 4 / 12,
      nme: 4 / 12,
      r: 15 / Math.sqrt(14 * 18),
      rmse: Math.sqrt(6 / 4),
      mfb: expect.closeTo(fraction, 12) as number,
      mfe: expect.closeTo(fraction, 12) as number,
      ioa: 1 - 6 / 66,
      meanObserved: 3,
      meanSimulated: 4,
    });
  });

  it.each(Object.entries(expected.scores))('%s of the fixed table is that of numpy and scipy to 1e-12', (name, value) => {
    const received = scores(column('pairs', 'observed'), column('pairs', 'simulated'));
    expect(agree(received[name as keyof Scores], value)).toBe(true);
    expect(Object.keys(received).sort()).toEqual(Object.keys(expected.scores).sort());
  });

  it('tell over- from underestimation', () => {
    expect(scores([2, 2], [1, 3])).toMatchObject({ nmb: 0, nme: 0.5, mfb: 50 * (-2 / 3 + 2 / 5), mfe: 50 * (2 / 3 + 2 / 5) });
    expect(scores([1, 2, 3], [3, 2, 1]).r).toBeCloseTo(-1, 12);
  });

  it('have no correlation with constant observations, though the mean of three times 0.1 is not 0.1', () => {
    expect(scores([0.1, 0.1, 0.1], [1, 2, 4]).r).toBeNaN();
    expect(scores([1, 2, 4], [0.1, 0.1, 0.1]).r).toBeNaN();
    // About a constant the potential error is the error itself: no agreement; where both are constant and equal there is nothing to agree about.
    expect(scores([2, 2, 2], [1, 2, 6]).ioa).toBe(0);
    expect(scores([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]).ioa).toBeNaN();
  });

  it('stand zeros: two zeros agree, one zero is a fractional error of 200 %, and nothing can be normalised by zero', () => {
    expect(scores([0, 0], [0, 0])).toMatchObject({ mae: 0, rmse: 0, mfb: 0, mfe: 0, nmb: NaN, nme: NaN, r: NaN, ioa: NaN });
    expect(scores([0, 3], [1, 0])).toMatchObject({ mfb: 0, mfe: 200, nme: 4 / 3 });
  });

  it('stand the noise of monitors below zero: as it is in differences, as zero in fractions, and a mean that is not above zero normalises nothing', () => {
    // Without the cut the fractions of the first pair would be 1.2 / −0.2 and 1.1 / 0.1, beyond ±200 %.
    expect(scores([-0.7, -0.5, 4], [0.5, 0.6, 2])).toMatchObject({
      bias: expect.closeTo(0.1, 12) as number,
      mfb: expect.closeTo((200 / 3) * (1 + 1 - 1 / 3), 12) as number,
    });
    expect(scores([-0.2, -0.1], [-0.1, 0])).toMatchObject({ mfb: 0, mfe: 0, mae: expect.closeTo(0.1, 12) as number });
    expect(scores([-0.2, 0.1], [0.3, 0.2])).toMatchObject({
      mae: expect.closeTo(0.3, 12) as number,
      nmb: NaN,
      nme: NaN,
      r: expect.closeTo(-1, 12) as number,
    });
  });

  it('of one pair have no correlation', () => {
    expect(scores([4], [5])).toMatchObject({ n: 1, mae: 1, rmse: 1, nmb: 0.25, mfb: 200 / 9, r: NaN, ioa: 0 });
  });

  it('of no pair are not a number', () => {
    const { n, ...rest } = scores([NaN, 1, Infinity], [1, NaN, 1]);
    expect(n).toBe(0);
    expect(Object.values(rest).every(Number.isNaN)).toBe(true);
  });

  it('refuse rows of different lengths', () => {
    expect(() => scores([1], [1, 2])).toThrow(expect.objectContaining({ code: 'SCORES_SHAPE', exitCode: 1 }) as Error);
  });
});
