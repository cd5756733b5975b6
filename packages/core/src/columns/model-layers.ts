/**
 * The transport model's layers as columns need them: the air in each, and the pressures between them.
 *
 *   air[k]  = DENS[k] · (ZF[k] − ZF[k−1]) / M          mol m-2
 *   x[k]    = moleFraction[k] · air[k]                 mol m-2, a partial column
 *
 * Which air: CMAQ makes emissions mole fractions with DENS and a molar mass M of 28.9628 g mol-1 (MWAIR in its CONST.EXT), so the same two give
 * back the moles that were emitted. That is dry air: MCIP computes DENS of WRF as PRES / (Rd · TA · (1 + QV · Rv / Rd)).
 *
 * Pressures at the edges are hydrostatic. Between the middles of two layers (ZH) the logarithm of PRES is linear in height; from the lowest
 * middle to the ground, and from the highest to the model's top, d ln p / dz = −g · DENS / PRES of that layer. Vapour is left out of that weight:
 * with a first layer of 40 m it changes the ground's pressure by 5 Pa.
 */
import { DataError, UnitError } from '../base/errors';
import type { IoapiReader } from '../files/ioapi/ioapi-file';
import { assertValues, concentrationRange, type ValueRange } from '../files/netcdf/value-ranges';
import { instant, timeAt, type Grid } from '../grid/grid';
import { conversion } from '../units/units';

/** kg mol-1: MWAIR of CMAQ. */
export const AIR_MOLAR_MASS = 28.9628e-3;
/** m s-2, as WRF and MCIP have it: their heights are geopotentials over it. */
export const GRAVITY = 9.81;
/** J kg-1 K-1, dry air. */
const AIR_GAS_CONSTANT = 287.04;

/** Layers of every cell at one instant, from the ground up. */
export interface ModelLayers {
  grid: Grid;
  layers: number;
  /** Pa, `[layers + 1, rows, cols]`, the ground's first. */
  pressureEdges: Float64Array;
  /** mol m-2 of air, `[layers, rows, cols]`. */
  air: Float64Array;
  /** The file that they come from: for messages. */
  path: string;
  time: Date;
  /** VGLVLS of that file, where it has them. */
  levels?: readonly number[];
}

/** What METCRO3D's variables are brought to, and can be. */
const VARIABLES = {
  PRES: { units: 'Pa', lowest: 1, greatest: 1.2e5 },
  DENS: { units: 'kg m-3', lowest: 1e-5, greatest: 2.5 },
  ZF: { units: 'm', lowest: 0.1, greatest: 1e5 },
  ZH: { units: 'm', lowest: 0.1, greatest: 1e5 },
} satisfies Record<string, ValueRange & { units: string }>;

export const MODEL_VARIABLES = Object.keys(VARIABLES);

/** K: no layer of air below 80 km is colder or warmer. Pressure, density and height that do not fit together make other numbers. */
const [COLDEST, WARMEST] = [130, 350];

/** Levels of two files are the same to the digits of a 32-bit float. */
const SAME_LEVEL = 1e-5;

/**
 * Reads the layers at an instant from MCIP's METCRO3D, or from another I/O API file with PRES, DENS, ZF and ZH.
 *
 * @throws {DataError} `STEP_OUTSIDE`, `VARIABLE_MISSING`, `NOT_FINITE`, `VALUE_RANGE`; `LAYERS_ORDER` where they do not begin at the ground; `LAYERS_STATE` where
 *   pressure, density and height do not fit together
 * @throws {UnitError} `UNIT_UNKNOWN`, `UNIT_MISMATCH`
 */
