import { Random } from '../base/random';
import { Grid } from '../grid/grid';
import { failure } from '../files/testing/shared-data';
import {
  applyKernel,
  columnKernel,
  ColumnOperator,
  edgesOnGround,
  kernelLayers,
  layerParts,
  replaceApriori,
  type FootprintPart,
} from './column-operator';
import type { ModelLayers } from './model-layers';
import type { Retrieval } from './retrieval';

const grid = new Grid({
  name: 'TEST', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: 0, yorig: 0, xcell: 12000, ycell: 12000, cols: 3, rows: 2,
}); // prettier-ignore
const CELLS = 6;

/** A model whose every cell has these edges. */
function modelOf(edges: readonly number[]): ModelLayers {
  const layers = edges.length - 1;
  const pressureEdges = Float64Array.from({ length: edges.length * CELLS }, (_, i) => edges[Math.floor(i / CELLS)]);
  return { grid, layers, pressureEdges, air: new Float64Array(layers * CELLS).fill(1), path: 'model', time: new Date(0) };
}

/** A model of random layers, another ground in each cell. */
function randomModel(random: Random, layers: number, top: number): ModelLayers {
  const model = modelOf(Array.from({ length: layers + 1 }, () => 0));
  for (let cell = 0; cell < CELLS; cell++) {
    const edges = fallingEdges(random, layers, 95000 + 6000 * random.uniform(), top);
    edges.forEach((edge, k) => (model.pressureEdges[k * CELLS + cell] = edge));
  }
  return model;
}

function fallingEdges(random: Random, layers: number, bottom: number, top: number): number[] {
  const inner = Array.from({ length: layers - 1 }, () => top + (bottom - top) * random.uniform()).sort((a, b) => b - a);
  return [bottom, ...inner, top];
}

const uniforms = (random: Random, length: number): Float64Array => Float64Array.from({ length }, () => random.uniform());
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const relative = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), 1e-300);

function randomRetrieval(random: Random, layers = 34, extra: Partial<Retrieval> = {}): Retrieval {
  return {
    column: 1e-4,
    error: 2e-5,
    pressureEdges: fallingEdges(random, layers, 101000, 0),
    sensitivity: { kind: 'kernel', given: 'layers', values: uniforms(random, layers) },
    airMassFactor: 1.3,
    addsApriori: false,
    ...extra,
  };
}

/** What lies between two pressures of a profile that is even within its layers: a difference of two sums, not an overlap of layers. */
function columnBetween(edges: readonly number[], amounts: ArrayLike<number>, bottom: number, top: number): number {
  const sumBelow = (pressure: number): number => {
    let total = 0;
    for (let k = 0; k + 1 < edges.length; k++) {
      const clipped = Math.min(edges[k], Math.max(edges[k + 1], pressure));
      total += (amounts[k] * (edges[k] - clipped)) / (edges[k] - edges[k + 1]);
    }
    return total;
  };
  return sumBelow(top) - sumBelow(bottom);
}

/** The dense matrix of retrievals on `[layers, rows, cols]`, each element from the definition: a unit of gas in one layer of one cell. */
function denseMatrix(
  model: ModelLayers,
  retrievals: readonly { retrieval: Retrieval; footprint: readonly FootprintPart[]; kernel: number[] }[],
): number[][] {
  const { layers } = model;
  return retrievals.map(({ retrieval, footprint, kernel }) =>
    Array.from({ length: layers * CELLS }, (_, j) => {
      const [layer, cell] = [Math.floor(j / CELLS), j % CELLS];
      const share = footprint.find((part) => part.cell === cell)?.share ?? 0;
      const raw = Array.from({ length: layers + 1 }, (_, k) => model.pressureEdges[k * CELLS + cell]);
      const ground = retrieval.pressureEdges[0];
      const edges = raw.map((p) => ground - ((raw[0] - p) * (ground - raw[layers])) / (raw[0] - raw[layers]));
      const unit = Array.from({ length: layers }, (_, k) => (k === layer ? 1 : 0));
      return share * sum(kernel.map((a, l) => a * columnBetween(edges, unit, retrieval.pressureEdges[l], retrieval.pressureEdges[l + 1])));
    }),
  );
}

