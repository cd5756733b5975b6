/** The case file that `init` writes, section by section. */
import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { SPECIES_IN_FILES } from '../../../base/names-in-files';
import { DEFAULT_CHANNELS, knownGroup, type Group, type Species } from '../../../base/species';
import { IoapiFile } from '../../../files/ioapi/ioapi-file';
import { Grid } from '../../../grid/grid';
import { parseGriddesc } from '../../../grid/griddesc';
import { Draft } from './draft';
import { patternsOf, sectorNames, type TimedFile } from './file-names';
import { isSame, unusedInWords, type GivenFiles } from './given-files';
import { hourText, spinUpHours } from './shared-hours';
import type { InventoryPart } from './inventory-parts';
import { outputVariables, type GivenField } from './given-netcdf';
import type { GivenRun, SortedFiles } from './sorted-files';
import { groupsOf, type FoundGroups } from './species-groups';
import { writeObservations } from './observations-text';

export type CtmChoice = 'files' | 'command' | 'builtin';

export interface CaseParts {
  inputs: GivenFiles;
  sorted: SortedFiles;
  ctm: CtmChoice;
  /** the case file, absolute */
  path: string;
}

/** Text of the case and what is left open in it. */
export function caseText(parts: CaseParts): Draft {
  const draft = new Draft();
  draft.comment('Written by retroplume init. Every key is explained in docs/case-file.md; what is left to you is marked OPEN.');
  draft.add('name', nameOf(parts.path));
  writeGrid(draft, parts);
  writePeriods(draft, parts.sorted);
  writeWeather(draft, parts);
  const inventory = inventoryOf(parts);
  const { groups, species } = channelsOf(parts, inventory);
  writeEmissions(draft, parts, inventory, groups);
  writeRuns(draft, parts, species);
  writeObservations(draft, parts.inputs, dirname(parts.path), species);
  for (const text of unusedInWords(parts.inputs.unused, dirname(parts.path))) draft.comment(`Not used: ${text}`);
  return draft;
}

function nameOf(path: string): string {
  const name = basename(dirname(path)).replace(/[^A-Za-z0-9_.-]/g, '');
  return /^[A-Za-z0-9_]/.test(name) ? name : 'mine';
}

/** One pattern as text, several as a list. */
function filesOf({ sorted, path }: CaseParts, files: readonly TimedFile[]): string | string[] {
  const patterns = patternsOf(files, sorted.periods, dirname(path));
  return patterns.length === 1 ? patterns[0] : patterns;
}

/** A key that takes one pattern. */
function patternOf(draft: Draft, parts: CaseParts, files: readonly TimedFile[], contents: string, indent = ''): string {
  const patterns = filesOf(parts, files);
  if (typeof patterns === 'string') return patterns;
  draft.leaveOpen(`one pattern that takes all files of ${contents}: ${patterns.join(', ')}`, indent);
  return patterns[0];
}

function writeGrid(draft: Draft, { inputs, path }: CaseParts): void {
  const filesGrid = inputs.grid;
  const grids = inputs.griddescs.flatMap((file) => parseGriddesc(readFileSync(file, 'utf8'), file).map((definition) => ({ file, definition })));
  const match = grids.find(({ definition }) => filesGrid === undefined || isSame(filesGrid, new Grid(definition)));
  if (match) {
    if (filesGrid === undefined && grids.length > 1) draft.leaveOpen(`which grid: ${grids.map(({ definition }) => definition.name).join(', ')}`);
    draft.add('grid', { griddesc: relative(dirname(path), match.file), name: match.definition.name });
    return;
  }
  const wanted = `one that describes the grid of the files (GDNAM ${filesGrid?.name ?? 'unknown'})`;
  draft.leaveOpen(
    grids.length === 0 ? `no GRIDDESC is among the files: ${wanted}` : `no grid of ${inputs.griddescs.join(', ')} is that of the files: ${wanted}`,
  );
  draft.add('grid', { griddesc: 'GRIDDESC', name: filesGrid?.name === undefined || filesGrid.name === '' ? 'MYGRID' : filesGrid.name });
}

const FORMS = { ioapi: "MCIP's files", wrf: "WRF's output, whose cells must be those of the grid", cf: 'CF files by the names of ERA5' };

function writeWeather(draft: Draft, parts: CaseParts): void {
  const { weather, geography } = parts.sorted;
  if (weather.length === 0)
    draft.leaveOpen('weather: none is among the files; METCRO2D, WRF output, or CF files such as ERA5 (docs/gridded-data.md, "Meteorology")');
  else if (weather[0].form !== 'ioapi') draft.comment(`Weather of ${FORMS[weather[0].form]} (docs/gridded-data.md, "Meteorology").`);
  draft.add('meteorology', { files: weather.length === 0 ? 'METCRO2D_*.nc' : filesOf(parts, weather) });
  if (geography.length === 0) {
    draft.comment('No GRIDCRO2D is among the files: the surrogate then sees neither terrain nor coast.');
    return;
  }
  const names = Object.entries({ HT: ['HT', 'HGT', 'HGT_M'], LWMASK: ['LWMASK', 'LANDMASK'] }).flatMap(([name, aliases]) =>
    geography[0].variables.some((variable) => aliases.includes(variable.name)) ? [name] : [],
  );
  draft.add('geography', { files: relative(dirname(parts.path), geography[0].path), variables: names });
}

