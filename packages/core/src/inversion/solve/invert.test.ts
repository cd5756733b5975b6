import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCheckpoint } from '../../files/checkpoint';
import { InterruptedError, NumericalError } from '../../base/errors';
import { Random } from '../../base/random';
import type { ForwardModel } from '../model/forward-model';
import { invert, type InversionOptions, type InversionResult } from './invert';
import type { InversionProblem, InversionSettings } from './inversion-problem';
import { MatrixModel, observationBatch } from '../testing/linear-models';
import { inventoryError, plumeTwin, twinProblem, twinSettings } from '../testing/plume-twin';

const settings: InversionSettings = { ...twinSettings, iterations: 400, learningRate: 0.05, loss: 'l2', bound: 1e6, stopOnWithheld: false };

function problemOf(priorEmissions: number[], lengthCells = 0): InversionProblem {
  return { groups: ['NOx'], species: ['NO2'], priorEmissions, lengthCells };
}

/** Two cells; monitor i sees factor i. */
function twoCells(values: [number, number], error: number): MatrixModel {
  const matrix = [
    [1, 0],
    [0, 1],
  ];
  return new MatrixModel({ slots: 1, rows: 1, cols: 2, groups: 1 }, [matrix], [observationBatch(values, error)]);
}

/** Solves A·x = b by elimination with pivoting. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let k = 0; k < rows.length; k++) {
    const pivot = rows.slice(k).reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < rows.length; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= rows.length; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Array<number>(rows.length).fill(0);
  for (let k = rows.length - 1; k >= 0; k--) x[k] = (rows[k][rows.length] - x.reduce((s, v, j) => s + (j > k ? rows[k][j] * v : 0), 0)) / rows[k][k];
  return x;
}

describe('invert, two cells', () => {
  it('finds the minimum of prior and observation term', async () => {
    const { factors, status } = await invert(twoCells([1.8, 0.7], 0.2), problemOf([1, 1]), settings);
    expect(['iterations', 'converged']).toContain(status);
    for (const [i, y] of [1.8, 0.7].entries()) {
      // By Newton: d/dv of ½v² + ½((exp(σv) − y)/0.2)² = 0 with σ = 0.5.
      let v = 0;
      for (let k = 0; k < 50; k++) {
        const f = Math.exp(0.5 * v);
        v -= (v + (0.5 * f * (f - y)) / 0.04) / (1 + (0.25 * f * (2 * f - y)) / 0.04);
      }
      expect(factors[i]).toBeCloseTo(Math.exp(0.5 * v), 3);
    }
  });

  it('from another start finds the same minimum: the prior term does not move with it', async () => {
    const [problem, model] = [problemOf([1, 1]), twoCells([1.8, 0.7], 0.2)];
    const exact: InversionSettings = { ...settings, optimiser: 'lbfgs', batch: 0, tolerance: 1e-14 };
    const plain = await invert(model, problem, exact);
    const start = Float64Array.of(-0.5, 1);
    const other = await invert(model, { ...problem, start }, exact);
    expect(other.history[0].prior).toBe(0.625);
    expect(other.history[0].total).not.toBeCloseTo(plain.history[0].total, 3);
    plain.control.forEach((v, i) => expect(other.control[i]).toBeCloseTo(v, 3));
    expect(start).toEqual(Float64Array.of(-0.5, 1));
    await expect(invert(model, { ...problem, start: new Float64Array(3) }, settings)).rejects.toMatchObject({ code: 'INVERSION_SHAPE' });
  });

  it('leaves a cell without emissions alone', async () => {
    const { factors } = await invert(twoCells([1.8, 0.7], 0.2), problemOf([0, 1]), settings);
    expect(factors[0]).toBe(1);
    expect(factors[1]).toBeLessThan(0.9);
  });

  it('reports what lies at the bound', async () => {
    const result = await invert(twoCells([50, 1], 0.1), problemOf([1, 1]), { ...settings, bound: 3 });
    expect(result.atBound).toEqual({ NOx: 0.5 });
    expect(result.factors[0]).toBeLessThanOrEqual(3);
  });

  const paper: InversionSettings = { ...settings, mode: 'paper', iterations: 60, loss: 'l1', learningRate: 0.1 };

  it.each([3, 2])('in paper mode steps down the masked L1 to the bound %i', async (bound) => {
    const result = await invert(twoCells([50, 1], 1), { ...problemOf([4, 4]), emissionScale: [2] }, { ...paper, bound });
    // Emissions in units of the scale are 2; each step moves the first by 0.1 · (1/2 values) · (df/de = 1/2): 0.025 in e, 0.0125 in the factor.
    expect(result.factors[0]).toBeCloseTo(1 + 60 * 0.0125, 4);
    expect(result.factors[1]).toBe(1);
    const longer = await invert(twoCells([50, 1], 1), { ...problemOf([4, 4]), emissionScale: [2] }, { ...paper, bound, iterations: 500 });
    expect(longer.factors[0]).toBe(bound);
    expect(longer.atBound).toEqual({ NOx: 0.5 });
  });

  it('in paper mode takes L-BFGS between the bounds, too', async () => {
    const bounded = await invert(twoCells([50, 1.4], 1), problemOf([4, 4]), { ...paper, loss: 'l2', optimiser: 'lbfgs', bound: 3, iterations: 30 });
    expect(bounded.factors[0]).toBe(3);
    expect(bounded.factors[1]).toBeCloseTo(1.4, 6);
  });

  it('ends when the gradient has fallen to the part that is asked for', async () => {
    const exact: InversionSettings = { ...settings, optimiser: 'lbfgs', batch: 0, tolerance: 0, gradientReduction: 1e-3 };
    const { status, history } = await invert(twoCells([1.8, 0.7], 0.2), problemOf([1, 1]), exact);
    expect(status).toBe('converged');
    const norms = history.map(({ gradientNorm }) => gradientNorm! / history[0].gradientNorm!);
    expect(norms.at(-1)).toBeLessThanOrEqual(1e-3);
    norms.slice(0, -1).forEach((norm) => expect(norm).toBeGreaterThan(1e-3));
    await expect(invert(twoCells([1, 1], 1), problemOf([1, 1]), { ...exact, gradientReduction: 1 })).rejects.toThrow(/gradientReduction: expected/);
  });

  it("hardly moves with the paper's own divisor, as the mission page says", async () => {
    const model = new MatrixModel({ slots: 1, rows: 100, cols: 100, groups: 1 }, [[new Array<number>(1e4).fill(1)]], [observationBatch([5e4], 1)]);
    const result = await invert(model, problemOf(new Array<number>(1e4).fill(1)), { ...paper, lossDivisor: 'cells' });
    expect(result.factors[0]).toBeCloseTo(1 + 60 * 0.1 * 1e-4, 5);
  });
});

describe('invert, linear and Gaussian', () => {
  it('ends at the closed-form posterior mean', async () => {
    const shape = { slots: 1, rows: 4, cols: 5, groups: 1 };
    const random = new Random(8);
    const jacobian = Array.from({ length: 9 }, () => Array.from({ length: 20 }, () => random.normal()));
    const y = Array.from({ length: 9 }, () => random.normal());
    const sigma = 0.5;
    const emissions = Array.from({ length: 20 }, (_, i) => (i === 7 ? 0 : 1));
    const model = new MatrixModel(shape, [jacobian], [observationBatch(y, sigma)], true);
    const result = await invert(model, problemOf(emissions, 1.5), { ...settings, iterations: 1500, tolerance: 0 });

    // x = Sa·Kᵀ·(K·Sa·Kᵀ + So)⁻¹·y (Rodgers 2000, eq. 4.6), with Sa = 0.25·C and C built here from the definition, not from the filter's code.
    const root = (n: number): number[][] =>
      Array.from({ length: n }, (_, i) => {
        const row = Array.from({ length: n }, (__, j) => (Math.abs(i - j) <= 5 ? Math.exp(-(((i - j) / 1.5) ** 2)) : 0));
        const norm = Math.hypot(...row);
        return row.map((w) => w / norm);
      });
    const [r, c] = [root(4), root(5)];
    const s = Array.from({ length: 20 }, (_, i) => Array.from({ length: 20 }, (__, j) => r[Math.floor(i / 5)][Math.floor(j / 5)] * c[i % 5][j % 5]));
    const sa = s.map((a) => s.map((b) => 0.25 * a.reduce((sum, w, k) => sum + w * b[k], 0)));
    const k = jacobian.map((row) => row.map((value, j) => (emissions[j] ? value : 0)));
    const saKt = sa.map((row) => k.map((kRow) => row.reduce((sum, v, j) => sum + v * kRow[j], 0)));
    const system = k.map((kRow, i) => y.map((_, j) => kRow.reduce((sum, v, l) => sum + v * saKt[l][j], 0) + (i === j ? sigma ** 2 : 0)));
    const weights = solve(system, y);
    saKt.forEach((row, i) => {
      const expected = emissions[i] ? row.reduce((sum, v, j) => sum + v * weights[j], 0) : 0;
      // Factors are float32 and the smooth bound at 1e6 changes a log factor of 1 by 1e-5.
      expect(Math.abs(Math.log(result.factors[i]) - expected)).toBeLessThan(2e-4);
    });
    expect(result.history.at(-1)!.gradientNorm ?? 0).toBeLessThan(1e-2);
  });
});

describe('invert, plume twin', () => {
  it('recovers a planted smooth error with the right correlation length, and worse without one', async () => {
    const twin = plumeTwin(1);
    const before = inventoryError(new Float32Array(twin.prior.length).fill(1), twin);
    const toTheEnd = { ...twinSettings, iterations: 200, stopOnWithheld: false };
    const correlated = await invert(twin.model, twinProblem(twin.prior, 2.5), toTheEnd);
    const free = await invert(twin.model, twinProblem(twin.prior, 0), toTheEnd);
    const [withLength, without] = [correlated, free].map(({ factors }) => inventoryError(factors, twin));
    expect(withLength).toBeLessThan(before / 4);
    expect(withLength).toBeLessThan(without / 1.8);
    // 4 monitors that no one fitted, with noise.
    expect(correlated.history.at(-1)!.watched).toBeLessThan(0.3);
  });

  it('recovers it with mini-batches too', async () => {
    const twin = plumeTwin(1);
    const before = inventoryError(new Float32Array(twin.prior.length).fill(1), twin);
    const { factors, history } = await invert(twin.model, twinProblem(twin.prior, 2.5), { ...twinSettings, batch: 2, learningRate: 0.05 });
    expect(inventoryError(factors, twin)).toBeLessThan(before / 3);
    // Three steps a pass: evaluations at 0, 3, 6 …
    expect(history.slice(0, 3).map(({ iteration }) => iteration)).toEqual([0, 3, 6]);
  });

  it('keeps the iterate that monitors outside the cost like best, and stops when they get no better', async () => {
    const twin = plumeTwin(3);
    // Free cells with a wide prior overfit.
    const result = await invert(twin.model, twinProblem(twin.prior, 0), { ...twinSettings, priorSpread: { NOx: 3 }, iterations: 500, patience: 10 });
    expect(result.status).toBe('stopped-on-withheld');
    expect(result.iterations).toBe(result.keptIteration + 10);
    const best = result.history.reduce((a, b) => (b.watched! < a.watched! ? b : a));
    expect(best.iteration).toBe(result.keptIteration);
    expect(result.history.at(-1)!.total).toBeLessThan(best.total);
  });

  it('ends when the cost no longer changes', async () => {
    const twin = plumeTwin(1);
    const result = await invert(twin.model, twinProblem(twin.prior, 2.5), {
      ...twinSettings,
      stopOnWithheld: false,
      iterations: 5000,
      tolerance: 1e-4,
    });
    expect(result.status).toBe('converged');
    expect(result.iterations).toBeLessThan(5000);
  });

  it('gives the same answer for the same seed', async () => {
    const run = async (seed: number): Promise<Float32Array> => {
      const { model, prior } = plumeTwin(1);
      return (await invert(model, twinProblem(prior, 2.5), { ...twinSettings, iterations: 10, batch: 2, seed })).factors;
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });
});

describe('invert within a trust region', () => {
  const twin = plumeTwin(2);
  const lbfgs: InversionSettings = { ...twinSettings, optimiser: 'lbfgs', learningRate: 1, iterations: 40, stopOnWithheld: false };
  const problem = twinProblem(twin.prior, 2.5);
  const largest = Float32Array.from(twin.prior, (_, p) => (p % 2 === 0 ? 0.1 : 0.3));

  it('keeps the limit in every cell and goes as far as it allows, downhill', async () => {
    const free = await invert(twin.model, problem, lbfgs);
    const { factors, history } = await invert(twin.model, { ...problem, largestLogFactor: largest }, lbfgs);
    const part = (all: Float32Array): number[] => Array.from(all, (f, p) => Math.abs(Math.log(f)) / largest[p]);
    expect(Math.max(...part(free.factors))).toBeGreaterThan(3);
    expect(Math.max(...part(factors))).toBeLessThanOrEqual(1 + 1e-6); // factors are float32
    expect(Math.max(...part(factors))).toBeGreaterThan(0.9);
    // A trial that raises the cost is taken back: with a bound that the gradient did not know most would be.
    const rises = history.filter(({ total }, i) => i > 0 && total > history[i - 1].total).length;
    expect(rises).toBeLessThan(history.length / 4);
    expect(history.at(-1)!.total).toBeLessThan(0.9 * history[0].total);
    expect(history.at(-1)!.total).toBeGreaterThan(free.history.at(-1)!.total);
  });

  it('takes no checkpoint of another limit, and refuses limits that do not fit', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'retroplume-trust-'));
    try {
      const checkpoint = { path: join(dir, 'state.safetensors'), every: 1 };
      const short = { ...lbfgs, iterations: 3 };
      const messages: string[] = [];
      const onMessage = (text: string): void => void messages.push(text);
      await invert(twin.model, { ...problem, largestLogFactor: largest }, short, { checkpoint });
      await invert(twin.model, { ...problem, largestLogFactor: largest.map((x) => 2 * x) }, short, { checkpoint, onMessage });
      expect(messages.join()).toMatch(/other settings/);
      await invert(twin.model, { ...problem, largestLogFactor: largest.map((x) => 2 * x) }, short, { checkpoint, onMessage });
      expect(messages.join()).toMatch(/resumes/);
    } finally {
      rmSync(dir, { recursive: true });
    }
    await expect(invert(twin.model, { ...problem, largestLogFactor: [1] }, lbfgs)).rejects.toMatchObject({ code: 'INVERSION_SHAPE' });
  });
});

describe('invert, trouble', () => {
  /** The two-cell model with one of its answers spoilt. */
  function spoilt(change: Partial<ForwardModel>): ForwardModel {
    const model = twoCells([1.8, 0.7], 0.2);
    return {
      shape: model.shape,
      batches: 1,
      observations: (batch) => model.observations(batch),
      forward: (factors, batch) => model.forward(factors, batch),
      addAdjoint: (gradient, batch) => model.addAdjoint(gradient, batch),
      takeGradient: () => model.takeGradient(),
      ...change,
    };
  }
  const attempt = (model: ForwardModel, change: Partial<InversionSettings> = {}): Promise<InversionResult> =>
    invert(model, problemOf([1, 1]), { ...settings, ...change });

  it('names iteration and species, or group, of a number that is not finite', async () => {
    let calls = 0;
    const model = twoCells([1.8, 0.7], 0.2);
    const forward: ForwardModel['forward'] = async (factors, batch) => (++calls > 3 ? Float32Array.of(1, NaN) : model.forward(factors, batch));
    const own: Partial<ForwardModel> = {
      forward,
      addAdjoint: (gradient, batch) => model.addAdjoint(gradient, batch),
      takeGradient: () => model.takeGradient(),
    };
    await expect(attempt(spoilt(own))).rejects.toThrow(/simulated NO2 of batch 0 became NaN or infinite at iteration 3/);
    await expect(attempt(spoilt(own))).rejects.toBeInstanceOf(NumericalError);
    await expect(attempt(spoilt({ takeGradient: () => Promise.resolve(Float32Array.of(1, Infinity)) }))).rejects.toThrow(
      /respect to NOx .* iteration 0/,
    );
  });

  it('refuses shapes, settings and observations that do not fit', async () => {
    await expect(attempt(spoilt({ forward: () => Promise.resolve(new Float32Array(3)) }))).rejects.toThrow(/expected 2 simulated values/);
    await expect(attempt(spoilt({ takeGradient: () => Promise.resolve(new Float32Array(3)) }))).rejects.toThrow(/expected a gradient of 2 factors/);
    await expect(invert(twoCells([1, 1], 1), problemOf([1]), settings)).rejects.toThrow(/expected prior emissions \[1, 1, 2, 1\]/);
    await expect(attempt(twoCells([1, 1], 1), { bound: 0.5 })).rejects.toThrow(/inversion.bound: expected a factor above 1/);
    await expect(attempt(twoCells([1, 1], 1), { priorSpread: {} })).rejects.toThrow(/inversion.priorSpread.NOx/);
    await expect(attempt(twoCells([NaN, NaN], 1))).rejects.toThrow(/no observation is left to fit/);
  });
});

