/** Emission groups and species: those that Retroplume knows, all that is known of each, and which of them a case has where it names none. */

import { GROUP_FACTS, SEEN_SPREAD, type Group, type GroupFacts } from './group-facts';

export { GROUP_FACTS, type Group, type GroupFacts, type TracerKind } from './group-facts';

/** The emission groups of a case by default, in the order of every array. */
export const GROUPS: readonly [Group, ...Group[]] = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
/** The species of a case by default, in the order of every array; gases in ppb, particles in µg m-3. */
export const SPECIES: readonly [Species, ...Species[]] = ['NO2', 'SO2', 'O3', 'PM2.5'];
export type Species = string;
/** What a concentration at the surface is in inside Retroplume: gases in ppb, particles in µg m-3. */
export type SurfaceUnit = 'ppb' | 'ug m-3';
/** What a species is in; columns are in µmol m-2. */
export type SpeciesUnit = SurfaceUnit | 'umol m-2';

/** Those of the groups that one of the species tells apart, each with that species: one at the surface, or else a column. */
export function judgedPairs({ groups, species }: { groups: readonly Group[]; species: readonly Species[] }): [Group, Species][] {
  return groups.flatMap((group): [Group, Species][] => {
    const judge = GROUP_FACTS[group]?.species;
    if (judge !== undefined) return species.includes(judge) ? [[group, judge]] : [];
    const column = seenColumn(group, species);
    return column === undefined ? [] : [[group, column]];
  });
}

/** The column of the case by which satellites tell a group apart. */
function seenColumn(group: Group, species: readonly Species[]): Species | undefined {
  const gas = GROUP_FACTS[group]?.columnOf;
  return gas === undefined ? undefined : species.find((name) => columnGas(name) === gas);
}

/** Standard deviation of the log factor on a group a priori, where the case sets none; undefined of a group that is not known. */
export function priorSpreadOf(group: Group, species: readonly Species[]): number | undefined {
  const facts = knownGroup(group);
  return facts && (seenColumn(group, species) === undefined ? facts.priorSpread : Math.max(facts.priorSpread, SEEN_SPREAD));
}

/** What one of its values is: as measured, above a cut-off, the mean of a day, or the largest mean of 8 hours of a day. */
export type Averaging = 'hourly' | 'hourly-cutoff' | 'daily-mean' | 'mda8';

/** Published goal (close to the best that models achieve) and criterion (reached by most) of a measure of scores. */
export interface ScoreLimits {
  goal: number;
  criteria: number;
}

type JudgedMeasure = 'nmb' | 'nme' | 'r';

/** How scores of a species are judged, see inversion/scores/performance-benchmarks.ts. */
export interface Benchmarks {
  /** limits of Emery et al. (2017) */
  emery: Record<JudgedMeasure, ScoreLimits>;
  /** measures by which each kind of value is judged */
  judged: Partial<Record<Averaging, readonly JudgedMeasure[]>>;
  /** whether Boylan & Russell (2006) judge it, too */
  boylanRussell?: true;
}

