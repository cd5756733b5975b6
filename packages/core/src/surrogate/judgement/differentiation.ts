/**
 * Whether an adjoint is the derivative of its forward model, on real fields.
 *
 * Taylor: with J(f) = ½·mean((S(f) − y)² / σ²) and a direction δ that nowhere goes against ∇J (by chance ∇J·δ could else vanish among the kinks), the remainder R(h) = |J(f + hδ) − J(f) − h·∇J·δ| falls with h²: its order between h
 * and h/2, log2(R(h)/R(h/2)), is 2, with a wrong gradient 1. Two things blur it. Single precision: J is known to about u·J·√8 with u the unit roundoff
 * (independent errors of a few u in millions of values average out; the bound is generous), so remainders below {@link ROUNDINGS}·u·J are not judged.
 * Kinks of P-ReLU, max-pooling and threshold activations: the number of them that a step crosses grows with h and so does what each adds, which is of
 * second order again in the mean, but scatters; so the median of the orders at the three smallest steps is judged, where a wrong gradient's first order
 * has overtaken the second. Where a model hardly responds, the scatter hides the order; then R(h) as a part of h·|∇J·δ| says how wrong the gradient can be.
 *
 * Dot product: ⟨w, S′δ⟩ by a central difference against ⟨S′ᵀw, δ⟩. With random w of variance 1/σ² the difference of the two is given in units of ‖S′δ‖/σ, the standard
 * deviation of either over the choice of w, so that chance cancellation cannot make a good adjoint look bad; what a right adjoint leaves there is the kinks
 * that the difference straddles: on the demo up to 16 % of ‖S′δ‖ with a half-width of 0.08, 4 % with 0.001, of either sign. With w = S′δ/σ² the two are
 * ‖S′δ‖²/σ² and their ratio, the gain, is known much better: within 0.2 % there.
 */
import { Random } from '../../base/random';
import { dot } from '../../base/vectors';

/** A model of factors on emissions (1 = the prior's), at which it is differentiated. */
export interface Differentiable {
  /** number of factors, and which species a value of the output belongs to is its index modulo the length of `scale` */
  factors: number;
  /** standard deviation of each species, in its unit */
  scale: readonly number[];
  forward(factors: Float32Array): Promise<Float32Array>;
  /** S′ᵀ·grad at the factors of the last forward pass, any number of times. @param grad - dJ/dS, as the output */
  adjoint(grad: Float32Array): Promise<Float32Array>;
}

export interface DifferentiationTest {
  /** relative steps h, the remainders R(h)/J, and R(h) as a part of the first-order term h·|∇J·δ| */
  taylor: { step: number; remainder: number; ofFirstOrder: number }[];
  /** remainder/J below which single precision speaks, not the model */
  floor: number;
  /** median order at the three smallest steps whose remainder is above the floor; absent where there are fewer: the model is linear to rounding */
  order?: number;
  /** of each direction: |⟨w, S′δ⟩ − ⟨S′ᵀw, δ⟩| / ‖S′δ‖ for a random w, and ⟨S′ᵀw, δ⟩ / ⟨w, S′δ⟩ for w = S′δ */
  dotProduct: { error: number; gain: number }[];
  /** what the error, and the gain's distance from 1, may be at most */
  limits: { error: number; gain: number };
  passed: boolean;
}

/**
 * Half-way between the order of a right gradient and of a wrong one: kinks blur both. Right ones had 2.0 on the demo and 1.7 on a network of eight
 * channels.
 */
const SMALLEST_ORDER = 1.5;
/** A right adjoint left up to 0.04 and 0.002 on the demo, a wrong one leaves about 1. */
const DOT_LIMITS = { error: 0.15, gain: 0.02 };
/** Of R(h)/(h·|∇J·δ|) at the smallest step: a gradient that is wrong by a tenth leaves a tenth. */
const LARGEST_FIRST_ORDER = 0.05;
const ROUNDINGS = 8;
const JUDGED_ORDERS = 3;
const DIRECTIONS = 3;
const STEPS = [0.4, 0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625];
/** Forward and adjoint passes of {@link testDifferentiation}: the prior's with its gradients, one for Taylor and two a direction, up and down, and the steps. */
export const PASSES = 2 + 4 * DIRECTIONS + STEPS.length;
/** Half-width of the central difference in single precision; with products rounded to tf32 or bf16 it must be wider, and so must the limits. */
const CENTRAL_STEP = 2 ** -10;
/** Least half-width of a central difference, in roundings. */
export const ROUNDINGS_PER_STEP = 64;

/**
 * Both tests at the prior's factors with seeded random directions.
 *
 * @param roundoff - unit roundoff of the model's arithmetic: 2^-24 in single precision
 */
