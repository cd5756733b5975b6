/** Emission groups and species: their names in the order of every array, and all that is known of each. */

/** The five emission groups, in the order of every array. */
export const GROUPS: readonly [Group, ...Group[]] = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
/** The four target species, in the order of every array; NO2, SO2 and O3 in ppb, PM2.5 in µg m-3. */
export const SPECIES: readonly [Species, ...Species[]] = ['NO2', 'SO2', 'O3', 'PM2.5'];
export type Group = string;
export type Species = string;
/** What a concentration inside Retroplume is in: gases in ppb, particles in µg m-3. */
export type SpeciesUnit = 'ppb' | 'ug m-3';

/** What is known of an emission group. */
export interface GroupFacts {
  /** a sentence for the case's reference */
  description: string;
  /** the species that holds most of it near its sources: its response judges the surrogate and the audit; absent where no monitor tells the group apart */
  species?: Species;
  /** standard deviation of the log factor of the members; larger where the response is weak */
  memberSpread: number;
  /** standard deviation of the log factor a priori; tight for what no monitor sees */
  priorSpread: number;
  /**
   * kg m-2 s-1, the mean of the earth: about 120 Tg a year of NOx (as NO2), 80 of SO2, 60 of NH3 and 150 of VOC out of human sources (CEDS for 2017, McDuffie et al.
   * 2020, doi:10.5194/essd-12-3413-2020), 40 of PM2.5 (Klimont et al. 2017, doi:10.5194/acp-17-8681-2017), on 5.1e14 m2 in 3.16e7 s
   */
  meanFlux: number;
  /**
   * kg s-1 for each metre of the side of a square as large as the grid, ten times what is found: emissions lie closer together in small regions than in large ones,
   * and so measured they are much alike. NOx: 3e-5 of London (40 kt a year on 1600 km2), 5e-4 of eastern China (15 Tg on 1e6 km2), 2e-4 of the earth. NH3: 2e-4 of
   * India (10 Tg on 3.3e6 km2). SO2: 2e-3 of Norilsk (2 Mt on 30 km x 30 km). PM2.5: 2e-3 of Indonesia's fires (10 Tg in two months of 2015 on 1e6 km2). VOC: 2e-3
   * of the Amazon (isoprene, 130 Tg a year on 5.5e6 km2; Guenther et al. 2012, doi:10.5194/gmd-5-1471-2012), at noon four times as much.
   */
  mostOfSide: number;
}

export const GROUP_FACTS: Readonly<Record<Group, GroupFacts>> = {
  NOx: {
    description: 'Nitrogen oxides; the molar mass decides as what they are counted (46.0055 = as NO2).',
    species: 'NO2',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 7.5e-12,
    mostOfSide: 5e-3,
  },
  NH3: { description: 'Ammonia.', memberSpread: 0.8, priorSpread: 0.12, meanFlux: 3.7e-12, mostOfSide: 5e-3 },
  SO2: { description: 'Sulfur dioxide.', species: 'SO2', memberSpread: 0.4, priorSpread: 0.5, meanFlux: 5e-12, mostOfSide: 5e-3 },
  VOC: { description: 'Volatile organic compounds.', memberSpread: 0.6, priorSpread: 0.12, meanFlux: 9.3e-12, mostOfSide: 2e-2 },
  'PM2.5': {
    description: 'Primary fine particles.',
    species: 'PM2.5',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 2.5e-12,
    mostOfSide: 5e-3,
  },
};

/** The groups that a species tells apart, each with that species. */
export const JUDGED_PAIRS: readonly (readonly [Group, Species])[] = GROUPS.flatMap((group) => {
  const { species } = GROUP_FACTS[group];
  return species === undefined ? [] : [[group, species] as const];
});

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
  };
}

export const SPECIES_FACTS: Readonly<Record<Species, SpeciesFacts>> = {
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
    errorFloor: 50,
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

/** What is known of a species that need not be one of {@link SPECIES}. */
export function knownSpecies(name: string): SpeciesFacts | undefined {
  return Object.hasOwn(SPECIES_FACTS, name) ? SPECIES_FACTS[name] : undefined;
}

/** One number of each group, by its name. */
export function ofGroups(fact: (facts: GroupFacts) => number): Record<Group, number> {
  return Object.fromEntries(GROUPS.map((group) => [group, fact(GROUP_FACTS[group])]));
}

/** One value of each species, by its name. */
export function ofSpecies<T>(fact: (facts: SpeciesFacts, species: Species) => T): Record<Species, T> {
  return Object.fromEntries(SPECIES.map((species) => [species, fact(SPECIES_FACTS[species], species)]));
}

/** `ug m-3` for particles, `ppb` for gases: what every concentration inside Retroplume is in. */
export function speciesUnit(species: string): 'ppb' | 'ug m-3' {
  return species.startsWith('PM') ? 'ug m-3' : 'ppb';
}