/** What is known of a species. All concentrations are in its unit. */
export interface SpeciesFacts {
  unit: SpeciesUnit;
  /** g mol-1; absent for particles */
  molarMass?: number;
  /** CF's standard name; CF has none for particles of an unknown state */
  standardName?: string;
  /** variable of the transport model's output where the case names none */
  variable: string;
  /** a sentence on that for the case's reference */
  variableDescription: string;
  /** what the reference model's files say of it */
  longName: string;
  /** whether most of it in a grid comes from outside, so that a run of any model has its mean to a fifth */
  isBackground?: true;
  /** weight in the surrogate's loss, whose errors are in units of the species' standard deviation */
  lossWeight: number;
  /** least standard deviation of the noise of a twin's observations */
  twinFloor: number;
  /** floor of an observed value's error */
  errorFloor: number;
  /**
   * Least value that is a monitor's noise. EPA's AQS takes gases down to minus the detection limit of the method and asks for no zeros in their place, since those bias
   * means ("Negative values in AQS", 28 February 2011). The numbers are a choice: near such limits for the gases, wider for PM2.5, whose hourly monitors have noise of
   * several µg m-3.
   */
  negativeFloor: number;
  /** above any hourly mean of a monitor that works: severe dust and volcanic plumes stay below */
  mostObserved: number;
  /**
   * Below what most values of monitors lie nowhere, even in clean air, so that a unit is a thousand times too small: ng m-3, or ppm in a column called ppb. Zeros and
   * values below zero are the noise of monitors and say nothing.
   */
  leastObserved: number;
  /** most of a cell's hourly mean */
  mostOfCell: number;
  /**
   * Mean of a grid and of some hours, below the cleanest air: Antarctica has some thousandths of a ppb of NO2 and SO2 and 0.1 µg m-3, and O3 is below 1 ppb only where
   * spring's bromine takes it from Arctic coasts (Barrie et al. 1988, doi:10.1038/334138a0)
   */
  cleanest: number;
  /**
   * Mean of a grid, what single stations had in their worst hours and days: NO2 420 ppb in London in 1991, O3 680 ppb in Los Angeles in 1955, SO2 1300 ppb in London in
   * 1952, PM2.5 1000 µg m-3 in Delhi in 2016
   */
  dirtiest: number;
  /** what is scored beside its values as measured: ozone's largest mean of 8 hours of a day (and hours above a cut-off), the daily mean of particles */
  scored?: 'mda8' | 'daily-mean';
  /** absent where none is published */
  benchmarks?: Benchmarks;
}

/** Of a part of fine particles, as CMAQ's combine names it. */
function finePart(part: string, longName: string): SpeciesFacts {
  return {
    unit: 'ug m-3',
    variable: `PM25_${part}`,
    variableDescription: `Variable of ${longName} in PM2.5, or a sum.`,
    longName: `${longName} in fine particles`,
    lossWeight: 1,
    twinFloor: 0.2,
    errorFloor: 0.5,
    negativeFloor: -2,
    mostObserved: 1000,
    leastObserved: 0.005,
    mostOfCell: 1e4,
    cleanest: 1e-4,
    dirtiest: 300,
    scored: 'daily-mean',
  };
}