export function readModelLayers(meteorology: IoapiReader, time: Date): ModelLayers {
  const { grid, layers, path } = meteorology;
  const step = stepAt(meteorology, time);
  const fields = Object.entries(VARIABLES).map(([name, range]) => readField(meteorology, name, step, range));
  const [pressure, density, top, middle] = fields;
  const cells = grid.rows * grid.cols;
  const pressureEdges = new Float64Array((layers + 1) * cells);
  const air = new Float64Array(layers * cells);
  // A month of a large grid has a thousand million values: one memory for all cells.
  const [p, rho, zf, zh] = [0, 1, 2, 3].map(() => new Float64Array(layers));
  const edges = new Float64Array(layers + 1);
  for (let cell = 0; cell < cells; cell++) {
    for (let k = 0; k < layers; k++) {
      const place = k * cells + cell;
      p[k] = pressure[place];
      rho[k] = density[place];
      zf[k] = top[place];
      zh[k] = middle[place];
    }
    assertColumn({ p, rho, zf, zh }, path, cell, grid);
    edgesOf({ p, rho, zf, zh }, edges);
    for (let k = 0; k <= layers; k++) pressureEdges[k * cells + cell] = edges[k];
    for (let k = 0; k < layers; k++) air[k * cells + cell] = (rho[k] * (zf[k] - (k > 0 ? zf[k - 1] : 0))) / AIR_MOLAR_MASS;
  }
  return { grid, layers, pressureEdges, air, path, time, levels: levelsOf(meteorology) };
}

/**
 * Reads partial columns of a gas from the transport model's output with layers (CMAQ's CONC).
 *
 * @param variable - in the file, in any unit of mole fractions (ppmV, ppbV)
 * @param species - by which values are judged, where the file calls it otherwise (`HCHO` for `FORM`)
 * @returns mol m-2, `[layers, rows, cols]`
 * @throws {DataError} `LAYERS_DIFFER` unless the layers are those of the meteorology; `STEP_OUTSIDE`, `VARIABLE_MISSING`, `NOT_FINITE`, `VALUE_RANGE`
 * @throws {UnitError} `LAYERS_UNIT` for a mass per volume or another unit that is no mole fraction
 * @throws {GridError} `GRID_MISMATCH`
 */
export function readPartialColumns(concentrations: IoapiReader, variable: string, model: ModelLayers, species = variable): Float64Array {
  model.grid.assertSame(concentrations.grid, concentrations.path, 'give output on the grid of the meteorology');
  assertSameLayers(concentrations, model);
  const step = stepAt(concentrations, model.time);
  const { values, units } = readStep(concentrations, variable, step);
  const scale = scaleOf(units, `${concentrations.path}: ${variable}`);
  assertStep(values, concentrations, variable, step, concentrationRange(species, units, 1e9 * scale));
  const { air } = model;
  const partialColumns = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) partialColumns[i] = scale * values[i] * air[i];
  return partialColumns;
}

/** To mole fractions. */
function scaleOf(units: string, subject: string): number {
  try {
    return conversion(units, 'mol mol-1', { subject }).scale;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    throw new UnitError('LAYERS_UNIT', `${subject}: expected a mole fraction such as ppmV but it is in "${units}": give a gas of CMAQ's CONC file`, {
      cause: error,
    });
  }
}

/** Of a step: `[layers, rows, cols]` in the file's unit. */
function readStep(reader: IoapiReader, variable: string, step: number): { values: Float32Array; units: string } {
  const values = reader.read(variable, step, 1); // which tells where there is no such variable
  return { values, units: reader.variables.find(({ name }) => name === variable)!.units };
}

function assertStep(values: Float32Array, { path, grid, layers, time }: IoapiReader, variable: string, step: number, range: ValueRange): void {
  const position = { path, variable, grid, start: timeAt(time, step), stepSeconds: time.stepSeconds, layers };
  assertValues(values, position, range);
}

/** In the unit of the range. */
function readField(reader: IoapiReader, variable: string, step: number, range: ValueRange & { units: string }): Float64Array {
  const { values, units } = readStep(reader, variable, step);
  const { scale } = conversion(units, range.units, { subject: `${reader.path}: ${variable}` });
  assertStep(scale === 1 ? values : values.map((value) => scale * value), reader, variable, step, range);
  const field = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) field[i] = scale * values[i];
  return field;
}

/** @throws {DataError} `STEP_OUTSIDE` */
function stepAt({ path, time: axis }: IoapiReader, time: Date): number {
  const step = (time.getTime() - axis.start.getTime()) / (1000 * axis.stepSeconds);
  if (Number.isInteger(step) && step >= 0 && step < axis.count) return step;
  throw new DataError(
    'STEP_OUTSIDE',
    `${path}: ${instant(time)} was asked for but it holds ${axis.count} steps of ${axis.stepSeconds} s from ${instant(axis.start)}: give a file that holds it`,
  );
}

