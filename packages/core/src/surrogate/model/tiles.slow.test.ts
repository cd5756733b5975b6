import { surrogateSchema } from '../../case/schema/learning-schema';
import { paperDefaults } from '../../case';
import { sourceOf } from '../../fields/training-period';
import { pickAt, spreadTo } from '../../base/vectors';
import { DEFAULT_LSTM_UNET, dependence, PAPER_RESNET, type NetworkSettings } from '../../nn';
import { Random } from '../../base/random';
import { DomainRun } from '../domain/domain-run';
import type { AdjointEngine } from './frozen-program';
import { freeRun } from '../domain/free-run';
import { networkSettings } from './surrogate-settings';
import type { Surrogate } from './surrogate';
import { randomPeriod, randomSurrogate } from '../testing/random-surrogate';
import { smallestSide, tilesOf, wholeDomain, type Tiling } from './tiles';

const HOURS = 10;
const small = {
  window: [
    { count: 1, hours: 2 },
    { count: 2, hours: 1 },
  ],
  tracers: [{ lifetime: 2 }, { lifetime: 20 }],
  hidden: 3,
  widths: [4, 5, 6],
  headWidth: 4,
  branchWidth: 2,
};
const NETWORKS = {
  default: surrogateSchema().parse(small),
  // 7 x 7 branches of earlier concentrations and geography, batch norm, one head a species; its own widths would take minutes here
  paper: surrogateSchema().parse({ ...paperDefaults.surrogate, ...small, tracers: [] }),
  'lstm-unet': surrogateSchema().parse({ ...small, network: 'lstm-unet', tracers: [] }),
  resnet: surrogateSchema().parse({ ...small, network: 'resnet', residualBlocks: 3, batchNorm: true }),
};

