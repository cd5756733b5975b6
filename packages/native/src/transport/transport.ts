/**
 * The reference chemical transport model, one hour at a time; it knows no files and no calendar. Fields are row-major, south to north, all of one grid.
 * The science, with its sources, stands in the headers of `src/transport/*.h` and in `docs/dev/reference-model.md`.
 */
import { loadAddon } from '../load-addon';

/**
 * What the model can carry. Gases and ions in ppb; `PPM` (primary PM2.5), `SOA` and `PMC` (primary coarse particles) in ng per mol of air. `TNO3` is HNO3 + nitrate,
 * `TNH3` NH3 + ammonium. `CO` and `PMC` are carried where they are emitted or asked for.
 */
export const transportSpecies = ['NO', 'NO2', 'O3', 'VOC', 'OVOC', 'SO2', 'SO4', 'TNO3', 'TNH3', 'PPM', 'SOA', 'CO', 'PMC'] as const;
export type TransportSpecies = (typeof transportSpecies)[number];

/** The emission groups that the model knows, each in moles or grams a second; isoprene is added to VOC. */
export const transportGroups = {
  NOx: 'moles',
  NH3: 'moles',
  SO2: 'moles',
  VOC: 'moles',
  'PM2.5': 'g',
  CO: 'moles',
  PMC: 'g',
  ISOP: 'moles',
} as const;
export type TransportGroup = keyof typeof transportGroups;

/**
 * What it can give at the surface: gases in ppb, particles in µg m-3. `HCHO` is all its carbonyls, `NH3` the gas, `NO3` and `NH4` what is in particles, `OC` the carbon
 * of its secondary organic aerosol (1/1.8 of the mass): that of primary particles it does not tell apart.
 */
export const transportOutputs = ['NO2', 'SO2', 'O3', 'PM2.5', 'CO', 'PM10', 'NO', 'NH3', 'HCHO', 'SO4', 'NO3', 'NH4', 'OC'] as const;
export type TransportOutput = (typeof transportOutputs)[number];

export interface TransportGrid {
  rows: number;
  cols: number;
  /** metres */
  cellSizeX: number;
  /** metres */
  cellSizeY: number;
}

/** All have defaults; the comment gives them. */
export interface TransportOptions {
  /** tops of the layers above the mixed layer, metres: [1500, 3500] */
  layerTops?: number[];
  /** 1 */
  threads?: number;
  /** operator-splitting steps an hour: 4 */
  stepsPerHour?: number;
  /** chemistry steps per step: 2 */
  chemistrySteps?: number;
  /** m2 s-1: 1000 */
  horizontalDiffusivity?: number;
  /** metres: 100 */
  minimumMixedLayer?: number;
  /** power of the wind profile: 1/7; 0 gives every layer the wind as it is */
  windExponent?: number;
  /** what is emitted, in the order of `emissions`: NOx, NH3, SO2, VOC, PM2.5 */
  groups?: readonly TransportGroup[];
  /** what comes out, in its order: NO2, SO2, O3, PM2.5 */
  species?: readonly TransportOutput[];
  /** share of NO2 in emitted NOx: 0.1 */
  no2Share?: number;
  /** share of each group that leaves stacks between 150 and 450 m: NOx 0.3, SO2 0.5, PM2.5 0.15, PMC 0.1 */
  stackShare?: Partial<Record<TransportGroup, number>>;
  /** isoprene over land at 30 °C in full light, mg C m-2 h-1: 1; 0 where ISOP is one of the groups */
  biogenicVoc?: number;
  /** s-1, daytime source of HONO from NO2 at the ground: 1e-5 */
  honoRate?: number;
  /** g SOA per g VOC oxidised: 0.06 */
  soaYield?: number;
  /** share of RO2 + NO that ends as organic nitrate: 0.05 */
  organicNitrateYield?: number;
  /** s-1, SO2 to sulfate in saturated air: 5e-5 */
  aqueousRate?: number;
  /** uptake coefficient of N2O5 on particles: 0.02 */
  n2o5Uptake?: number;
  /** edges of the domain: open */
  boundary?: 'open' | 'periodic' | 'closed';
  /** mixing ratios outside and at the start (ppb; PPM, SOA and PMC ng mol-1) */
  background?: Partial<Record<TransportSpecies, number>>;
  /** processes to leave out (false), for tests and attribution */
  processes?: Partial<Record<'emission' | 'transport' | 'vertical' | 'chemistry' | 'dryDeposition' | 'wetDeposition', boolean>>;
}

