import { Random } from '../../base/random';
import { invert } from '../solve/invert';
import { gaussianWorld, type GaussianWorld } from '../testing/gaussian-world';
import { MatrixModel } from '../testing/linear-models';
import { LEAST_MOVEMENT, movementOfGroups } from './movement';

it('is the root mean square of log factors over their spread, weighted with the emissions', () => {
  const [rise, fall] = [Math.exp(0.2), Math.exp(-0.1)];
  // Two slots of one cell pair with two groups; the second cell does not emit the second group.
  const factors = [rise, 1, fall, 9, rise, 1, rise, 9];
  const input = { factors, spread: [0.5, 0.2, 0.5, 0.2], emissions: [3, 1, 1, 0], groups: 2 };
  expect(movementOfGroups(input)[0]).toBeCloseTo(Math.sqrt((3 * 0.4 ** 2 + 0.2 ** 2 + 3 * 0.4 ** 2 + 0.4 ** 2) / 8));
  expect(movementOfGroups(input)[1]).toBe(0);
  expect(movementOfGroups({ ...input, spread: [0, 0.2, 0, 0.2] })[0]).toBeNaN(); // not inverted
});

/** The same world with observations that do not depend on its second group. */
function blindTo(world: GaussianWorld, group: number): MatrixModel {
  const { shape } = world.model;
  const matrices = [0, 1].map((batch) => {
    const rows = world.model.observations(batch).values.length;
    return Array.from({ length: rows }, (_, row) =>
      Array.from({ length: shape.slots * 24 }, (__, i) => (i % shape.groups === group ? 0 : world.closed.jacobian.get(batch * rows + row, i))),
    );
  });
  const batches = matrices.map((_, batch) => world.model.observations(batch));
  return new MatrixModel(shape, matrices, batches, true);
}

/** σ of both groups, and emissions of 1 where there are any. */
function movementIn(world: GaussianWorld, factors: ArrayLike<number>): number[] {
  const cells = Array.from({ length: 24 }, (_, i) => i);
  const emitting = world.problem.priorEmissions;
  return movementOfGroups({ factors, spread: cells.map((i) => [0.5, 0.2][i % 2]), emissions: cells.map((i) => emitting[i]), groups: 2 });
}

it('is 0 of a group that no observation sees, and not of one that they do see', async () => {
  const world = gaussianWorld(12);
  const { factors } = await invert(blindTo(world, 1), world.problem, world.settings);
  const [seen, unseen] = movementIn(world, factors);
  expect(unseen).toBe(0);
  expect(seen).toBeGreaterThan(LEAST_MOVEMENT);
  const both = await invert(world.model, world.problem, world.settings);
  expect(movementIn(world, both.factors)[1]).toBeGreaterThan(LEAST_MOVEMENT);
});

it('has a square that is on average the part of the variance that the observations take away', () => {
  const random = new Random(5);
  const [sigmaA, sigmaO, jacobian] = [0.5, 0.8, 1.7];
  // Rodgers (2000), eq. 2.27 and 2.31, of one number.
  const gain = (sigmaA ** 2 * jacobian) / (jacobian ** 2 * sigmaA ** 2 + sigmaO ** 2);
  const takenAway = gain * jacobian;
  const draws = 4000;
  let squares = 0;
  for (let draw = 0; draw < draws; draw++) {
    const observed = jacobian * sigmaA * random.normal() + sigmaO * random.normal();
    const [moved] = movementOfGroups({ factors: [Math.exp(gain * observed)], spread: [sigmaA], emissions: [1], groups: 1 });
    squares += moved ** 2 / draws;
  }
  expect(takenAway).toBeGreaterThan(0.4);
  // The mean of so many squares of normal numbers is good to √(2/4000) = 2 %.
  expect(squares / takenAway).toBeCloseTo(1, 1);
});
