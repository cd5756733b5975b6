/**
 * Factors as rules and masks for CMAQ's own emission module (DESID, CMAQ 5.3 and later), so that CMAQ scales the prior's files itself.
 *
 * A region is a field w between 0 and 1. What a stack of rules makes of an emission E is Σ_r w_r · (the rules of r and of what holds r, in order); a region
 * that holds others counts with what they leave of it. EVERYWHERE holds every region, so that the two rules
 *
 *   EVERYWHERE  m  lo            give   E · [lo·(1 − w) + lo·(hi/lo)·w]  =  E · [lo + (hi − lo)·w]
 *   region      m  hi/lo
 *
 * which is E·f with w = (f − lo)/(hi − lo), lo and hi being the smallest and largest factor. Rounding is relative to f, since lo and (hi − lo)·w are parts of
 * it. Where the smallest factor is 0, which no multiplication leads out of, the roles are swapped: hi everywhere, 0 in the region, w = 1 − f/hi.
 *
 * @see Murphy et al. (2021), doi:10.5194/gmd-14-3407-2021; CMAQ User's Guide, appendix B; `DESID_SCALING` and `DESID_PROCESS_RULES` in CMAQ's desid_module.F
 */
import type { Group } from '../../base/species';
import { basename, dirname } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { makeFolder } from '../../files/disk';
import { type Grid, instant } from '../../grid/grid';
import { groupNames, type EmissionGroups } from '../reading/emission-reader';

/** Environment variable of CMAQ's run script that holds the masks' file. */
const FILE_LABEL = 'RPLM_MASKS';

/** What CMAQ is to scale: the emission files of one stream and their factors over a stretch of time. */
export interface DesidStream {
  /** label of the stream in CMAQ's run script (`GR_EMIS_LAB_nnn`), at most 32 characters */
  label: string;
  /** whether the files are in-line point files */
  points?: boolean;
  /** whether the files are of representative days, so that CMAQ is to take their dates for its own */
  representative?: boolean;
  groups: EmissionGroups;
  /** `[rows, cols, groups]` */
  factors: Float32Array;
}

interface Mask {
  name: string;
  description: string;
  data: Float32Array;
}

interface Scaling {
  masks: Mask[];
  rules: string[];
}

/**
 * Writes the rows of CMAQ's control files and, where a factor varies in space, the masks (I/O API, without time steps).
 *
 * @param span - for which time they hold, and the program and the run that made them: for the comments
 * @returns the files that were written
 */
export function writeDesid(
  paths: { rules: string; masks: string },
  grid: Grid,
  streams: readonly DesidStream[],
  span: { begin: Date; end: Date; origin: string },
): string[] {
  const parts = streams.map((stream, s) => scalingOf(stream, streams.length > 1 ? `${s + 1}_` : ''));
  const masks = parts.flatMap((part) => part.masks);
  makeFolder(dirname(paths.rules));
  if (masks.length > 0) writeMasks(paths.masks, grid, masks, span.origin);
  const rules = parts.flatMap((part) => part.rules);
  writeFileAtomic(paths.rules, fragment(basename(paths.masks), masks, rules, streams, span));
  return masks.length > 0 ? [paths.rules, paths.masks] : [paths.rules];
}

function writeMasks(path: string, grid: Grid, masks: Mask[], origin: string): void {
  const writer = IoapiWriter.create(path, {
    grid,
    time: { start: new Date(0), stepSeconds: 0, count: 1 },
    layers: 1,
    variables: masks.map(({ name, description }) => ({ name, units: 'fraction', description })),
    attributes: { FILEDESC: 'Regions of Retroplume for the scaling of emissions by CMAQ (DESID)', HISTORY: `factors by ${origin}` },
  });
  for (const { name, data } of masks) writer.write(name, 0, data);
  writer.close();
}

function scalingOf({ label, groups, factors }: DesidStream, infix: string): Scaling {
  const out: Scaling = { masks: [], rules: [] };
  const names = groupNames(groups);
  const regions = regionNames(names, `RPLM_${infix}`);
  names.forEach((group, g) => {
    const { variables } = groups[group];
    if (variables.length === 0) return;
    const ofGroup = factors.filter((_, i) => i % names.length === g);
    const region = regions[g];
    const { everywhere, inRegion, mask } = split(ofGroup);
    const rule = (region: string, variable: string, factor: number): string =>
      `  ${quoted(region)}, ${quoted(label)}, ${quoted(variable)}, 'ALL', 'ALL', ${decimal(factor)}, 'UNIT', 'm',`;
    for (const variable of variables) {
      if (everywhere !== 1) out.rules.push(rule('EVERYWHERE', variable, everywhere));
      if (mask) out.rules.push(rule(region, variable, inRegion));
    }
    if (mask) out.masks.push({ name: region, description: describe(group, label), data: mask });
  });
  return out;
}