describe('invert, checkpoints', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'retroplume-invert-'));
    path = join(folder, 'checkpoint');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const twin = plumeTwin(2);
  const run = (batch: number, options: InversionOptions = {}): Promise<InversionResult> =>
    invert(twin.model, twinProblem(twin.prior, 2.5), { ...twinSettings, iterations: 30, batch }, options);

  /** The twin's model, in the `at`-th run of which something happens. */
  const whenCalled = (at: number, what: () => void): ForwardModel => {
    let calls = 0;
    return {
      shape: twin.model.shape,
      batches: twin.model.batches,
      observations: (b) => twin.model.observations(b),
      forward: (factors, b, signal) => {
        if (++calls === at) what();
        return twin.model.forward(factors, b, signal);
      },
      addAdjoint: (gradient, b) => twin.model.addAdjoint(gradient, b),
      takeGradient: () => twin.model.takeGradient(),
    };
  };

  it.each([0, 2, 4])('stops at a signal with a checkpoint and resumes bit for bit (batch %i)', async (batch) => {
    const expected = await run(batch);
    for (const stopAfter of [1, 17, 40]) {
      const abort = new AbortController();
      const model = whenCalled(stopAfter, () => abort.abort());
      const stopped = invert(
        model,
        twinProblem(twin.prior, 2.5),
        { ...twinSettings, iterations: 30, batch },
        { signal: abort.signal, checkpoint: { path, every: 7 } },
      );
      await expect(stopped).rejects.toThrow(/run the same command again to resume/);
      await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
      const messages: string[] = [];
      const resumed = await run(batch, { checkpoint: { path, every: 7 }, onMessage: (text) => messages.push(text) });
      expect(messages.join()).toMatch(/resumes after step/);
      expect(resumed).toEqual(expected);
      removeCheckpoint(path);
    }
  });

  it('keeps each step that took long, whatever the steps between two checkpoints', async () => {
    const expected = await run(0, {});
    const model = whenCalled(40, () => {
      throw new Error('power cut');
    });
    let now = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 61_000));
    try {
      const cut = invert(model, twinProblem(twin.prior, 2.5), { ...twinSettings, iterations: 30 }, { checkpoint: { path, every: 1000 } });
      await expect(cut).rejects.toThrow('power cut');
    } finally {
      clock.mockRestore();
    }
    const messages: string[] = [];
    const resumed = await run(0, { checkpoint: { path, every: 1000 }, onMessage: (text) => messages.push(text) });
    expect(messages.join()).toMatch(/resumes after step [1-9]/);
    expect(resumed).toEqual(expected);
    removeCheckpoint(path);
  });

  it('says when there is no checkpoint to resume from', async () => {
    await expect(run(0, { signal: AbortSignal.abort() })).rejects.toThrow(/no checkpoint was asked for/);
  });

  it.each(['cut short', 'spoilt', 'empty'])('uses the checkpoint before one that is %s, and says so', async (how) => {
    const expected = await run(0, { checkpoint: { path, every: 7 } });
    const size = readFileSync(path).length;
    if (how === 'cut short') truncateSync(path, size - 9);
    if (how === 'empty') writeFileSync(path, '');
    if (how === 'spoilt')
      writeFileSync(
        path,
        readFileSync(path).map((byte, i) => (i === size - 100 ? byte ^ 1 : byte)),
      );
    const messages: string[] = [];
    const resumed = await run(0, { checkpoint: { path, every: 7 }, onMessage: (text) => messages.push(text) });
    expect(messages[0]).toMatch(/passed over/);
    expect(messages.at(-1)).toMatch(/resumes after step 28/);
    expect(resumed).toEqual(expected);
  });

  it('passes over a checkpoint of other settings, and starts anew where it is told to', async () => {
    await run(0, { checkpoint: { path, every: 7 } });
    const messages: string[] = [];
    await run(2, { checkpoint: { path, every: 7 }, onMessage: (text) => messages.push(text) });
    expect(messages[0]).toMatch(/belongs to other settings/);
    expect(existsSync(path)).toBe(true);
    const again: string[] = [];
    await run(2, { checkpoint: { path, every: 7 }, resume: false, onMessage: (text) => again.push(text) });
    expect(again).toEqual([]);
  });

  it('reports progress', async () => {
    const lines: string[] = [];
    await run(0, { onProgress: (done, total, text) => lines.push(`${done}/${total} ${text}`) });
    expect(lines.length).toBe(31);
    expect(lines[30]).toMatch(/^30\/30 cost .* watched monitors .* % of the error at the start$/);
  });
});
