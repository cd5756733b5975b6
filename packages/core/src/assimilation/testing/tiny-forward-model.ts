/** The forward model of an inversion on two tiny periods, with a random surrogate. */
import { sourceOf } from '../../fields/training-period';
import type { PeriodSource } from '../../fields/period-source';
import { factorCount } from '../../inversion/model/forward-model';
import { randomFloats } from '../../inversion/testing/small-world';
import type { AdjointEngine } from '../../surrogate/model/frozen-program';
import type { Surrogate } from '../../surrogate/model/surrogate';
import { randomSurrogate } from '../../surrogate/testing/random-surrogate';
import { tinyPeriod, tinySurrogate, WORLD } from '../../surrogate/testing/tiny-world';
import { SurrogateForwardModel, type SurrogateForwardOptions } from '../surrogate/surrogate-forward-model';
import { problemOf } from './tiny-problem';

export const HOURS_AT_ONCE = 3;
export const periods = [tinyPeriod('winter', 1), tinyPeriod('summer', 2)];
export const inMemories = periods.map((period) => sourceOf(period));

export function smoothSurrogate(overrides: Record<string, unknown> = {}): Surrogate {
  return randomSurrogate(tinySurrogate(overrides), periods, true);
}

export interface Variant extends Partial<SurrogateForwardOptions> {
  resolution?: 'hourly' | 'daily';
  surrogate?: Surrogate;
  sources?: PeriodSource[];
  /** default: the native program */
  engine?: AdjointEngine;
}

const programs: AdjointEngine[] = [];

/** After each test: releases the programs of {@link modelOf}. */
export function disposePrograms(): void {
  for (const program of programs.splice(0)) program.dispose();
}

export function modelOf({
  resolution = 'hourly',
  surrogate = smoothSurrogate(),
  sources = inMemories,
  engine,
  ...overrides
}: Variant = {}): SurrogateForwardModel {
  const { rows, cols } = overrides.tiling ?? WORLD;
  const native = (): AdjointEngine => {
    const program = surrogate.program(overrides.tiling ? 1 : HOURS_AT_ONCE, rows, cols, { threads: 1 }, { adjoint: true });
    programs.push(program);
    return program;
  };
  const options: SurrogateForwardOptions = { anchored: true, factors: 'period', threads: 1, ...overrides };
  return new SurrogateForwardModel(
    surrogate,
    engine ?? native(),
    sources.map((period) => problemOf(period, resolution)),
    options,
  );
}

/** Kᵀ·g of one batch alone. */
export async function adjointOf(model: SurrogateForwardModel, gradSimulated: Float32Array, batch: number): Promise<Float32Array> {
  await model.addAdjoint(gradSimulated, batch);
  return model.takeGradient();
}

/** About 1. */
export function randomFactors(model: SurrogateForwardModel, seed: number): Float32Array {
  return randomFloats(factorCount(model.shape), seed).map((z) => 1 + 0.2 * Math.tanh(z));
}

/** @param tolerance - a part of the largest value; default: rounding of sums of a few hundred float32 products in another order */
export function expectClose(a: Float32Array, b: Float32Array, tolerance = 1e-5): void {
  const largest = Math.max(...b.map(Math.abs));
  expect(a.length).toBe(b.length);
  expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(tolerance * largest);
}