export const SPECIES_FACTS: Readonly<Record<Species, SpeciesFacts | undefined>> = {
  NO2: {
    unit: 'ppb',
    molarMass: 46.005,
    standardName: 'mole_fraction_of_nitrogen_dioxide_in_air',
    variable: 'NO2',
    variableDescription:
      'Variable of NO2, or a sum of what a molybdenum converter counts as NO2, such as `{ NO2: 1, PAN: 0.95, HNO3: 0.35 }` (docs/gridded-data.md).',
    longName: 'nitrogen dioxide',
    lossWeight: 1,
    twinFloor: 0.3,
    errorFloor: 0.5,
    negativeFloor: -5,
    mostObserved: 1000,
    leastObserved: 0.02,
    mostOfCell: 1e4,
    cleanest: 1e-4,
    dirtiest: 500,
  },
  SO2: {
    unit: 'ppb',
    molarMass: 64.058,
    standardName: 'mole_fraction_of_sulfur_dioxide_in_air',
    variable: 'SO2',
    variableDescription: 'Variable of SO2, or a sum.',
    longName: 'sulfur dioxide',
    lossWeight: 1,
    twinFloor: 0.2,
    errorFloor: 0.3,
    negativeFloor: -4,
    mostObserved: 3000,
    leastObserved: 0.01,
    mostOfCell: 3e4,
    cleanest: 1e-4,
    dirtiest: 1000,
  },
  O3: {
    unit: 'ppb',
    molarMass: 47.997,
    standardName: 'mole_fraction_of_ozone_in_air',
    variable: 'O3',
    variableDescription: 'Variable of O3, or a sum.',
    longName: 'ozone',
    isBackground: true,
    lossWeight: 1,
    twinFloor: 0.5,
    errorFloor: 2,
    negativeFloor: -5,
    mostObserved: 600,
    leastObserved: 0.5,
    mostOfCell: 6e3,
    cleanest: 0.1,
    dirtiest: 500,
    scored: 'mda8',
    benchmarks: {
      emery: { nmb: { goal: 0.05, criteria: 0.15 }, nme: { goal: 0.15, criteria: 0.25 }, r: { goal: 0.75, criteria: 0.5 } },
      judged: { mda8: ['nmb', 'nme', 'r'], hourly: ['r'], 'hourly-cutoff': ['nmb', 'nme'] },
    },
  },
  'PM2.5': {
    unit: 'ug m-3',
    variable: 'PM25',
    variableDescription: 'Variable of PM2.5, or a sum of its parts such as `{ ASO4J: 1, ANO3J: 1 }`.',
    longName: 'fine particles',
    lossWeight: 3,
    twinFloor: 0.5,
    errorFloor: 2,
    negativeFloor: -10,
    mostObserved: 5000,
    leastObserved: 0.2,
    mostOfCell: 1e5,
    cleanest: 0.01,
    dirtiest: 3000,
    scored: 'daily-mean',
    benchmarks: {
      emery: { nmb: { goal: 0.1, criteria: 0.3 }, nme: { goal: 0.35, criteria: 0.5 }, r: { goal: 0.7, criteria: 0.4 } },
      judged: { 'daily-mean': ['nmb', 'nme', 'r'] },
      boylanRussell: true,
    },
  },
  CO: {
    unit: 'ppb',
    molarMass: 28.01,
    standardName: 'mole_fraction_of_carbon_monoxide_in_air',
    variable: 'CO',
    variableDescription: 'Variable of CO, or a sum.',
    longName: 'carbon monoxide',
    lossWeight: 1,
    twinFloor: 20,
    errorFloor: 25, // China's centre gives tenths of mg m-3: rounding alone is 23 ppb
    negativeFloor: -400,
    mostObserved: 1e5,
    leastObserved: 5,
    mostOfCell: 1e6,
    cleanest: 10,
    dirtiest: 2e4,
  },
  PM10: {
    unit: 'ug m-3',
    variable: 'PM10',
    variableDescription: 'Variable of PM10, or a sum of its parts.',
    longName: 'particles up to 10 µm',
    lossWeight: 1,
    twinFloor: 1,
    errorFloor: 4,
    negativeFloor: -15,
    mostObserved: 2e4,
    leastObserved: 0.5,
    mostOfCell: 2e5,
    cleanest: 0.02,
    dirtiest: 1e4,
    scored: 'daily-mean',
  },
  NH3: {
    unit: 'ppb',
    molarMass: 17.031,
    standardName: 'mole_fraction_of_ammonia_in_air',
    variable: 'NH3',
    variableDescription: 'Variable of NH3, or a sum.',
    longName: 'ammonia',
    lossWeight: 1,
    twinFloor: 0.3,
    errorFloor: 1,
    negativeFloor: -5,
    mostObserved: 2000,
    leastObserved: 0.01,
    mostOfCell: 2e4,
    cleanest: 1e-4,
    dirtiest: 500,
  },
  HCHO: {
    unit: 'ppb',
    molarMass: 30.026,
    standardName: 'mole_fraction_of_formaldehyde_in_air',
    variable: 'FORM',
    variableDescription: 'Variable of formaldehyde, or a sum.',
    longName: 'formaldehyde',
    lossWeight: 1,
    twinFloor: 0.2,
    errorFloor: 0.5,
    negativeFloor: -2,
    mostObserved: 500,
    leastObserved: 0.01,
    mostOfCell: 5e3,
    cleanest: 1e-3,
    dirtiest: 100,
  },
  NO: {
    unit: 'ppb',
    molarMass: 30.006,
    standardName: 'mole_fraction_of_nitrogen_monoxide_in_air',
    variable: 'NO',
    variableDescription: 'Variable of NO, or a sum.',
    longName: 'nitrogen monoxide',
    lossWeight: 1,
    twinFloor: 0.3,
    errorFloor: 0.5,
    negativeFloor: -5,
    mostObserved: 3000,
    leastObserved: 0.002,
    mostOfCell: 3e4,
    cleanest: 1e-7,
    dirtiest: 1000,
  },
  SO4: finePart('SO4', 'sulfate'),
  NO3: finePart('NO3', 'nitrate'),
  NH4: finePart('NH4', 'ammonium'),
  OC: finePart('OC', 'organic carbon'),
  EC: finePart('EC', 'elemental carbon'),
};