/** TROPOMI's form: the total column's kernel, the last layer of the troposphere by its upper edge. */
function tropospheric(random: Random): { retrieval: Retrieval; kernel: number[] } {
  const retrieval = randomRetrieval(random);
  const last = 20;
  retrieval.sensitivity.airMassFactor = 2.1;
  retrieval.tropopausePressure = retrieval.pressureEdges[last + 1];
  const kernel = Array.from(retrieval.sensitivity.values, (a, l) => (l <= last ? (a * 2.1) / 1.3 : 0));
  return { retrieval, kernel };
}

describe('layers of one on those of the other', () => {
  it('worked by hand', () => {
    // 1000–800 lies half in 1000–900 and half in 900–300; 800–200 lies 500 of 600 in it, and the rest above.
    expect(Array.from(layerParts([1000, 800, 200], [1000, 900, 300]))).toEqual([0.5, 0, 0.5, 5 / 6]);
  });

  it.each([1, 2, 3, 4])('what is moved is conserved (seed %d)', (seed) => {
    const random = new Random(seed);
    const [source, target] = [fallingEdges(random, 35, 101000, 5000), fallingEdges(random, 34, 101000, 0)];
    const amounts = uniforms(random, 35);
    const parts = layerParts(source, target);
    const moved = Array.from({ length: 34 }, (_, l) => sum(amounts.map((x, k) => x * parts[l * 35 + k])));
    expect(relative(sum(moved), sum(amounts))).toBeLessThan(1e-9);
    moved.forEach((x, l) => expect(Math.abs(x - columnBetween(source, amounts, target[l], target[l + 1]))).toBeLessThan(1e-9));
  });

  it('an even mole fraction stays one, whatever the layers', () => {
    const random = new Random(5);
    const [source, target] = [fallingEdges(random, 12, 100000, 0), fallingEdges(random, 34, 100000, 0)];
    const parts = layerParts(source, target);
    for (let l = 0; l < 34; l++) {
      const moved = sum(Array.from({ length: 12 }, (_, k) => parts[l * 12 + k] * (source[k] - source[k + 1])));
      expect(relative(moved, target[l] - target[l + 1])).toBeLessThan(1e-9);
    }
  });

  it('the ground is moved, the top stays, and a layer keeps its part of the air', () => {
    expect(Array.from(edgesOnGround([100000, 90000, 10000], 82000))).toEqual([82000, 74000, 10000]);
  });
});

