import { Lbfgs, shrinkage } from './lbfgs';

type Cost = (x: Float64Array) => { cost: number; gradient: Float64Array };

const rosenbrock: Cost = (x) => {
  const gradient = new Float64Array(x.length);
  let cost = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const a = x[i + 1] - x[i] ** 2;
    cost += 100 * a * a + (1 - x[i]) ** 2;
    gradient[i] += -400 * a * x[i] - 2 * (1 - x[i]);
    gradient[i + 1] += 200 * a;
  }
  return { cost, gradient };
};

/** Eigenvalues 1 … 1000. */
const quadratic: Cost = (x) => {
  const lambda = (i: number): number => 1000 ** (i / (x.length - 1));
  return { cost: x.reduce((sum, v, i) => sum + (lambda(i) * v * v) / 2, 0), gradient: x.map((v, i) => lambda(i) * v) };
};

function minimise(f: Cost, start: Float64Array, steps: number): { x: Float64Array; accepted: number[] } {
  const optimiser = new Lbfgs();
  const x = start.slice();
  const accepted: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { cost, gradient } = f(x);
    optimiser.step(x, gradient, 0.1, cost);
    const now = optimiser.state().get('scalars')![1];
    if (now !== accepted.at(-1)) accepted.push(now);
  }
  return { x, accepted };
}

describe('Lbfgs', () => {
  it('reaches the minimum of an ill-conditioned quadratic', () => {
    const { x } = minimise(
      quadratic,
      Float64Array.from({ length: 20 }, (_, i) => 1 + (i % 3)),
      250,
    );
    expect(quadratic(x).cost).toBeLessThan(1e-10);
  });

  it('keeps enough pairs to know sixty eigenvalues after eighty steps', () => {
    const start = new Float64Array(60).fill(1);
    const { accepted } = minimise(quadratic, start, 80); // 3e-7 of the cost is left, with the last eight pairs alone 2e-6
    expect(accepted.at(-1)! / accepted[0]).toBeLessThan(1e-6);
  });

  it("reaches the minimum of Rosenbrock's valley from the usual start, and the cost never rises on an accepted step", () => {
    const { x, accepted } = minimise(rosenbrock, Float64Array.of(-1.2, 1, -1.2, 1), 200);
    expect(rosenbrock(x).cost).toBeLessThan(1e-12);
    accepted.slice(1).forEach((cost, i) => expect(cost).toBeLessThan(accepted[i]));
  });

  it('does the same whatever the size of the cost', () => {
    const [factor, start] = [1e-9, Float64Array.of(-1.2, 1, -1.2, 1)];
    const small: Cost = (x) => {
      const { cost, gradient } = rosenbrock(x);
      return { cost: factor * cost, gradient: gradient.map((g) => factor * g) };
    };
    const { x, accepted } = minimise(small, start, 200);
    expect(rosenbrock(x).cost).toBeLessThan(1e-12);
    accepted.slice(1).forEach((cost, i) => expect(cost).toBeLessThan(accepted[i]));
  });

  it('takes a step back that leads to a cost that is not finite', () => {
    const wall: Cost = (x) =>
      x[0] > 1 ? { cost: NaN, gradient: Float64Array.of(NaN) } : { cost: (x[0] - 0.9) ** 2, gradient: Float64Array.of(2 * (x[0] - 0.9)) };
    const optimiser = new Lbfgs();
    const x = Float64Array.of(-5);
    for (let i = 0; i < 40; i++) {
      const { cost, gradient } = wall(x);
      optimiser.step(x, gradient, 10, cost);
    }
    expect(x[0]).toBeCloseTo(0.9, 6);
  });

  it('ends at the minimum between bounds, some of which hold', () => {
    // ½ Σ λ_i (x_i − c_i)² on [0, 1]: each element ends at c_i or at the bound next to it.
    const [lambda, c] = [
      [1, 10, 100, 1000, 3, 30],
      [0.3, 2, -1, 0.5, 1.5, -0.2],
    ];
    const project = (x: Float64Array): void => x.forEach((value, i) => (x[i] = Math.min(1, Math.max(0, value))));
    const optimiser = new Lbfgs(project);
    const x = Float64Array.of(0, 0, 1, 1, 0.5, 0.5);
    const accepted: number[] = [];
    for (let step = 0; step < 60; step++) {
      const cost = x.reduce((sum, value, i) => sum + (lambda[i] * (value - c[i]) ** 2) / 2, 0);
      optimiser.step(
        x,
        x.map((value, i) => lambda[i] * (value - c[i])),
        0.1,
        cost,
      );
      project(x);
      const now = optimiser.state().get('scalars')![1];
      if (now !== accepted.at(-1)) accepted.push(now);
    }
    [0.3, 1, 0, 0.5, 1, 0].forEach((expected, i) => expect(x[i]).toBeCloseTo(expected, 8));
    accepted.slice(1).forEach((cost, i) => expect(cost).toBeLessThanOrEqual(accepted[i]));
  });

  it('takes a first step as long as the learning rate', () => {
    const x = Float64Array.of(1, 2);
    new Lbfgs().step(x, Float64Array.of(30, -40), 0.5, 7);
    expect([...x]).toEqual([expect.closeTo(1 - 0.5 * 0.6, 12), expect.closeTo(2 + 0.5 * 0.8, 12)]);
  });

  it('goes on from its state bit for bit', () => {
    const optimiser = new Lbfgs();
    const x = Float64Array.of(-1.2, 1, 0.5);
    const advance = (o: Lbfgs, at: Float64Array): void => {
      const { cost, gradient } = rosenbrock(at);
      o.step(at, gradient, 0.1, cost);
    };
    for (let i = 0; i < 7; i++) advance(optimiser, x);
    const copy = new Lbfgs();
    copy.restore(optimiser.state());
    const y = x.slice();
    for (let i = 0; i < 20; i++) {
      advance(optimiser, x);
      advance(copy, y);
    }
    expect(y).toEqual(x);
  });
});

it('shortens a step to where the parabola through cost, slope and what was found is lowest, within bounds', () => {
  // Along the step J(t) − J(0) = −2t + 3t² rises by 1 at t = 1 and is lowest at t = 1/3.
  expect(shrinkage(-2, 1)).toBeCloseTo(1 / 3, 12);
  expect(shrinkage(-2, -1.9)).toBe(0.5);
  expect(shrinkage(-0.1, 10)).toBe(0.1);
  expect(shrinkage(-2, NaN)).toBe(0.1);
});
