import { sourceOf, withPriorConcentrations } from '../../fields/training-period';
import { DomainRun } from './domain-run';
import { randomPeriod, randomSurrogate } from '../testing/random-surrogate';
import { tinySurrogate } from '../testing/tiny-world';
import { wholeDomain } from '../model/tiles';

const period = randomPeriod(8, 8, 12);
const seeing = withPriorConcentrations(period);

/** A run on `given` of a surrogate that was trained on `trained`. */
function runOf(trained: typeof period, given: typeof period): DomainRun {
  const surrogate = randomSurrogate(tinySurrogate({}), [trained]);
  const engine = { forward: () => Promise.reject(new Error('not run')), dispose: () => undefined };
  return new DomainRun({ surrogate, sources: [sourceOf(given)], tiling: wholeDomain(period.grid), engine, batchSize: 1, threads: 1 });
}

it('runs on the fields that the surrogate was trained with, and on no others', () => {
  expect(() => runOf(period, period)).not.toThrow();
  expect(() => runOf(seeing, seeing)).not.toThrow();
  for (const [trained, given] of [
    [period, seeing],
    [seeing, period],
    [period, { ...period, geographyNames: [] }],
  ]) {
    expect(() => runOf(trained, given)).toThrow(expect.objectContaining({ code: 'SURROGATE_INPUTS', exitCode: 3 }) as Error);
  }
  expect(() => runOf(period, seeing)).toThrow(/trained with the fields u, v, inversePbl but the case now gives u, v, inversePbl, prior_NO2, /);
});

it('takes the fields of a stretch of hours at a time, with the same concentrations', async () => {
  const day = randomPeriod(8, 8, 24);
  const surrogate = randomSurrogate(tinySurrogate({}), [day]);
  const factors = { data: Float32Array.from({ length: 24 * 8 * 8 * 5 }, (_, i) => 1 + (i % 7) / 10), hourly: true };
  const hours = [18, 19, 20, 21, 22, 23];
  const run = async (mostBytes?: number): Promise<{ concentrations: Float32Array; spans: number[] }> => {
    const source = sourceOf(day);
    const hourly = jest.spyOn(source, 'hourly');
    const engine = surrogate.program(2, 8, 8, { threads: 1 }, { adjoint: false });
    const domain = new DomainRun({ surrogate, sources: [source], tiling: wholeDomain(day.grid), engine, batchSize: 2, threads: 1, mostBytes });
    const concentrations = await domain.forward({ period: 0, hours, factors });
    engine.dispose();
    // Tracers are carried through all hours.
    return { concentrations, spans: hourly.mock.calls.flatMap(([field, , { count }]) => (field === 'meteorology' && count < 24 ? [count] : [])) };
  };
  const [whole, parts] = [await run(), await run(1)];
  const { hours: back } = surrogate.window;
  expect(whole.spans).toEqual([back + 5]);
  expect(parts.spans).toEqual([back + 1, back + 1, back + 1]);
  expect(parts.concentrations).toEqual(whole.concentrations);
});

it('is the same where it is told the hours beforehand, and runs no others then', async () => {
  const surrogate = randomSurrogate(tinySurrogate({}), [period]);
  const program = surrogate.program(2, 8, 8, { threads: 1 }, { adjoint: true });
  const data = Float32Array.from({ length: 8 * 8 * 5 }, (_, i) => 1 + (i % 7) / 10);
  const run = (hours?: number[][]): DomainRun => {
    const sources = [sourceOf(period)];
    return new DomainRun({
      surrogate,
      sources,
      tiling: wholeDomain(period.grid),
      engine: program,
      adjoint: program,
      batchSize: 2,
      threads: 1,
      hours,
    });
  };
  const at = { period: 0, hours: [9, 11], factors: { data } };
  const results = async (domain: DomainRun): Promise<Float32Array[]> => {
    const [gradient, concentrations] = [new Float32Array(data.length), (await domain.forward(at)).slice()];
    await domain.addAdjoint(at, concentrations, gradient);
    await domain.finishAdjoint(0, { data: gradient });
    return [concentrations, gradient];
  };
  const told = run([at.hours]);
  expect(await results(told)).toEqual(await results(run()));
  await expect(told.forward({ ...at, hours: [10] })).rejects.toThrow('hours 10 to 10: not all of them were asked for');
  program.dispose();
});