interface Column {
  /** Pa, in the middle */
  p: Float64Array;
  /** kg m-3 */
  rho: Float64Array;
  /** m, top */
  zf: Float64Array;
  /** m, middle */
  zh: Float64Array;
}

/** @throws {DataError} `LAYERS_ORDER`, `LAYERS_STATE` */
function assertColumn({ p, rho, zf, zh }: Column, path: string, cell: number, { cols }: Grid): void {
  const place = (): string => `${path}: row ${Math.floor(cell / cols)}, column ${cell % cols}`;
  let inOrder = true;
  for (let k = 0; k < p.length; k++) inOrder &&= zh[k] < zf[k] && (k === 0 || (p[k] < p[k - 1] && zh[k] > zf[k - 1]));
  if (!inOrder) {
    throw new DataError(
      'LAYERS_ORDER',
      `${place()}: expected layers from the ground up, PRES falling and ZF and ZH rising, but received others: turn the layers of the file, as MCIP writes them`,
    );
  }
  const n = p.length - 1;
  const isAir = (kelvin: number): boolean => kelvin >= COLDEST && kelvin <= WARMEST;
  let odd: number | undefined;
  for (let k = 0; k < p.length && odd === undefined; k++) {
    const ofLayer = p[k] / (AIR_GAS_CONSTANT * rho[k]);
    if (!isAir(ofLayer)) odd = ofLayer;
  }
  const ofAll = n > 0 ? ((zh[n] - zh[0]) / Math.log(p[0] / p[n])) * (GRAVITY / AIR_GAS_CONSTANT) : COLDEST;
  if (odd === undefined && !isAir(ofAll)) odd = ofAll;
  if (odd === undefined) return;
  throw new DataError(
    'LAYERS_STATE',
    `${place()}: PRES, DENS and ZH make air of ${Number(odd.toPrecision(3))} K, where ${COLDEST} to ${WARMEST} K was expected: mend the unit or the values of one of them`,
  );
}

/** @param edges - is written to. Pa: one more than layers, the ground's first */
function edgesOf({ p, rho, zf, zh }: Column, edges: Float64Array): void {
  const n = p.length;
  edges[0] = p[0] * Math.exp((GRAVITY * rho[0] * zh[0]) / p[0]);
  for (let k = 1; k < n; k++) {
    const part = (zf[k - 1] - zh[k - 1]) / (zh[k] - zh[k - 1]);
    edges[k] = p[k - 1] * (p[k] / p[k - 1]) ** part;
  }
  edges[n] = p[n - 1] * Math.exp((-GRAVITY * rho[n - 1] * (zf[n - 1] - zh[n - 1])) / p[n - 1]);
}

function levelsOf({ attributes, layers }: IoapiReader): number[] | undefined {
  const levels = attributes.VGLVLS;
  if (levels === undefined || typeof levels === 'string' || Array.isArray(levels) || levels.length !== layers + 1) return undefined;
  return Array.from<number | bigint, number>(levels, Number);
}

/** @throws {DataError} `LAYERS_DIFFER` */
function assertSameLayers(concentrations: IoapiReader, model: ModelLayers): void {
  const { path, layers } = concentrations;
  const remedy = 'let CMAQ write all layers (CONC_BLEV_ELEV), and give the meteorology of that run';
  if (layers !== model.layers) {
    throw new DataError('LAYERS_DIFFER', `${path}: expected ${model.layers} layers as in ${model.path} but received ${layers}: ${remedy}`);
  }
  const levels = levelsOf(concentrations);
  const odd = levels?.findIndex((level, k) => Math.abs(level - (model.levels?.[k] ?? level)) > SAME_LEVEL) ?? -1;
  if (odd < 0) return;
  throw new DataError(
    'LAYERS_DIFFER',
    `${path}: expected level ${odd} (VGLVLS) at ${model.levels?.[odd]} as in ${model.path} but received ${levels?.[odd]}: ${remedy}`,
  );
}