describe.each(Object.keys(NETWORKS) as (keyof typeof NETWORKS)[])('%s', (name) => {
  const settings = NETWORKS[name];
  // No multiple of 4 along either axis, both remainders odd and even.
  const [rows, cols] = name === 'resnet' ? [37, 50] : [75, 102];
  const least = smallestSide(networkSettings(settings, 4), { rows, cols });
  const period = randomPeriod(rows, cols, HOURS);
  const surrogate = randomSurrogate(settings, [period]);
  const random = new Random(5);
  const hours = [6, 9, 7];
  const factors = Float32Array.from({ length: HOURS * rows * cols * 5 }, () => 0.5 + random.uniform());
  const gradient = Float32Array.from({ length: hours.length * rows * cols * 4 }, () => random.normal());

  const programOf = ({ rows, cols }: Tiling): AdjointEngine => surrogate.program(2, rows, cols, { threads: 1 }, { adjoint: true });
  const runOf = (tiling: Tiling, program: AdjointEngine): DomainRun =>
    new DomainRun({ surrogate, sources: [sourceOf(period)], tiling, engine: program, adjoint: program, batchSize: 2, threads: 1 });

  async function results(tiling: Tiling, seed: Float32Array = gradient): Promise<{ concentrations: Float32Array; gradFactors: Float32Array }> {
    const program = programOf(tiling);
    const run = runOf(tiling, program);
    const what = { period: 0, hours, factors: { data: factors, hourly: true } };
    const concentrations = await run.forward(what);
    const gradFactors = new Float32Array(factors.length);
    await run.addAdjoint(what, seed, gradFactors);
    await run.finishAdjoint(0, { data: gradFactors, hourly: true });
    program.dispose();
    return { concentrations, gradFactors };
  }

  const whole = results(wholeDomain(period.grid));

  it.each([least, least + 9, 1000])('tiles of at most %i cells give concentrations and gradient of the whole domain', async (side) => {
    const tiling = tilesOf(networkSettings(settings, 4), period.grid, side);
    expect(tiling.tiles.length).toBeGreaterThan(side === 1000 ? 0 : 3);
    expect(tiling.rows).toBeLessThanOrEqual(side);
    const [tiled, expected] = [await results(tiling), await whole];
    // Sums of a few hundred float32 products in another order, through some ten layers: a few times 1e-6 of the largest.
    expectClose(tiled.concentrations, expected.concentrations, 1e-5);
    expectClose(tiled.gradFactors, expected.gradFactors, 1e-5);
  });

  it('a tile that is not left has the tracers of the factors that it is given', async () => {
    const tiling = tilesOf(networkSettings(settings, 4), period.grid, least);
    const program = programOf(tiling);
    const [stays, anew] = [runOf(tiling, program), runOf(tiling, program)];
    const { keptCrop } = tiling.tiles[0];
    const places = Int32Array.from({ length: keptCrop.cols * 4 }, (_, i) => keptCrop.col * 4 + i); // of the first hour and row
    const others = factors.map((factor) => 2 * factor);
    const forward = (run: DomainRun, data: Float32Array): Promise<Float32Array> =>
      run.forward({ period: 0, hours, factors: { data, hourly: true } }, { places });
    await forward(stays, factors);
    expect(await forward(stays, others)).toEqual(await forward(anew, others));
    program.dispose();
  });

  it('concentrations at places, and the gradient on these alone, are those of the whole domain', async () => {
    const tiling = tilesOf(networkSettings(settings, 4), period.grid, least);
    const field = rows * cols * 4;
    // Of the first and the last hour, at the domain's corners and along a diagonal through several tiles.
    const diagonal = Array.from({ length: rows }, (_, row) => (row * cols + row) * 4 + (row % 4));
    const places = Int32Array.from([...diagonal, field - 1, ...diagonal.map((place) => 2 * field + place), 3 * field - 1]);
    const on = { period: 0, hours, factors: { data: factors, hourly: true } };
    const seed = Float32Array.from(places, (_, i) => Math.cos(i));
    const atPlaces = async (how: Tiling): Promise<[Float32Array, Float32Array]> => {
      const program = programOf(how);
      const run = runOf(how, program);
      const values = await run.forward(on, { places });
      const gradFactors = new Float32Array(factors.length);
      await run.addAdjoint(on, seed, gradFactors, places);
      await run.finishAdjoint(0, { data: gradFactors, hourly: true });
      program.dispose();
      return [values, gradFactors];
    };
    const [values, gradFactors] = await atPlaces(wholeDomain(period.grid));
    expect(values).toEqual(pickAt((await whole).concentrations, places));
    expect(gradFactors).toEqual((await results(wholeDomain(period.grid), spreadTo(3 * field, seed, places))).gradFactors);
    const [tiled, tiledGradient] = await atPlaces(tiling);
    expectClose(tiled, values, 1e-5);
    expectClose(tiledGradient, gradFactors, 1e-5);
  });

  it('needs all of the halo: with that of a network with fewer convolutions the result differs', async () => {
    const short = settings.network === 'resnet' ? { ...settings, residualBlocks: 1 } : { ...settings, encoderConvs: 1 };
    const tiling = tilesOf(networkSettings(short, 4), period.grid, least);
    expect(difference((await results(tiling)).concentrations, (await whole).concentrations)).toBeGreaterThan(1e-4);
  });

  it('free runs on tiles are those on the whole domain', async () => {
    const tiling = tilesOf(networkSettings(settings, 4), period.grid, least);
    const run = (how: Tiling): Promise<Float32Array> => freeRunOn(surrogate, how, period, hours);
    expectClose(await run(tiling), await run(wholeDomain(period.grid)), 1e-5);
  });
});

async function freeRunOn(surrogate: Surrogate, tiling: Tiling, period: ReturnType<typeof randomPeriod>, hours: number[]): Promise<Float32Array> {
  const engine = surrogate.program(1, tiling.rows, tiling.cols, { threads: 1 }, { adjoint: false });
  const told: number[] = [];
  const { emissions } = period.runs.get('prior')!;
  const out = await freeRun({ surrogate, engine, tiling, batchSize: 1, period, emissions, hours, onHour: (done) => told.push(done) });
  expect(told.at(-1)).toBe(hours.length);
  engine.dispose();
  return out;
}