/** Characters of a variable's name in the I/O API. */
const NAME_WIDTH = 16;

/** Names of variables for the masks: those of the groups, or numbers where one is too long or two would be the same. */
function regionNames(groups: readonly Group[], prefix: string): string[] {
  const names = groups.map((group) => `${prefix}${group.replace('.', '').toUpperCase()}`);
  return names.map((name, g) => (name.length > NAME_WIDTH || names.indexOf(name) !== names.lastIndexOf(name) ? `${prefix}${g + 1}` : name));
}

/** Two factors and the mask between them; without a mask where all factors are the same. */
function split(factors: Float32Array): { everywhere: number; inRegion: number; mask?: Float32Array } {
  const [lo, hi] = factors.reduce(([smallest, largest], factor) => [Math.min(smallest, factor), Math.max(largest, factor)], [Infinity, 0]);
  if (lo === hi) return { everywhere: lo, inRegion: 1 };
  if (lo === 0) return { everywhere: hi, inRegion: 0, mask: factors.map((factor) => 1 - factor / hi) };
  return { everywhere: lo, inRegion: hi / lo, mask: factors.map((factor) => (factor - lo) / (hi - lo)) };
}

function describe(group: Group, label: string): string {
  return `where the factor on ${group} of ${label} lies between least and most`;
}

function quoted(text: string): string {
  return `'${text}'`.padEnd(16);
}

/** With all the digits of a REAL*4, and a point that makes it one. */
function decimal(value: number): string {
  return Math.fround(value).toExponential(9);
}

function fragment(
  masksFile: string,
  masks: readonly Mask[],
  rules: readonly string[],
  streams: readonly DesidStream[],
  { begin, end, origin }: { begin: Date; end: Date; origin: string },
): string {
  const labels = streams.map(({ label }) => label).join(', ');
  const lines = [
    `! Factors of Retroplume on emissions, ${instant(begin)} to ${instant(end)}, for DESID of CMAQ 5.3 and later.`,
    `! By ${origin}.`,
    '! CMAQ reads the files of the prior inventory, not the updated ones, and scales them.',
    '!',
    `! Run script: the stream of the prior's files has the label that the rules name (labels: ${labels})`,
    ...['GR', 'STK'].flatMap((kind) =>
      streams
        .filter(({ points = false }) => points === (kind === 'STK'))
        .flatMap(({ label, representative = false }, s) => {
          const number = String(s + 1).padStart(3, '0');
          return [
            `!   setenv ${kind}_EMIS_LAB_${number} ${label}`,
            ...(representative ? [`!   setenv ${kind}_EM_SYM_DATE_${number} T   # files of representative days`] : []),
          ];
        }),
    ),
  ];
  if (masks.length > 0) {
    lines.push(
      '! and the file of masks is named',
      `!   setenv ${FILE_LABEL} .../${masksFile}`,
      '!',
      '! Regions: into Desid_Reg_nml of &Desid_RegionDef in CMAQ_Control_DESID.nml; Desid_Max_Reg must be larger than the number of all regions.',
      '! (CMAQ 5.3: into RGN_NML of &RegionsRegistry in EmissCtrl.nml.)',
      '! Region label    , file label  , variable',
      ...masks.map(({ name }) => `  ${quoted(name)}, '${FILE_LABEL}', '${name}',`),
    );
  }
  lines.push(
    '!',
    '! Rules: at the end of Desid_Rules_nml in CMAQ_Control_DESID_<mechanism>.nml, after all that map variables of these streams to species. No other',
    '! rule for the same streams and variables may have a region of its own. (CMAQ 5.3: at the end of EM_NML of &EmissionScalingRules in EmissCtrl.nml.)',
    '! Region          , stream          , variable        , species, phase, factor, basis, operation',
    ...rules,
  );
  return `${lines.join('\n')}\n`;
}
