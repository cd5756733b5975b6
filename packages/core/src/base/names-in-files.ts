/**
 * What groups and species are called in files that others made, for `init`: emissions for CMAQ, outputs of CMAQ and of its post-processing, tables of monitors.
 * Other groups and species that are known have no names here, and are written into a case by hand.
 */
import type { Group, Species } from './species';

/** The variables of a group in emission files. */
interface GroupInFiles {
  /** all that are there make up the group */
  parts?: (name: string) => boolean;
  /** whether the species of the chemical mechanism, but those of other groups, make it up */
  isOfMechanism?: true;
  /** without any part the first of these that is there: a sum of its own */
  whole?: readonly string[];
  /** g mol-1, of groups that a single number fits; NOx is counted as NO2 */
  molarMass?: number;
}

/** Parts of fine particles in AERO6 and AERO7; of dust and sea spray they are called as PMFINE_SO4. */
const FINE_PARTS = [
  'PEC', 'POC', 'PNCOM', 'PMOTHR', 'PMFINE', 'PSO4', 'PNO3', 'PNH4', 'PNA', 'PCL', 'PAL', 'PCA', 'PFE', 'PK', 'PMG', 'PMN', 'PSI', 'PTI', 'PH2O',
]; // prettier-ignore

export const GROUPS_IN_FILES: Readonly<Record<Group, GroupInFiles>> = {
  NOx: { parts: (name) => ['NO', 'NO2', 'HONO'].includes(name), molarMass: 46.0055 },
  NH3: { whole: ['NH3'], molarMass: 17.031 },
  SO2: { whole: ['SO2'], molarMass: 64.066 },
  VOC: { isOfMechanism: true, whole: ['VOC', 'NMVOC'] },
  'PM2.5': { parts: (name) => FINE_PARTS.includes(name) || /^PMFINE_/.test(name), whole: ['PM25', 'PM2_5', 'PM2.5'] },
  CO: { whole: ['CO'], molarMass: 28.01 },
  PMC: { parts: (name) => name === 'PMC' || /^PMCOARSE_/.test(name), whole: ['PMCOARSE'] },
};

/** A species in outputs and tables. */
interface SpeciesInFiles {
  /** variables of outputs, the best first */
  outputs: readonly [string, ...string[]];
  /** columns of tables of monitors */
  column: RegExp;
}

export const SPECIES_IN_FILES: Readonly<Record<Species, SpeciesInFiles>> = {
  NO2: { outputs: ['NO2'], column: /^no2\b|^no2_/i },
  SO2: { outputs: ['SO2'], column: /^so2\b|^so2_/i },
  O3: { outputs: ['O3', 'OZONE'], column: /^(o3|ozone)\b|^(o3|ozone)_/i },
  'PM2.5': { outputs: ['PM25_TOT', 'PM25', 'PM2.5', 'PM2_5', 'ATOTIJ', 'PM25_AVG', 'PMIJ', 'PM25AT'], column: /^pm_?2[._]?5\b|^pm_?2[._]?5_/i },
  CO: { outputs: ['CO'], column: /^co\b|^co_(?:pp[mb]|[uµμm]g|mean|\d+h)/i },
  PM10: { outputs: ['PM10', 'PM10_TOT', 'PM10_AVG'], column: /^pm_?10\b|^pm_?10_/i },
};
