import { maeChange, type BlockErrors } from './mae-change';

const blocks = (...errors: BlockErrors[]): Map<string, BlockErrors> => new Map(errors.map((each, i) => [`${i}`, each]));

describe('the change of the mean absolute error', () => {
  it('weighs blocks by their pairs, and has no interval with fewer than five blocks', () => {
    expect(maeChange(blocks([2, 1], [6, 5]))).toEqual({ relative: -0.25, blocks: 2, noInterval: 'blocks: 2; an interval needs 5' });
  });

  it('is sure where all blocks agree', () => {
    expect(maeChange(blocks([2, 1], [4, 2], [8, 4], [2, 1], [2, 1]))).toEqual({ relative: -0.5, blocks: 5, interval: { low: -0.5, high: -0.5 } });
  });

  it('has an interval about it where they do not, the same in any order', () => {
    const errors = Array.from({ length: 12 }, (_, i): BlockErrors => [10, 5 + (i % 4)]);
    const change = maeChange(blocks(...errors));
    expect(change.relative).toBeCloseTo(-0.35, 12);
    // The mean of 12 draws from −0.5, −0.4, −0.3, −0.2 has a standard deviation of 0.112/√12 = 0.032: 90 % within ± 0.053,
    // on a lattice of 1/120.
    expect(Math.abs(change.interval!.low + 0.403)).toBeLessThan(1 / 120);
    expect(Math.abs(change.interval!.high + 0.297)).toBeLessThan(1 / 120);
    expect(maeChange(new Map([...blocks(...errors)].reverse()))).toEqual(change);
  });

  it('is not known where the prior run has no error, or nothing was compared', () => {
    expect(maeChange(blocks([0, 1], [0, 1], [0, 1], [0, 1], [0, 1]))).toEqual({ relative: NaN, blocks: 5, noInterval: 'the prior run has no error' });
    expect(maeChange(blocks())).toEqual({ relative: NaN, blocks: 0, noInterval: 'blocks: 0; an interval needs 5' });
  });
});
