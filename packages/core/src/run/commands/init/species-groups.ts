/**
 * The emission group of each species by the name that it has in emission files for CMAQ: CB6, SAPRC07 and RACM2 for gases, AERO6 and AERO7 for particles.
 *
 * Left out are species that repeat what others hold (VOC_INV, ALD2_PRIMARY, NH3_FERT, and the air toxics that CB6 carries beside PAR) and what is in no group
 * (CH4, SULF).
 *
 * @see CCTM/src/MECHS of https://github.com/USEPA/CMAQ, version 5.5, of cb6r5_ae7_aq, saprc07tic_ae7i_aq and racm2_ae6_aq: CMAQ_Control_DESID_*.nml (names in
 * emission files), GC_*.nml (MOLWT). All masses here agree with these to the digits that stand there, of which RACM2 and CB6 have fewer
 */
import { GROUPS_IN_FILES } from '../../../base/names-in-files';
import type { Group } from '../../../base/species';

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

/** g mol-1, of a single variable of all VOC: no table knows it. */
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
  /** of all that have names in files */
  groups: Record<Group, FoundGroup>;
}

/** Parts rather than a sum beside them, which would count twice. */
function partsOr(wholes: readonly string[], isPart: (name: string) => boolean, names: readonly string[]): string[] {
  const parts = names.filter(isPart);
  return parts.length > 0 ? parts : wholes.filter((name) => names.includes(name)).slice(0, 1);
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
  const masses = mechanism?.masses ?? {};
  const groups = Object.entries(GROUPS_IN_FILES).map(([group, { parts, isOfMechanism, whole = [], molarMass }]): [Group, FoundGroup] => {
    const isPart = isOfMechanism ? (name: string) => Object.hasOwn(masses, name) : (parts ?? (() => false));
    const variables = partsOr(whole, isPart, names);
    return [group, { variables, ...(isOfMechanism ? vocMass(variables, masses, moles) : { molarMass }) }];
  });
  return { ...(mechanism ? { mechanism: mechanism.name } : {}), groups: Object.fromEntries(groups) };
}

function vocMass(names: readonly string[], masses: Masses, moles: (name: string) => number): Pick<FoundGroup, 'molarMass' | 'open'> {
  const amounts = names.map((name) => ({ amount: masses[name] > 0 ? moles(name) : 0, mass: masses[name] ?? 0 }));
  const total = amounts.reduce((sum, { amount }) => sum + amount, 0);
  if (total > 0) return { molarMass: Number((amounts.reduce((sum, { amount, mass }) => sum + amount * mass, 0) / total).toPrecision(3)) };
  return { molarMass: USUAL_VOC, open: 'the mean molar mass of your VOC, g mol-1 (it weighs its total, and what the built-in model makes of it)' };
}