function writePeriods(draft: Draft, { periods, short }: SortedFiles): void {
  if (short.length > 0)
    draft.comment(`Left out as too short (below 48 h): ${short.map(({ first, end }) => `${end - first} h from ${hourText(first)}`).join(', ')}`);
  if (periods.length === 0) {
    draft.leaveOpen('no 48 hours that weather and emissions share: give a period');
    const first = short.at(0)?.first;
    draft.add('periods', [{ name: 'mine', start: first === undefined ? '2000-01-01T00:00:00Z' : hourText(first), hours: 240, spinUpHours: 72 }]);
    return;
  }
  draft.comment(
    'The hours that weather, emissions and, where it is given, the prior run share. The first spinUpHours of each are neither trained on nor compared.',
  );
  const brief = periods.filter(({ hours }) => spinUpHours(hours) < 72).map(({ name }) => name);
  if (brief.length > 0) draft.comment(`Less spin-up than the usual 72 hours in ${brief.join(', ')}: they are short.`);
  draft.add('periods', periods.map(({ name, hours }) => ({ name, start: hourText(hours.first), hours: hours.end - hours.first, spinUpHours: spinUpHours(hours) }))); // prettier-ignore
}

/** Moles of a species in the lowest layer, in the middle hour of each part of the inventory; none where it is in mass. */
function molesIn(parts: SortedFiles['emissions']): (name: string) => number {
  return (name) =>
    parts.reduce((sum, { files: [{ path, variables }] }) => {
      if (!/^mol/i.test(variables.find((variable) => variable.name === name)?.units ?? '')) return sum;
      const file = IoapiFile.open(path);
      try {
        return sum + file.read(name, Math.floor(file.time.count / 2), 1, 0).reduce((total, value) => total + Math.max(0, value), 0);
      } finally {
        file.close();
      }
    }, 0);
}

interface Inventory extends FoundGroups {
  /** variables of all its files */
  names: string[];
}

function inventoryOf({ sorted: { emissions } }: CaseParts): Inventory {
  const names = [...new Set(emissions.flatMap(({ files: [first] }) => first.variables.map(({ name }) => name)))];
  return { names, ...groupsOf(names, molesIn(emissions)) };
}

/** The default groups and species, and each further pair of them that the inventory, the tables and, where there is one, the output hold. */
function channelsOf({ sorted, inputs }: CaseParts, { groups: inventoryGroups }: Inventory): { groups: Group[]; species: Species[] } {
  const output = outputOf(sorted);
  const variables = output && outputVariables(output);
  const isObserved = (name: Species): boolean => inputs.tables.some(({ columns }) => columns?.species[name] !== undefined);
  const further = Object.entries(inventoryGroups).flatMap(([group, { variables: emitted }]): [Group, Species][] => {
    const name = knownGroup(group)?.species;
    if (name === undefined || DEFAULT_CHANNELS.groups.includes(group) || emitted.length === 0) return [];
    return isObserved(name) && (variables === undefined || variables[name] !== undefined) ? [[group, name]] : [];
  });
  return {
    groups: [...DEFAULT_CHANNELS.groups, ...further.map(([group]) => group)],
    species: [...DEFAULT_CHANNELS.species, ...further.map(([, name]) => name)],
  };
}

/** An output of the prior run, or of a member. */
function outputOf({ concentrations, members }: SortedFiles): GivenField | undefined {
  return concentrations.at(0) ?? members.at(0)?.concentrations[0];
}

function writeEmissions(draft: Draft, parts: CaseParts, { mechanism, groups, names }: Inventory, wanted: readonly Group[]): void {
  const { emissions } = parts.sorted;
  const grouped = wanted.flatMap((group) => groups[group].variables);
  const ungrouped = names.filter((name) => !grouped.includes(name));
  draft.begin('emissions');
  if (emissions.length === 0) {
    draft.leaveOpen('emissions: none are among the files', '  ');
    draft.add('  files', 'EMIS_*.nc');
  } else if (isPlain(emissions)) draft.add('  files', filesOf(parts, emissions[0].files));
  if (mechanism !== undefined)
    draft.comment(`Species of ${mechanism}. VOC's molar mass weighs its total in tables and reports, and nothing else.`, '  ');
  if (ungrouped.length > 0) draft.comment(`In no group, and left as they are: ${ungrouped.join(', ')}`, '  ');
  draft.begin('  groups');
  for (const group of wanted) {
    const { variables, molarMass, open } = groups[group];
    // Without any file one sentence is enough.
    if (variables.length === 0 && names.length > 0)
      draft.leaveOpen(`${group}: no variable has a name of its species; there are ${names.join(', ')}`, '    ');
    else if (variables.length > 0 && open !== undefined) draft.leaveOpen(open, '    ');
    draft.add(`    ${group}`, { variables: variables.length === 0 ? [group] : variables, ...(molarMass === undefined ? {} : { molarMass }) });
  }
  if (emissions.length > 0 && !isPlain(emissions)) writeSectors(draft, parts, grouped);
}