type Field = Float32Array | Float64Array;

/** One hour; each field is `[rows, cols]` unless it says otherwise. */
export interface TransportHour {
  /** `[rows, cols, groups]`, mol s-1 per cell, of PM2.5 and PMC g s-1 per cell */
  emissions: Field;
  /** m s-1 at 10 m, along the grid's x axis */
  windU: Field;
  /** m s-1 at 10 m, along the grid's y axis */
  windV: Field;
  /** K at 2 m */
  temperature: Field;
  /** m */
  boundaryLayerHeight: Field;
  /** kg kg-1 at 2 m */
  humidity: Field;
  /** W m-2 at the ground */
  radiation: Field;
  /** mm h-1 */
  rain: Field;
  /** Pa at the ground; 101325 where not given */
  pressure?: Field;
  /** 1 land, 0 sea; all land where not given */
  land?: Field;
}

/** The state in the layers of an hour, from the ground up. */
export interface TransportProfiles {
  /** m, `[layers, rows, cols]` */
  tops: Float64Array;
  /** mol m-2, `[layers, rows, cols]` */
  air: Float64Array;
  /** `[species, layers, rows, cols]`: gases in ppb, particles in µg m-3 */
  values: Float64Array;
}

/** mol (PPM, SOA and PMC: g): start + emitted + inflow + top + reacted − dry − wet = mass. */
export interface SpeciesBudget {
  start: number;
  emitted: number;
  /** through the domain's edges, in less out */
  inflow: number;
  /** through the top, in less out */
  top: number;
  reacted: number;
  dry: number;
  wet: number;
  mass: number;
}

export interface TransportBudget {
  /** all 0 of what is not carried */
  species: Record<TransportSpecies, SpeciesBudget>;
  /** mol NOx that became organic nitrate, which the model does not carry */
  organicNitrate: number;
}

/**
 * The model. Every error has a `code`: TRANSPORT_BAD_OPTIONS, TRANSPORT_BAD_SHAPE, TRANSPORT_BAD_EMISSIONS, TRANSPORT_BAD_METEOROLOGY,
 * TRANSPORT_BAD_STATE, TRANSPORT_BUSY (an hour is running), TRANSPORT_DISPOSED.
 *
 * @example
 * const model = createTransportModel({ rows: 48, cols: 48, cellSizeX: 27000, cellSizeY: 27000 }, { threads: 2 });
 * const surface = await model.advanceHour(hour); // Float32Array [48, 48, 4]: NO2, SO2, O3 in ppb, PM2.5 in µg m-3
 */
export interface TransportModel {
  readonly layers: number;
  /** the species that it carries, in the order of {@link state} */
  readonly carried: TransportSpecies[];
  /** Runs one hour on the model's own thread; inputs are copied before it returns. @returns `[rows, cols, species]`, surface means: gases in ppb, particles in µg m-3 */
  advanceHour(hour: TransportHour): Promise<Float32Array>;
  /**
   * The state after the hour that was run last, whose fields these are; or, of a fresh model, before its first hour. Nothing of it changes, but that a fresh model
   * then has air. Ammonia and nitrate are shared out between gas and particles by each layer's temperature, and the ground's relative humidity.
   */
  profiles(hour: TransportHour, species: readonly TransportOutput[]): Promise<TransportProfiles>;
  /** A copy of `[carried + 1, layers, rows, cols]`: the species, then air in mol m-2 (zero before the first hour). */
  state(): Float64Array;
  /** Goes on from what `state()` gave, bit for bit; the budget starts anew. */
  restore(state: Float64Array): void;
  budget(): TransportBudget;
  /** Frees the model and its thread; later calls throw TRANSPORT_DISPOSED. */
  dispose(): void;
  /** For `using`: {@link dispose}. */
  [Symbol.dispose](): void;
}

interface TransportAddon {
  TransportModel: new (grid: TransportGrid, options: TransportOptions) => TransportModel;
}

const PROCESSES = ['emission', 'transport', 'vertical', 'chemistry', 'dryDeposition', 'wetDeposition'] as const;