describe('apply_ak', () => {
  it('worked by hand, a kernel that grows with height', () => {
    // The retrieval's layers hold 0.5·2 = 1 and 0.5·2 + 3 = 4; kernel 0.4 and 1.5; air mass factors 2 and 1 for the one that it was divided by and the column's.
    const retrieval: Retrieval = {
      column: 9, error: 1, pressureEdges: [1000, 900, 200], airMassFactor: 1, addsApriori: false,
      sensitivity: { kind: 'kernel', given: 'layers', values: [0.4, 1.5], airMassFactor: 2 },
    }; // prettier-ignore
    const model = modelOf([1000, 800, 200]);
    const row = applyKernel(retrieval, model, [{ cell: 4, share: 1 }]);
    const field = new Float64Array(2 * CELLS);
    field[4] = 2;
    field[CELLS + 4] = 3;
    expect(new ColumnOperator(model, [row]).apply(field)[0]).toBeCloseTo(2 * (0.4 * 1 + 1.5 * 4), 12);
    expect(row).toMatchObject({ cells: [4], offset: 0, column: 9, error: 1 });
  });

  it.each([1, 2, 3])('agrees with the dense matrix to 1e-9, and its adjoint to 1e-12 (seed %d)', (seed) => {
    const random = new Random(seed);
    const model = randomModel(random, 35, 5000);
    const footprint = [
      { cell: 1, share: 0.3 },
      { cell: 2, share: 0.2 },
      { cell: 4, share: 0.5 },
    ];
    const all = Array.from({ length: 5 }, (_, i) => ({ ...tropospheric(random), footprint: i === 0 ? [{ cell: 5, share: 1 }] : footprint }));
    const operator = new ColumnOperator(model, all.map(({ retrieval, footprint: parts }) => applyKernel(retrieval, model, parts))); // prettier-ignore
    const x = uniforms(random, 35 * CELLS);
    const applied = operator.apply(x);
    const dense = denseMatrix(model, all).map((row) => sum(row.map((weight, j) => weight * x[j])));
    applied.forEach((value, i) => expect(relative(value, dense[i])).toBeLessThan(1e-9));
    const y = uniforms(random, 5);
    const transposed = operator.applyTransposed(y);
    expect(relative(sum(applied.map((value, i) => value * y[i])), sum(transposed.map((value, j) => value * x[j])))).toBeLessThan(1e-12);
  });

  it('a kernel of ones gives the plain column, of layers and of edges', () => {
    const random = new Random(7);
    const model = randomModel(random, 35, 100);
    const x = uniforms(random, 35 * CELLS);
    const plain = sum(x.filter((_, j) => j % CELLS === 3));
    for (const place of ['layers', 'edges'] as const) {
      const values = new Float64Array(place === 'layers' ? 34 : 35).fill(1);
      const retrieval = randomRetrieval(random, 34, { sensitivity: { kind: 'kernel', given: place, values } });
      const operator = new ColumnOperator(model, [applyKernel(retrieval, model, [{ cell: 3, share: 1 }])]);
      expect(relative(operator.apply(x)[0], plain)).toBeLessThan(1e-9);
    }
  });

  it('closed form: kernel linear in pressure at edges, an even mole fraction c: ∫ c (p / p0) dp = c p0 / 2', () => {
    const random = new Random(8);
    const edges = fallingEdges(random, 34, 100000, 0);
    const sensitivity = { kind: 'kernel', given: 'edges', values: edges.map((p) => p / 100000) } as const;
    const modelEdges = fallingEdges(random, 20, 100000, 0);
    const model = modelOf(modelEdges);
    const x = Float64Array.from({ length: 20 * CELLS }, (_, j) => modelEdges[Math.floor(j / CELLS)] - modelEdges[Math.floor(j / CELLS) + 1]);
    const row = applyKernel(randomRetrieval(random, 34, { pressureEdges: edges, sensitivity }), model, [{ cell: 0, share: 1 }]);
    expect(relative(new ColumnOperator(model, [row]).apply(x)[0], 50000)).toBeLessThan(1e-9);
  });

  it('scattering weights are a kernel times the air mass factor', () => {
    const random = new Random(9);
    const retrieval = randomRetrieval(random);
    const weights = Array.from(retrieval.sensitivity.values, (a) => a * 1.3);
    const same = { ...retrieval, sensitivity: { kind: 'scattering weights', given: 'layers', values: weights } } as const;
    kernelLayers(same).kernel.forEach((a, l) => expect(relative(a, retrieval.sensitivity.values[l])).toBeLessThan(1e-12));
  });

  it.each([
    ['layers', [1, 2]],
    ['edges', [0, 2, 2]],
    ['edges', [1, 1, 5]], // 1 at 600 and 2 at 500: a mean of 1.5 below the tropopause
  ] as const)('a tropopause within a layer ends it there, values of %s', (place, values) => {
    const retrieval: Retrieval = {
      column: 1, error: 1, pressureEdges: [1000, 600, 200], airMassFactor: 1, addsApriori: false, tropopausePressure: 500, apriori: [3, 8],
      sensitivity: { kind: 'kernel', given: place, values },
    }; // prettier-ignore
    const kernel = place === 'edges' && values[2] === 5 ? [1, 1.5] : [1, 2];
    expect(kernelLayers(retrieval)).toEqual({ edges: new Float64Array([1000, 600, 500]), kernel: new Float64Array(kernel), apriori: new Float64Array([3, 2]) }); // prettier-ignore
    expect(Array.from(columnKernel({ ...retrieval, pressureEdges: [1000, 600, 200, 100], apriori: undefined, sensitivity: { ...retrieval.sensitivity, values: [...values, 9] } }))).toEqual([kernel[0], kernel[1] / 4, 0]); // prettier-ignore
    // The model's layer ends at the tropopause: all of it counts, and nothing is missing.
    const row = applyKernel(retrieval, modelOf([1000, 500]), [{ cell: 0, share: 1 }]);
    expect(row.weights[0]).toBeCloseTo(0.8 * kernel[0] + 0.2 * kernel[1], 12);
    expect([row.uncovered, row.offset]).toEqual([0, 0]);
  });

  it('the a priori stands in above the top, and comes back where the product asks for it', () => {
    const retrieval: Retrieval = {
      column: 1, error: 1, pressureEdges: [1000, 600, 200], airMassFactor: 1, addsApriori: false, apriori: [7, 5],
      sensitivity: { kind: 'kernel', given: 'layers', values: [0.5, 2] },
    }; // prettier-ignore
    const model = modelOf([1000, 300]); // covers the lowest layer and 3/4 of the next
    const field = new Float64Array(CELLS).fill(14); // of which 8 lie in the first layer, 6 in the next
    const valueOf = (extra: Partial<Retrieval>): number =>
      new ColumnOperator(model, [applyKernel({ ...retrieval, ...extra }, model, [{ cell: 0, share: 1 }])]).apply(field)[0];
    expect(valueOf({ apriori: undefined })).toBeCloseTo(0.5 * 8 + 2 * 6, 12);
    expect(valueOf({})).toBeCloseTo(0.5 * 8 + 2 * (6 + 5 / 4), 12);
    expect(valueOf({ addsApriori: true })).toBeCloseTo(0.5 * 8 + 2 * (6 + 5 / 4) + 0.5 * 7 - 1 * 5, 12);
    // 100 Pa of 800 lie above the model's top, and 50 of 750 below a tropopause at 250 Pa.
    const uncovered = (extra: Partial<Retrieval>): number => applyKernel({ ...retrieval, ...extra }, model, [{ cell: 0, share: 1 }]).uncovered;
    expect(uncovered({})).toBeCloseTo(1 / 8, 12);
    expect(uncovered({ tropopausePressure: 250 })).toBeCloseTo(1 / 15, 12);
    expect(() => valueOf({ apriori: undefined, addsApriori: true })).toThrow(
      failure('RETRIEVAL_APRIORI', 'retrieval: its column holds an a priori profile, which is not given: name the variable of the profile'),
    );
  });
});