export async function testDifferentiation(model: Differentiable, options: { seed: number; roundoff: number }): Promise<DifferentiationTest> {
  const random = new Random(options.seed).fork('differentiation');
  const step = Math.max(CENTRAL_STEP, ROUNDINGS_PER_STEP * options.roundoff);
  const changes: Change[] = [];
  for (let k = 0; k < DIRECTIONS; k++) changes.push(await centralDifference(model, random.fork(`direction ${k}`), step));
  // All gradients are at the prior's factors: one forward pass serves them.
  const prior = await model.forward(new Float32Array(model.factors).fill(1));
  const dotProduct: DifferentiationTest['dotProduct'] = [];
  for (const change of changes) dotProduct.push(await dotProductTest(model, change));
  const { taylor, floor } = await taylorTest(model, prior, random.fork('taylor'), options.roundoff);
  const orders = taylor.slice(1).flatMap(({ remainder }, i) => (remainder > floor ? [Math.log2(taylor[i].remainder / remainder)] : []));
  const order = orders.length >= JUDGED_ORDERS ? median(orders.slice(-JUDGED_ORDERS)) : undefined;
  const limits = { error: Math.max(DOT_LIMITS.error, 8 * step), gain: Math.max(DOT_LIMITS.gain, 2 * step) };
  const passed =
    (order === undefined || order >= SMALLEST_ORDER || taylor[taylor.length - 1].ofFirstOrder <= LARGEST_FIRST_ORDER) &&
    dotProduct.every(({ error, gain }) => error <= limits.error && Math.abs(gain - 1) <= limits.gain);
  return { taylor, floor, ...(order === undefined ? {} : { order }), dotProduct, limits, passed };
}

/** @param prior - the forward pass at the prior's factors, which was the last */
async function taylorTest(
  model: Differentiable,
  prior: Float32Array,
  random: Random,
  roundoff: number,
): Promise<Pick<DifferentiationTest, 'taylor' | 'floor'>> {
  const { scale } = model;
  // A model that is too high by about one standard deviation: a misfit as an inversion has it, and one whose gradient is not the sum of noise.
  const observed = prior.map((value, i) => value - scale[i % scale.length] * (1 + random.normal()));
  const cost = (simulated: Float32Array): number =>
    simulated.reduce((sum, value, i) => sum + ((value - observed[i]) / scale[i % scale.length]) ** 2, 0) / (2 * simulated.length);
  const gradient = await model.adjoint(prior.map((value, i) => (value - observed[i]) / scale[i % scale.length] ** 2 / prior.length));
  const direction = directionOf(model, random).map((d, i) => (d * gradient[i] < 0 ? -d : d));
  const slope = dot(gradient, direction);
  const priorCost = cost(prior);
  const taylor: DifferentiationTest['taylor'] = [];
  for (const step of STEPS) {
    const moved = cost(await model.forward(direction.map((d) => 1 + step * d)));
    const remainder = Math.abs(moved - priorCost - step * slope);
    taylor.push({ step, remainder: remainder / priorCost, ofFirstOrder: remainder / (step * Math.abs(slope)) });
  }
  return { taylor, floor: ROUNDINGS * roundoff };
}

/** How the output changes along a direction. */
interface Change {
  /** δ, one for each factor */
  direction: Float32Array;
  /** S′δ by a central difference, as the output, in the species' units */
  change: Float64Array;
  /** draws the weights that it is tested with */
  random: Random;
}

async function centralDifference(model: Differentiable, random: Random, step: number): Promise<Change> {
  const direction = directionOf(model, random);
  const up = await model.forward(direction.map((d) => 1 + step * d));
  const down = await model.forward(direction.map((d) => 1 - step * d));
  return { direction, change: Float64Array.from(up, (value, i) => (value - down[i]) / (2 * step)), random };
}

/** The last forward pass was at the prior's factors. */
async function dotProductTest(model: Differentiable, { direction, change, random }: Change): Promise<DifferentiationTest['dotProduct'][number]> {
  const { scale } = model;
  const sigma = (i: number): number => scale[i % scale.length];
  const size = Math.sqrt(change.reduce((sum, value, i) => sum + (value / sigma(i)) ** 2, 0));
  const bothSides = async (weights: Float32Array): Promise<[number, number]> => [dot(weights, change), dot(await model.adjoint(weights), direction)];
  const [left, right] = await bothSides(Float32Array.from(change, (_, i) => random.normal() / sigma(i)));
  const [square, gained] = await bothSides(Float32Array.from(change, (value, i) => value / sigma(i) ** 2));
  return { error: Math.abs(left - right) / size, gain: gained / square };
}

/** Normal deviates within ±1.5, so that 1 + hδ stays positive for every step. */
function directionOf({ factors }: Differentiable, random: Random): Float32Array {
  return Float32Array.from({ length: factors }, () => Math.max(-1.5, Math.min(1.5, random.normal())));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
