/**
 * The emission group of each species by the name that it has in emission files for CMAQ: CB6, SAPRC07 and RACM2 for gases, AERO6 and AERO7 for particles.
 *
 * Left out are species that repeat what others hold (VOC_INV, ALD2_PRIMARY, NH3_FERT, and the air toxics that CB6 carries beside PAR) and what is in no group
 * (CO, CH4, SULF, coarse particles).
 *
 * @see CCTM/src/MECHS of https://github.com/USEPA/CMAQ, version 5.5, of cb6r5_ae7_aq, saprc07tic_ae7i_aq and racm2_ae6_aq: CMAQ_Control_DESID_*.nml (names in
 * emission files), GC_*.nml (MOLWT). All masses here agree with these to the digits that stand there, of which RACM2 and CB6 have fewer
 */
import { GROUPS, type Group } from '../../../base/species';

/** Molar masses, g mol-1; 0 where the mass is part of another species, too. */
type Masses = Readonly<Record<string, number>>;

const CB6: Masses = {
  PAR: 14.0, OLE: 42.08, IOLE: 56.11, ETH: 28.05, ETHA: 30.07, ETHY: 26.04, PRPA: 44.1, TOL: 92.14, XYL: 106.17, XYLMN: 106.17, BENZ: 78.11, NAPH: 128.17,
  FORM: 30.03, ALD2: 44.05, ALDX: 58.08, ACET: 58.08, KET: 72.11, MEOH: 32.04, ETOH: 46.07, FACD: 46.03, AACD: 60.05, ISOP: 68.12, TERP: 136.24, APIN: 136.24,
  SESQ: 204.35, SOAALK: 0,
}; // prettier-ignore

const SAPRC07: Masses = {
  ALK1: 30.07, ALK2: 36.73, ALK3: 58.61, ALK4: 77.6, ALK5: 118.89, OLE1: 72.34, OLE2: 75.78, ARO1: 95.16, ARO2MN: 118.72, ETHE: 28.05, ETHENE: 28.05,
  PRPE: 42.08, PROPENE: 42.08, BDE13: 54.09, BUTADIENE13: 54.09, ACYE: 26.04, ACETYLENE: 26.04, ISOP: 68.12, ISOPRENE: 68.12, APIN: 136.24, TERP: 136.24,
  SESQ: 204.35, BENZ: 78.11, BENZENE: 78.11, TOLU: 92.14, TOLUENE: 92.14, MXYL: 106.17, OXYL: 106.17, PXYL: 106.17, B124: 120.19, NAPHTHALENE: 128.17,
  HCHO: 30.03, CCHO: 44.05, RCHO: 58.08, ACET: 58.08, ACETONE: 58.08, MEK: 72.11, PRD2: 116.16, MEOH: 32.04, ETOH: 46.07, FACD: 46.03, HCOOH: 46.03,
  AACD: 60.05, CCOOH: 60.05, PACD: 74.08, GLY: 58.04, MGLY: 72.07, BACL: 86.09, CRES: 108.14, BALD: 106.12, MACR: 70.09, MVK: 70.09, IPRD: 100.12, ACRO: 56.06,
  ACROLEIN: 56.06, SOAALK: 0,
}; // prettier-ignore

const RACM2: Masses = {
  ETH: 30.07, HC3: 44.1, HC5: 72.15, HC8: 114.23, ETE: 28.05, OLT: 42.08, OLI: 68.12, DIEN: 54.09, ACE: 26.04, BEN: 78.11, BENZENE: 78.11, TOL: 92.14,
  XYM: 106.17, XYO: 106.17, XYP: 106.17, NAPH: 128.17, PHEN: 94.11, CSL: 108.14, BALD: 106.12, ISO: 68.12, API: 136.24, LIM: 136.24, SESQ: 204.35, HCHO: 30.03,
  ACD: 44.05, ALD: 58.08, UALD: 84.12, ACT: 58.08, MEK: 72.11, KET: 86.13, HKET: 74.08, MACR: 70.09, MVK: 70.09, GLY: 58.04, MGLY: 72.06, MOH: 32.04,
  EOH: 46.07, ROH: 60.1, ETEG: 62.07, ORA1: 46.03, ORA2: 60.05, SOAALK: 0,
}; // prettier-ignore