describe('replace_apriori', () => {
  const random = new Random(11);
  const model = randomModel(random, 20, 5000);
  const footprint = [
    { cell: 0, share: 0.6 },
    { cell: 1, share: 0.4 },
  ];
  const { retrieval, kernel } = tropospheric(random);
  const profile = uniforms(random, 20 * CELLS);
  const rows = { replaced: replaceApriori(retrieval, model, footprint, profile), kernel: applyKernel(retrieval, model, footprint) };

  it('the column is divided by the air mass factor of the profile, and compared with its tropospheric column', () => {
    const [slant] = denseMatrix(model, [{ retrieval, footprint, kernel }]).map((row) => sum(row.map((weight, j) => weight * profile[j])));
    const ones = kernel.map((_, l) => (l <= 20 ? 1 : 0));
    const [vertical] = denseMatrix(model, [{ retrieval, footprint, kernel: ones }]).map((row) => sum(row.map((weight, j) => weight * profile[j])));
    const { replaced } = rows;
    expect(relative(replaced.airMassFactor, (1.3 * slant) / vertical)).toBeLessThan(1e-9);
    expect(relative(replaced.column * replaced.airMassFactor, retrieval.column * retrieval.airMassFactor)).toBeLessThan(1e-12);
    expect(relative(replaced.error / replaced.column, retrieval.error / retrieval.column)).toBeLessThan(1e-12);
    expect(relative(new ColumnOperator(model, [replaced]).apply(profile)[0], vertical)).toBeLessThan(1e-9);
  });

  it('its misfit is that of apply_ak times one factor', () => {
    const misfit = (row: typeof rows.kernel): number => row.column - new ColumnOperator(model, [row]).apply(profile)[0];
    expect(relative(misfit(rows.replaced), (misfit(rows.kernel) * rows.replaced.column) / rows.kernel.column)).toBeLessThan(1e-9);
  });

  it('a profile of the a priori itself changes nothing', () => {
    // A kernel is box factors over the a priori's air mass factor, so that Σ kernel · apriori = Σ apriori.
    const apriori = uniforms(random, 34);
    const raw = uniforms(random, 34);
    const values = raw.map((a) => (a * sum(apriori)) / sum(apriori.map((x, l) => x * raw[l])));
    const same = randomRetrieval(random, 34, { sensitivity: { kind: 'kernel', given: 'layers', values }, apriori });
    const onItsLayers = modelOf(Array.from(same.pressureEdges));
    const field = Float64Array.from({ length: 34 * CELLS }, (_, j) => apriori[Math.floor(j / CELLS)]);
    expect(relative(replaceApriori(same, onItsLayers, [{ cell: 2, share: 1 }], field).column, same.column)).toBeLessThan(1e-9);
  });

  it('refuses what has no air mass factor', () => {
    expect(() => replaceApriori({ ...retrieval, addsApriori: true }, model, footprint, profile)).toThrow(
      failure('RETRIEVAL_METHOD', 'retrieval: a product whose column holds its a priori has no air mass factor to replace it: use apply_ak'),
    );
    expect(() => replaceApriori(retrieval, model, footprint, new Float64Array(20 * CELLS))).toThrow(
      failure(
        'RETRIEVAL_PROFILE',
        "retrieval: the model's profile has a column of 0 mol m-2 and 0 under the kernel, where both must be above 0 for an air mass factor: use apply_ak",
      ),
    );
  });
});

