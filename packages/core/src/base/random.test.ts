import { Random } from './random';

describe('Random', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const first = new Random(1);
    const again = new Random(1);
    const other = new Random(2);
    const draws = [first, again, other].map((random) => Array.from({ length: 20 }, () => random.uniform()));
    expect(draws[0]).toEqual(draws[1]);
    expect(draws[0]).not.toEqual(draws[2]);
    // Frozen: a change of generator would silently change every twin experiment and checkpoint.
    expect(new Random(1).integer(1e9)).toMatchInlineSnapshot(`80000799`);
  });

  it('has the moments of the uniform and the normal distribution', () => {
    const random = new Random(3);
    const n = 200_000;
    let sum = 0;
    let normalSum = 0;
    let normalSquares = 0;
    let fourth = 0;
    let outside = 0;
    for (let i = 0; i < n; i++) {
      const u = random.uniform();
      if (!(u >= 0 && u < 1)) outside++;
      const z = random.normal();
      sum += u;
      normalSum += z;
      normalSquares += z * z;
      fourth += z ** 4;
    }
    expect(outside).toBe(0);
    // Five standard errors of each mean.
    expect(Math.abs(sum / n - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(normalSum / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(normalSquares / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(fourth / n - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  });

  it('forks by seed and label, whatever was drawn before', () => {
    const random = new Random(5);
    const early = random.fork('noise').uniform();
    random.uniform();
    expect(random.fork('noise').uniform()).toBe(early);
    expect(random.fork('other').uniform()).not.toBe(early);
    expect(new Random(6).fork('noise').uniform()).not.toBe(early);
  });

  it('continues bit for bit from a state that went through JSON', () => {
    const random = new Random(-12.5);
    for (let i = 0; i < 7; i++) random.normal();
    const copy = Random.restore(JSON.parse(JSON.stringify(random.state())) as number[]);
    expect(Array.from({ length: 50 }, () => copy.normal())).toEqual(Array.from({ length: 50 }, () => random.normal()));
    expect(copy.fork('a').uniform()).toBe(random.fork('a').uniform());
  });

  it('permutes', () => {
    const order = new Random(9).permutation(100);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...order]).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