/** Whether one pattern says all. */
const isPlain = ([first, ...further]: readonly InventoryPart[]): boolean =>
  further.length === 0 && first.stacks === undefined && first.dates === undefined;

/** @param wanted - variables of all groups */
function writeSectors(draft: Draft, parts: CaseParts, wanted: readonly string[]): void {
  const { emissions } = parts.sorted;
  draft.comment('The files are of several sectors by their names and hours, or of sources or days that need more than a name: the inventory is their sum.', '  '); // prettier-ignore
  draft.begin('  sectors');
  const sectors = sectorNames(emissions.map(({ stem }) => stem));
  emissions.forEach(({ files, stacks, dates }, i) => {
    const isPartial = !wanted.every((name) => files[0].variables.some((variable) => variable.name === name));
    if (dates && dates.alternatives.length > 0)
      draft.leaveOpen(
        `whether the days of ${sectors[i]} stand for others by ${dates.column}: ${dates.alternatives.join(', ')} would fit, too`,
        '    ',
      );
    draft.add(`    ${sectors[i]}`, {
      files: filesOf(parts, files),
      ...(stacks ? { stackGroups: patternOf(draft, parts, stacks, `the stack groups of ${sectors[i]}`, '    ') } : {}),
      ...(dates ? { dates: { files: patternsOf(dates.files.map((path) => ({ path, hours: { first: 0, end: 0 } })), [], dirname(parts.path)), column: dates.column } } : {}), // prettier-ignore
      ...(isPartial ? { partial: true } : {}),
    });
  });
}

function writeRuns(draft: Draft, parts: CaseParts, species: readonly Species[]): void {
  const { concentrations, members } = parts.sorted;
  const output = outputOf(parts.sorted);
  const list = species.length > DEFAULT_CHANNELS.species.length ? { species } : {};
  if (output) {
    const variables = outputVariables(output);
    const unknown = species.filter((name) => variables[name] === undefined);
    if (unknown.length > 0) draft.leaveOpen(`variables of ${unknown.join(', ')} in ${output.path}, or a sum such as { ASO4J: 1, ANO3J: 1 }`);
    const named = species.map((name): [Species, string] => [name, variables[name] ?? name.replace('.', '')]);
    draft.add('concentrations', { ...list, variables: Object.fromEntries(named) });
  } else if (parts.ctm === 'command') {
    draft.leaveOpen("names of the species in your model's output");
    const usual = species.map((name): [Species, string] => [name, SPECIES_IN_FILES[name].outputs[0]]);
    draft.add('concentrations', { ...list, variables: Object.fromEntries(usual) });
  } else if (list.species) draft.add('concentrations', list);
  if (concentrations.length > 0) draft.add('priorConcentrations', patternOf(draft, parts, concentrations, 'the prior run'));
  else if (parts.ctm === 'files') {
    draft.leaveOpen("the prior run: your model's concentrations for the emissions above");
    draft.add('priorConcentrations', 'conc_prior_*.nc');
  }
  writeModel(draft, parts);
  if (members.length > 0) {
    draft.begin('members');
    writeBrought(draft, parts, members, '  ');
  }
}

function writeBrought(draft: Draft, parts: CaseParts, runs: readonly GivenRun[], indent: string): void {
  draft.begin(`${indent}runs`);
  for (const { name, emissions, concentrations } of runs) {
    const [emissionPattern, answer] = [emissions, concentrations].map((files) => patternOf(draft, parts, files, name, `${indent}  `));
    draft.add(`${indent}  - name`, name);
    draft.add(`${indent}    emissions`, emissionPattern);
    draft.add(`${indent}    concentrations`, answer);
  }
}

function writeModel(draft: Draft, parts: CaseParts): void {
  const { members, responses } = parts.sorted;
  if (parts.ctm === 'command') {
    draft.leaveOpen('the command that runs your model, from the folder in which retroplume is started (docs/clusters.md, examples/cmaq-slurm)');
    draft.add('ctm', { kind: 'command', command: './run-cmaq.sh {output} {run} {period} {start} {hours} {sectors}', output: 'ACONC_*.nc' });
  } else draft.add('ctm', { kind: 'reference' });
  if (parts.ctm === 'builtin') return;
  if (responses.length > 0) {
    draft.comment('The runs that change one group alone judge the response; no others are asked of the model.');
    draft.begin('certificate');
    writeBrought(draft, parts, responses, '  ');
  }
  if (parts.ctm === 'command') return;
  draft.comment('verify needs the run with the updated emissions: name it then in updatedConcentrations.');
  if (members.length > 0) return;
  draft.leaveOpen(
    `members: runs of your model with changed emissions, from which the surrogate learns. Their emissions are written by: retroplume simulate ${basename(parts.path)} --design --set members.count=6. Name the runs then in members.runs, and take differenceWeight out`,
  );
  draft.add('members', { count: 0 });
  draft.add('training', { differenceWeight: 0 });
}