describe('bad retrievals', () => {
  const good: Retrieval = {
    column: 1, error: 1, pressureEdges: [1000, 600, 200], airMassFactor: 1, addsApriori: false,
    sensitivity: { kind: 'kernel', given: 'layers', values: [1, 2] },
  }; // prettier-ignore

  it.each<[string, Partial<Retrieval>, string, string, number]>([
    [
      'another layer count',
      { sensitivity: { kind: 'kernel', given: 'layers', values: [1, 2, 3] } },
      'RETRIEVAL_LAYERS',
      'retrieval: expected 2 values of its kernel, for 2 layers, but received 3: give pressures and kernel of one product',
      1,
    ],
    [
      'an a priori of other layers',
      { apriori: [1] },
      'RETRIEVAL_LAYERS',
      'retrieval: expected 2 values of its a priori, for 2 layers, but received 1: give pressures and a priori of one product',
      1,
    ],
    [
      'profiles from the top',
      { pressureEdges: [200, 600, 1000] },
      'RETRIEVAL_EDGES',
      'retrieval: expected pressures that fall from the ground up but received 200 and then 600 Pa: turn the profiles round',
      3,
    ],
    [
      'a tropopause in another unit',
      { tropopausePressure: 15000 },
      'RETRIEVAL_EDGES',
      'retrieval: expected a tropopause above the ground, at 1000 Pa, but received 15000 Pa: give both in Pa',
      3,
    ],
    [
      'no air mass factor',
      { airMassFactor: 0 },
      'RETRIEVAL_FACTOR',
      'retrieval: expected an air mass factor above 0 but received 0: leave out what has none',
      3,
    ],
  ])('%s', (_, extra, code, message, exitCode) => {
    expect(() => kernelLayers({ ...good, ...extra })).toThrow(failure(code, message, exitCode));
  });

  it('pressures in hPa', () => {
    expect(() => applyKernel(good, modelOf([100000, 50000, 5000]), [{ cell: 0, share: 1 }])).toThrow(
      failure(
        'RETRIEVAL_EDGES',
        "retrieval: the ground, at 1000 Pa, lies above the model's top at 5000 Pa: give its pressures in Pa, the ground's first",
      ),
    );
  });

  it('a field of another size', () => {
    expect(() => new ColumnOperator(modelOf([1000, 200]), []).apply(new Float64Array(3))).toThrow(
      failure('RETRIEVAL_SHAPE', 'columns: expected [1, 2, 3] but received 3 values: give one field', 1),
    );
  });
});