/** Every option, with the names below it where it has some, or what else it is: the addon reads those that it knows, and would run on without the others. */
const OPTIONS: { readonly [K in keyof Required<TransportOptions>]: 'value' | 'list' | readonly string[] } = {
  layerTops: 'list',
  groups: 'value', // a list of names, which the addon checks
  species: 'value',
  threads: 'value',
  stepsPerHour: 'value',
  chemistrySteps: 'value',
  horizontalDiffusivity: 'value',
  minimumMixedLayer: 'value',
  windExponent: 'value',
  no2Share: 'value',
  stackShare: Object.keys(transportGroups),
  biogenicVoc: 'value',
  honoRate: 'value',
  soaYield: 'value',
  organicNitrateYield: 'value',
  aqueousRate: 'value',
  n2o5Uptake: 'value',
  boundary: 'value',
  background: transportSpecies,
  processes: PROCESSES,
};

/** Names that a compiler would find wrong in a typed program. @throws Error with `code` TRANSPORT_BAD_OPTIONS */
function checkNames(options: TransportOptions): void {
  for (const [name, value] of Object.entries<unknown>({ ...options })) {
    const optionType = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof TransportOptions] : undefined;
    if (optionType === undefined) {
      const names = Object.keys(OPTIONS).join(', ');
      throw Object.assign(new Error(`transport model: there is no option ${name}: use one of ${names}`), { code: 'TRANSPORT_BAD_OPTIONS' });
    }
    if (optionType === 'value' || value === undefined) continue;
    const right = optionType === 'list' ? Array.isArray(value) : typeof value === 'object' && value !== null;
    if (!right) {
      const expected = optionType === 'list' ? 'a list of heights' : 'an object';
      throw Object.assign(new Error(`transport model: option ${name}: expected ${expected} but received ${JSON.stringify(value)}: mend the call`), {
        code: 'TRANSPORT_BAD_OPTIONS',
      });
    }
    const wrong = optionType === 'list' ? undefined : Object.keys(value as object).find((key) => !optionType.includes(key));
    if (wrong !== undefined)
      throw Object.assign(
        new Error(`transport model: option ${name}: there is no ${wrong}: use one of ${(optionType as readonly string[]).join(', ')}`),
        {
          code: 'TRANSPORT_BAD_OPTIONS',
        },
      );
  }
}

/** Every field of an hour: the addon reads those that it knows, and would take its defaults for others that are misspelt. */
const FIELDS: { readonly [K in keyof Required<TransportHour>]: true } = {
  emissions: true,
  windU: true,
  windV: true,
  temperature: true,
  boundaryLayerHeight: true,
  humidity: true,
  radiation: true,
  rain: true,
  pressure: true,
  land: true,
};

/** @throws Error with `code` TRANSPORT_BAD_SHAPE */
function checkFields(hour: TransportHour): void {
  const wrong = Object.keys({ ...hour }).find((name) => !Object.hasOwn(FIELDS, name));
  if (wrong === undefined) return;
  const names = Object.keys(FIELDS).join(', ');
  throw Object.assign(new Error(`transport model: there is no field ${wrong}: use one of ${names}`), { code: 'TRANSPORT_BAD_SHAPE' });
}

/** @throws Error with `code` TRANSPORT_BAD_OPTIONS; AddonError where the addon is not built */
export function createTransportModel(grid: TransportGrid, options: TransportOptions = {}): TransportModel {
  checkNames(options);
  // input_checks.cc asks of all yields that they are 0 or more; that of particles, by mass, may well be above 1.
  const { organicNitrateYield: share = 0 } = options;
  if (share > 1) {
    throw Object.assign(
      new Error(`transport model: option organicNitrateYield: expected a share of RO2 + NO from 0 to 1 but received ${share}: mend the call`),
      {
        code: 'TRANSPORT_BAD_OPTIONS',
      },
    );
  }
  const addon = loadAddon('transport') as TransportAddon;
  class CheckedModel extends addon.TransportModel {
    override advanceHour(hour: TransportHour): Promise<Float32Array> {
      checkFields(hour);
      return super.advanceHour(hour);
    }

    override profiles(hour: TransportHour, species: readonly TransportOutput[]): Promise<TransportProfiles> {
      checkFields(hour);
      return super.profiles(hour, species);
    }

    override [Symbol.dispose](): void {
      this.dispose();
    }
  }
  return new CheckedModel(grid, options);
}