it('goes back over what it ran forward last without running it again', async () => {
  const surrogate = randomSurrogate(tinySurrogate({}), [period]);
  const program = surrogate.program(2, 8, 8, { threads: 1 }, { adjoint: true });
  const forward = jest.spyOn(program, 'forward');
  const options = { sources: [sourceOf(period)], tiling: wholeDomain(period.grid), engine: program, adjoint: program, batchSize: 2, threads: 1 };
  const run = new DomainRun({ surrogate, ...options });
  const at = { period: 0, hours: [8, 9, 10, 11], factors: { data: new Float32Array(8 * 8 * 5).fill(1.1) } };
  const concentrations = await run.forward(at);
  expect(forward).toHaveBeenCalledTimes(2);
  const gradient = new Float32Array(8 * 8 * 5);
  await run.addAdjoint(at, concentrations.map(Math.sin), gradient);
  await run.finishAdjoint(0, { data: gradient });
  expect(forward).toHaveBeenCalledTimes(3);
  program.dispose();
});

it('carries back as often as it is asked after one forward pass', async () => {
  const surrogate = randomSurrogate(tinySurrogate({}), [period]);
  const program = surrogate.program(1, 8, 8, { threads: 1 }, { adjoint: true });
  const options = { sources: [sourceOf(period)], tiling: wholeDomain(period.grid), engine: program, adjoint: program, batchSize: 1, threads: 1 };
  const run = new DomainRun({ surrogate, ...options });
  const at = { period: 0, hours: [11], factors: { data: new Float32Array(8 * 8 * 5).fill(1.1) } };
  const seed = (await run.forward(at)).map((_, i) => Math.sin(i));
  const gradient = async (): Promise<Float32Array> => {
    const data = new Float32Array(8 * 8 * 5);
    await run.addAdjoint(at, seed, data);
    await run.finishAdjoint(0, { data });
    return data;
  };
  const once = await gradient();
  expect(once.some((value) => value !== 0)).toBe(true);
  expect(await gradient()).toEqual(once);
  run.dispose();
  program.dispose();
});

it('takes as many groups and species as its period has, forward and back', async () => {
  const other = randomPeriod(8, 8, 12, { groups: ['NOx', 'CO'], species: ['NO2', 'CO', 'PM10'] });
  const surrogate = randomSurrogate(tinySurrogate({ tracers: [] }), [other], true);
  const program = surrogate.program(1, 8, 8, { threads: 1 }, { adjoint: true });
  const options = { sources: [sourceOf(other)], tiling: wholeDomain(other.grid), engine: program, adjoint: program, batchSize: 1, threads: 1 };
  const run = new DomainRun({ surrogate, ...options });
  const direction = Float32Array.from({ length: 8 * 8 * 2 }, (_, i) => 1 + Math.cos(i) / 2);
  const at = (step: number): Parameters<DomainRun['addAdjoint']>[0] => ({
    period: 0,
    hours: [10, 11],
    factors: { data: direction.map((value) => 1 + step * value) },
  });
  const prior = (await run.forward(at(0))).slice();
  expect(prior.length).toBe(2 * 8 * 8 * 3);
  const weight = prior.map((_, i) => 1 + Math.sin(i) / 2);
  const gradient = new Float32Array(direction.length);
  await run.addAdjoint(at(0), weight, gradient);
  await run.finishAdjoint(0, { data: gradient });
  const cost = async (step: number): Promise<number> => (await run.forward(at(step))).reduce((sum, value, i) => sum + value * weight[i], 0);
  const difference = ((await cost(0.05)) - (await cost(-0.05))) / 0.1;
  expect(gradient.reduce((sum, value, i) => sum + value * direction[i], 0) / difference).toBeCloseTo(1, 2);
  program.dispose();
});
