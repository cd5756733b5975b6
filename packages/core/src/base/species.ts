/** The names of emission groups and species, in the order of every array. */

/** The five emission groups, in the order of every array. */
export const GROUPS = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'] as const;
/** The four target species, in the order of every array; NO2, SO2 and O3 in ppb, PM2.5 in µg m-3. */
export const SPECIES = ['NO2', 'SO2', 'O3', 'PM2.5'] as const;
export type Group = (typeof GROUPS)[number];
export type Species = (typeof SPECIES)[number];

/** `ug m-3` for particles, `ppb` for gases: what every concentration inside Retroplume is in. */
export function speciesUnit(species: string): 'ppb' | 'ug m-3' {
  return species.startsWith('PM') ? 'ug m-3' : 'ppb';
}