/** Gases whose columns satellites see, each with what a grid's mean column is at least and at most (µmol m-2). */
const COLUMN_RANGES: Readonly<Record<Species, readonly [cleanest: number, dirtiest: number]>> = {
  NO2: [0.01, 3000],
  HCHO: [0.1, 3000],
  NH3: [0.01, 5000],
  SO2: [0.001, 20_000],
};
export const COLUMN_GASES = Object.keys(COLUMN_RANGES);
/** A column's name: its gas, and a label where a gas has several. */
export const COLUMN_NAME = new RegExp(`^(${COLUMN_GASES.join('|')})_column(_[A-Za-z0-9]+)*$`);

/** The gas of which a species is the column; undefined for a concentration at the surface. */
export function columnGas(name: Species): Species | undefined {
  return COLUMN_NAME.exec(name)?.[1];
}

function columnFacts(gas: Species): SpeciesFacts {
  const [cleanest, dirtiest] = COLUMN_RANGES[gas];
  const longName = `column of ${SPECIES_FACTS[gas]!.longName}`;
  return {
    unit: 'umol m-2',
    variable: SPECIES_FACTS[gas]!.variable,
    variableDescription: `Variable of ${gas} with layers.`,
    longName,
    lossWeight: 1,
    twinFloor: 0,
    errorFloor: 0, // the product states the error of each value
    negativeFloor: -dirtiest,
    mostObserved: 100 * dirtiest,
    leastObserved: 0,
    mostOfCell: 100 * dirtiest,
    cleanest,
    dirtiest,
  };
}

/** What is known of a species, columns among them; undefined where a case brings one of its own. */
export function knownSpecies(name: string): SpeciesFacts | undefined {
  if (Object.hasOwn(SPECIES_FACTS, name)) return SPECIES_FACTS[name];
  const gas = columnGas(name);
  return gas === undefined ? undefined : columnFacts(gas);
}

/** As {@link knownSpecies}, of an emission group. */
export function knownGroup(name: string): GroupFacts | undefined {
  return Object.hasOwn(GROUP_FACTS, name) ? GROUP_FACTS[name] : undefined;
}

/** Known groups in the order of the table, then the others as they come. */
export function inChannelOrder(groups: readonly Group[]): Group[] {
  const table = Object.keys(GROUP_FACTS);
  return [...table.filter((group) => groups.includes(group)), ...groups.filter((group) => !table.includes(group))];
}

/** A species that a case names, with what brings its values into the unit of all that is inside. */
export interface CaseSpecies {
  name: Species;
  unit: SpeciesUnit;
  /** g mol-1; absent for particles, and where no file gives it as a mass */
  molarMass?: number;
}

/** The groups and species of a case, in the order of every array. */
export interface CaseChannels {
  readonly groups: readonly Group[];
  readonly species: readonly Species[];
  /** by name of the species */
  readonly units: Readonly<Record<Species, SpeciesUnit>>;
  /** g mol-1, by name of the species; those of particles are missing */
  readonly molarMass: Readonly<Record<Species, number | undefined>>;
}

export function channelsOfCase(groups: readonly Group[], species: readonly CaseSpecies[]): CaseChannels {
  return {
    groups,
    species: species.map(({ name }) => name),
    units: Object.fromEntries(species.map(({ name, unit }) => [name, unit])),
    molarMass: Object.fromEntries(species.map(({ name, molarMass }) => [name, molarMass])),
  };
}

/** Those of the species that are concentrations at the surface, not columns. */
export function surfaceOf({ groups, species, units, molarMass }: CaseChannels): CaseChannels {
  const atSurface = species.filter((name) => columnGas(name) === undefined);
  return channelsOfCase(
    groups,
    atSurface.map((name) => ({ name, unit: units[name], molarMass: molarMass[name] })),
  );
}

/** A known species by its name alone. */
export function speciesOfTable(name: Species): CaseSpecies {
  const facts = knownSpecies(name);
  return { name, unit: facts?.unit ?? 'ppb', ...(facts?.molarMass === undefined ? {} : { molarMass: facts.molarMass }) };
}

/** Those of a case that names none. */
export const DEFAULT_CHANNELS = channelsOfCase(GROUPS, SPECIES.map(speciesOfTable));
