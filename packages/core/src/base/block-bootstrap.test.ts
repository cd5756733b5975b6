import { blockIntervals } from './block-bootstrap';

it('of blocks that are all alike is a point', () => {
  const blocks = Array.from({ length: 6 }, () => [3, 2]);
  expect(blockIntervals(blocks, ([a, b]) => [a / b, a])).toEqual([
    { low: 1.5, high: 1.5 },
    { low: 18, high: 18 },
  ]);
});

it('of a mean is as wide as the normal distribution says', () => {
  // 400 blocks of ±1: the mean has a standard deviation of 1/20, so the 90 % interval is ±1.645/20 = ±0.082; 1000 draws know it to some 10 %.
  const blocks = Array.from({ length: 400 }, (_, i) => [i % 2 === 0 ? 1 : -1, 1]);
  const [{ low, high }] = blockIntervals(blocks, ([sum, n]) => [sum / n])!;
  expect(Math.abs(low + 0.082)).toBeLessThan(0.01);
  expect(Math.abs(high - 0.082)).toBeLessThan(0.01);
});

it('is not given for fewer than five blocks', () => expect(blockIntervals([[1], [2], [3], [4]], ([sum]) => [sum])).toBeUndefined());