/** Names that one mechanism has and the others have not. */
const MECHANISMS: readonly { name: string; marks: readonly string[]; masses: Masses }[] = [
  { name: 'SAPRC07', marks: ['ALK3', 'ALK4', 'ARO1', 'ARO2MN'], masses: SAPRC07 },
  { name: 'RACM2', marks: ['HC3', 'HC5', 'HC8', 'OLT'], masses: RACM2 },
  { name: 'CB6', marks: ['PAR', 'IOLE', 'XYLMN', 'ALDX'], masses: CB6 },
];

/** A single variable of all VOC, whose molar mass no table knows. */
const WHOLE_VOC = ['VOC', 'NMVOC'];

/** Single variables of all primary fine particles, and the parts of AERO6 and AERO7. */
const WHOLE_PM = ['PM25', 'PM2_5', 'PM2.5'];
const PM_PARTS = [
  'PEC', 'POC', 'PNCOM', 'PMOTHR', 'PMFINE', 'PSO4', 'PNO3', 'PNH4', 'PNA', 'PCL', 'PAL', 'PCA', 'PFE', 'PK', 'PMG', 'PMN', 'PSI', 'PTI', 'PH2O',
]; // prettier-ignore
/** Parts by another name, as of dust and sea spray: PMFINE_SO4, and none of PMCOARSE. */
const PM_PART = /^PMFINE_/;

/** Molar masses of the groups that a single number fits, g mol-1; NOx is counted as NO2. */
const GROUP_MASS: Partial<Record<Group, number>> = { NOx: 46.0055, NH3: 17.031, SO2: 64.066 };
const USUAL_VOC = 40;

export interface FoundGroup {
  variables: string[];
  /** g mol-1 */
  molarMass?: number;
  /** what nobody but the user knows */
  open?: string;
}

export interface FoundGroups {
  /** `CB6`, or undefined where no name tells */
  mechanism?: string;
  groups: Record<Group, FoundGroup>;
  /** variables that are in no group */
  ungrouped: string[];
}

function firstOf(wholes: readonly string[], names: readonly string[]): string[] {
  return wholes.filter((name) => names.includes(name)).slice(0, 1);
}

/** Parts rather than a sum beside them, which would count twice. */
function partsOr(wholes: readonly string[], isPart: (name: string) => boolean, names: readonly string[]): string[] {
  const parts = names.filter(isPart);
  return parts.length > 0 ? parts : firstOf(wholes, names);
}

/**
 * The groups of an inventory by the names of its species.
 *
 * @param names - variables of all its files
 * @param moles - how much there is of a species, in moles of any unit: VOC's molar mass is the mean that it gives
 */
export function groupsOf(names: readonly string[], moles: (name: string) => number): FoundGroups {
  const counts = MECHANISMS.map(({ marks }) => marks.filter((mark) => names.includes(mark)).length);
  const highest = Math.max(...counts);
  const mechanism = highest > 0 ? MECHANISMS[counts.indexOf(highest)] : undefined;
  const voc = partsOr(WHOLE_VOC, (name) => Object.hasOwn(mechanism?.masses ?? {}, name), names);
  const groups: Record<Group, FoundGroup> = {
    NOx: { variables: names.filter((name) => ['NO', 'NO2', 'HONO'].includes(name)) },
    NH3: { variables: firstOf(['NH3'], names) },
    SO2: { variables: firstOf(['SO2'], names) },
    VOC: { variables: voc, ...vocMass(voc, mechanism?.masses ?? {}, moles) },
    'PM2.5': { variables: partsOr(WHOLE_PM, (name) => PM_PARTS.includes(name) || PM_PART.test(name), names) },
  };
  for (const group of GROUPS) groups[group].molarMass ??= GROUP_MASS[group];
  const grouped = new Set(GROUPS.flatMap((group) => groups[group].variables));
  return { ...(mechanism ? { mechanism: mechanism.name } : {}), groups, ungrouped: names.filter((name) => !grouped.has(name)) };
}

function vocMass(names: readonly string[], masses: Masses, moles: (name: string) => number): Pick<FoundGroup, 'molarMass' | 'open'> {
  const amounts = names.map((name) => ({ amount: masses[name] > 0 ? moles(name) : 0, mass: masses[name] ?? 0 }));
  const total = amounts.reduce((sum, { amount }) => sum + amount, 0);
  if (total > 0) return { molarMass: Number((amounts.reduce((sum, { amount, mass }) => sum + amount * mass, 0) / total).toPrecision(3)) };
  return { molarMass: USUAL_VOC, open: 'the mean molar mass of your VOC, g mol-1 (it weighs its total, and what the built-in model makes of it)' };
}