/** Largest difference relative to the largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i])), 0) / largest;
}

function expectClose(a: Float32Array, b: Float32Array, bound: number): void {
  expect(a.length).toBe(b.length);
  expect(difference(a, b)).toBeLessThan(bound);
}

describe('tilesOf', () => {
  const grids = [
    { rows: 61, cols: 203 },
    { rows: 333, cols: 90 },
  ];
  const cases = [DEFAULT_LSTM_UNET, { ...PAPER_RESNET, blocks: 2 }, { ...DEFAULT_LSTM_UNET, widths: [8, 8] }] as NetworkSettings[];

  it.each(cases.flatMap((settings) => grids.map((grid) => ({ settings, grid }))))(
    'keeps every cell once, where the tile holds all that it depends on ($grid.rows x $grid.cols, $settings.network)',
    ({ settings, grid }) => {
      for (const side of [smallestSide(settings, grid) + 8, 96, 250]) {
        const { rows, cols, tiles } = tilesOf(settings, grid, side);
        const seen = new Uint8Array(grid.rows * grid.cols);
        for (const { crop, keptCrop } of tiles) {
          expect([crop.rows, crop.cols]).toEqual([rows, cols]);
          expect(holds(settings, grid.rows, [crop.row, rows], [keptCrop.row, keptCrop.rows])).toBe(true);
          expect(holds(settings, grid.cols, [crop.col, cols], [keptCrop.col, keptCrop.cols])).toBe(true);
          for (let r = keptCrop.row; r < keptCrop.row + keptCrop.rows; r++)
            for (let c = keptCrop.col; c < keptCrop.col + keptCrop.cols; c++) seen[r * grid.cols + c]++;
        }
        expect(seen.every((n) => n === 1)).toBe(true);
      }
    },
  );

  it('are as few as their largest side allows, and no larger than so many need', () => {
    const square = { rows: 203, cols: 203 };
    for (const settings of cases) {
      const least = smallestSide(settings, square);
      expect(tilesOf(settings, square, 202).tiles).toHaveLength(4);
      for (const side of [least + 6, 120, 202]) {
        const { rows, tiles } = tilesOf(settings, square, side);
        if (rows > least) expect(tilesOf(settings, square, rows - 1).tiles.length).toBeGreaterThan(tiles.length);
      }
    }
  });

  it('need a side that both axes can be cut with', () => {
    const [short, long] = [
      { rows: 97, cols: 20 },
      { rows: 20, cols: 98 },
    ];
    for (const settings of cases) {
      const [a, b] = [short, long].map((grid) => smallestSide(settings, grid));
      const both = { rows: 97, cols: 98 };
      expect(smallestSide(settings, both)).toBe(Math.max(a, b));
      expect(smallestSide(settings, { rows: both.cols, cols: both.rows })).toBe(Math.max(a, b));
      expect(() => tilesOf(settings, both, Math.max(a, b))).not.toThrow();
    }
  });

  it('refuses tiles that the halo fills, and says what would do', () => {
    const grid = { rows: 100, cols: 120 };
    const least = smallestSide(DEFAULT_LSTM_UNET, grid);
    expect(least).toBeGreaterThan(38);
    expect(() => tilesOf(DEFAULT_LSTM_UNET, grid, least - 1)).toThrow(
      expect.objectContaining({ code: 'CASE_TILE_CELLS', message: expect.stringContaining(`set ${least} or more`) as string }) as Error,
    );
    expect(() => tilesOf(DEFAULT_LSTM_UNET, grid, least)).not.toThrow();
  });
});

/** Whether a tile of an axis begins with a pooling block, lies in the domain, and holds what its kept cells depend on, or ends with the domain. */
function holds(settings: NetworkSettings, size: number, [origin, length]: number[], [from, count]: number[]): boolean {
  const block = settings.network === 'resnet' ? 1 : 2 ** (settings.widths.length - 1);
  if (origin % block !== 0 || (size - length) % block !== 0 || origin + length > size) return false;
  return Array.from({ length: count }, (_, k) => dependence(settings, from + k)).every(
    ([first, last]) => (origin === 0 || first >= origin) && (origin + length === size || last < origin + length),
  );
}

describe('the choice of tiles', () => {
  const surrogate = randomSurrogate(surrogateSchema().parse({ tracers: small.tracers }), [randomPeriod(8, 8, 70)]);

  it('is the whole domain while its program fits, and tiles beyond', () => {
    const paperGrid = { rows: 232, cols: 182 };
    expect(surrogate.tiling(8, paperGrid, 0, { adjoint: true })).toEqual(wholeDomain(paperGrid));
    const large = surrogate.tiling(1, { rows: 1400, cols: 1600 }, 0, { adjoint: true });
    expect(large.tiles.length).toBeGreaterThan(10);
    expect(large.rows).toBeGreaterThan(150);
  });

  it('is what the case says: tiles of a small domain, the whole of a large one', () => {
    const grid = { rows: 1000, cols: 1200 };
    expect(surrogate.tiling(1, grid, 1200, { adjoint: true })).toEqual(wholeDomain(grid));
    expect(surrogate.tiling(1, { rows: 200, cols: 200 }, 80, { adjoint: true }).tiles.length).toBeGreaterThan(4);
  });
});
