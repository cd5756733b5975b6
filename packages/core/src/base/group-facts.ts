/** Emission groups that Retroplume knows. Others read them from species.ts, which has what is made of them. */

export type Group = string;

/** What an emitted tracer lives through, see `surrogate.tracers`: in short what tells its kind from the others. */
export type TracerKind = '3 h' | '12 h' | '48 h' | '200 h' | 'stacks' | 'washed' | 'light' | 'light, aged' | 'cloud' | 'cloud, aged';

/** What is known of an emission group. */
export interface GroupFacts {
  /** a sentence for the case's reference */
  description: string;
  /** CF's standard name of its emission; CF has none for NOx counted as NO2 */
  standardName?: string;
  /** the species that holds most of it near its sources: its response judges the surrogate and the audit; absent where no monitor tells the group apart */
  species?: string;
  /** the gas whose column, seen by a satellite, tells the group apart */
  columnOf?: string;
  /** kinds of tracer that its chemistry needs; products of light and cloud need the 12 h of their group, aged ones the 48 h */
  tracers: readonly TracerKind[];
  /** s, how long its species stays in the air before it is made into something else; absent where most of the species has other sources, or nobody knows */
  lifetime?: number;
  /** what of an inventory is in it, for sentences on files of others */
  emittedAs: string;
  /** standard deviation of the log factor of the members; larger where the response is weak */
  memberSpread: number;
  /** standard deviation of the log factor a priori; tight for what no monitor sees, and {@link SEEN_SPREAD} where a satellite sees it */
  priorSpread: number;
  /**
   * kg m-2 s-1, the mean of the earth: about 120 Tg a year of NOx (as NO2), 80 of SO2, 60 of NH3 and 150 of VOC out of human sources (CEDS for 2017, McDuffie et al.
   * 2020, doi:10.5194/essd-12-3413-2020), 550 of CO (the same), 40 of PM2.5 and 20 of coarse particles (Klimont et al. 2017, doi:10.5194/acp-17-8681-2017), 535 of
   * isoprene (Guenther et al. 2012), on 5.1e14 m2 in 3.16e7 s
   */
  meanFlux: number;
  /**
   * kg s-1 for each metre of the side of a square as large as the grid, ten times what is found: emissions lie closer together in small regions than in large ones,
   * and so measured they are much alike. NOx: 3e-5 of London (40 kt a year on 1600 km2), 5e-4 of eastern China (15 Tg on 1e6 km2), 2e-4 of the earth. NH3: 2e-4 of
   * India (10 Tg on 3.3e6 km2). SO2: 2e-3 of Norilsk (2 Mt on 30 km x 30 km). PM2.5: 2e-3 of Indonesia's fires (10 Tg in two months of 2015 on 1e6 km2). VOC: 2e-3
   * of the Amazon (isoprene, 130 Tg a year on 5.5e6 km2; Guenther et al. 2012, doi:10.5194/gmd-5-1471-2012), at noon four times as much. CO: 2e-2 of Indonesia's
   * fires (100 Tg in two months). Coarse particles: 0.1 of a dust storm (30 Tg in three days out of 1e6 km2).
   */
  mostOfSide: number;
}

/** Standard deviation of the log factor a priori of a group that is observed. */
export const SEEN_SPREAD = 0.5;

export const GROUP_FACTS: Readonly<Record<Group, GroupFacts | undefined>> = {
  NOx: {
    description: 'Nitrogen oxides; the molar mass decides as what they are counted (46.0055 = as NO2).',
    tracers: ['3 h', '12 h', '48 h', 'stacks', 'washed', 'light', 'light, aged'],
    species: 'NO2',
    columnOf: 'NO2',
    lifetime: 15 * 3600,
    emittedAs: 'NO and NO2',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 7.5e-12,
    mostOfSide: 5e-3,
  },
  NH3: {
    description: 'Ammonia.',
    standardName: 'tendency_of_atmosphere_mass_content_of_ammonia_due_to_emission',
    tracers: ['12 h', '48 h', '200 h', 'washed'],
    emittedAs: 'NH3',
    columnOf: 'NH3',
    memberSpread: 0.8,
    priorSpread: 0.12,
    meanFlux: 3.7e-12,
    mostOfSide: 5e-3,
  },
  SO2: {
    description: 'Sulfur dioxide.',
    standardName: 'tendency_of_atmosphere_mass_content_of_sulfur_dioxide_due_to_emission',
    tracers: ['12 h', '48 h', 'stacks', 'washed', 'light, aged', 'cloud', 'cloud, aged'],
    species: 'SO2',
    columnOf: 'SO2',
    lifetime: 40 * 3600,
    emittedAs: 'SO2',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 5e-12,
    mostOfSide: 5e-3,
  },
  VOC: {
    description: 'Volatile organic compounds.',
    tracers: ['3 h', '12 h', '48 h', 'light', 'light, aged'],
    emittedAs: 'volatile organic compounds',
    columnOf: 'HCHO',
    memberSpread: 0.6,
    priorSpread: 0.12,
    meanFlux: 9.3e-12,
    mostOfSide: 2e-2,
  },
  'PM2.5': {
    description: 'Primary fine particles.',
    tracers: ['48 h', '200 h', 'stacks', 'washed'],
    species: 'PM2.5',
    emittedAs: 'primary particles',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 2.5e-12,
    mostOfSide: 5e-3,
  },
  CO: {
    description: 'Carbon monoxide.',
    standardName: 'tendency_of_atmosphere_mass_content_of_carbon_monoxide_due_to_emission',
    tracers: ['48 h', '200 h'],
    species: 'CO',
    emittedAs: 'CO',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 3.4e-11,
    mostOfSide: 0.2,
  },
  PMC: {
    description: 'Primary coarse particles, between 2.5 and 10 µm.',
    tracers: ['12 h', '48 h', 'washed'],
    species: 'PM10',
    emittedAs: 'coarse particles',
    memberSpread: 0.4,
    priorSpread: 0.5,
    meanFlux: 1.2e-12,
    mostOfSide: 1,
  },
  ISOP: {
    description: 'Isoprene, where it is apart from VOC.',
    standardName: 'tendency_of_atmosphere_mass_content_of_isoprene_due_to_emission',
    tracers: ['3 h', '12 h', '48 h', 'light', 'light, aged'],
    emittedAs: 'isoprene',
    memberSpread: 0.6,
    priorSpread: 0.12,
    meanFlux: 3.3e-11,
    mostOfSide: 2e-2,
  },
};
