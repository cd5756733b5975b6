/**
 * The rules of a case's inputs: sectors of the inventory and the labels of their emission streams, what a variable of a file stands for (one thing, and once),
 * and `observations`.
 */
import { speciesVariable } from '../../fields/prepared';
import { caseChannels, surfaceChannels } from '../schema/channel-kinds';
import type { Case } from '../schema/case-schema';
import { type Breach, repeated } from '../problems';
import { REST } from '../schema/kinds';
import { joinPath, type KeyPath } from '../source';

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,15}$/;

export function checkSectors(c: Case): Breach[] {
  const names = Object.keys(c.emissions.sectors);
  return [
    ...(c.emissions.files === undefined && names.length === 0
      ? [{ path: ['emissions'], text: 'there are no emission files: give files, sectors or both' }]
      : []),
    ...(names.includes(REST) ? [{ path: ['emissions', 'sectors', REST], text: `${REST} is what lies in no sector: give it another name` }] : []),
    ...names
      .filter((name) => !NAME.test(name))
      .map((name) => ({
        path: ['emissions', 'sectors', name],
        text: 'expected a letter and then up to 15 letters, digits and _: it becomes part of names in files',
      })),
    ...checkNamesInFiles(c, names),
    ...checkStreamLabels(c),
    ...checkInverted(c, names),
    ...checkGivenRuns(c, names),
  ];
}

/** Files and variables are named by period and sector with `_` between: of two with one name one would be lost. */
function checkNamesInFiles({ periods }: Case, names: readonly string[]): Breach[] {
  const ownerOf = new Map<string, string>();
  const take = (sector: string, name: string, owner: string): Breach[] => {
    const otherOwner = ownerOf.get(name);
    ownerOf.set(name, owner);
    return otherOwner === undefined || otherOwner === owner
      ? []
      : [
          {
            path: ['emissions', 'sectors', sector],
            text: `${owner} and ${otherOwner} would have the same name in files that are written: rename one`,
          },
        ];
  };
  return [REST, ...names].flatMap((sector) =>
    periods.flatMap(({ name }) => [
      ...take(sector, `file ${name}_${sector}`, `${sector} in ${name}`),
      ...take(sector, `variable ${sector}_${name}`, `${sector} in ${name}`),
    ]),
  );
}

function checkGivenRuns({ emissions, members, certificate }: Case, names: readonly string[]): Breach[] {
  if (names.length + (emissions.files === undefined ? 0 : 1) > 1) return [];
  const runs = { members: members.runs ?? [], certificate: certificate.runs };
  return Object.entries(runs).flatMap(([key, list]) =>
    list.flatMap(({ emissions: pattern }, i): Breach[] =>
      pattern.includes('{sector}')
        ? [
            {
              path: [key, 'runs', i, 'emissions'],
              restsOn: 'emissions',
              text: 'the inventory lies in one piece, so nothing can stand for {sector}: name the files',
            },
          ]
        : [],
    ),
  );
}

function checkInverted({ inversion }: Case, names: readonly string[]): Breach[] {
  const path: KeyPath = ['inversion', 'sectors'];
  const invertedSectors = inversion.sectors.map(({ sector }) => sector);
  if (invertedSectors.length === 0) return [];
  return [
    ...invertedSectors.flatMap((name, i): Breach[] => [
      ...(names.includes(name)
        ? []
        : [
            {
              path: [...path, i, 'sector'],
              restsOn: 'emissions',
              text: `there is no sector ${name}: known are ${names.join(', ') || 'none'} (emissions.sectors)`,
            },
          ]),
      ...(invertedSectors.indexOf(name) === i ? [] : [{ path: [...path, i, 'sector'], text: `the sector ${name} stands here twice: keep one` }]),
    ]),
    ...(inversion.mode === 'paper' ? [{ path, text: 'sectors need a prior term, and inversion.mode paper has none: remove them' }] : []),
  ];
}

// Labels of emission streams are how CMAQ's run script (`GR_EMIS_LAB_nnn`, `STK_EMIS_LAB_nnn`) and its rules (DESID) call the files of a sector.
/** The stream of an inventory in one piece. */
const WHOLE = 'INVENTORY';
/** What CMAQ's rules call all streams, and its own streams, of biogenic and marine gases, lightning, sea spray and dust (desid_module.F, desid_util.F). */
const RESERVED = ['ALL', 'TOTAL', 'BIOG', 'MIOG', 'MGEM', 'LTNG', 'SEASPRAY', 'WBDUST'];

type Emissions = Pick<Case['emissions'], 'files' | 'label' | 'sectors'>;

function labelledStreams({ files, label, sectors }: Emissions): [name: string, label: string | undefined][] {
  const sectorLabels = Object.entries(sectors).map(([name, sector]): [string, string | undefined] => [name, sector.label]);
  return files === undefined ? sectorLabels : [[REST, label], ...sectorLabels];
}

/** The label of each sector, in capitals as CMAQ compares them: the case's, or else its name. */
export function streamLabels(emissions: Emissions): Map<string, string> {
  const streams = labelledStreams(emissions);
  return new Map(streams.map(([name, label]) => [name, (label ?? (streams.length === 1 ? WHOLE : name)).toUpperCase()]));
}

/** Labels that the case gives, by sector; undefined where it leaves all to their names. */
export function chosenLabels(emissions: Emissions): Record<string, string> | undefined {
  const chosen = labelledStreams(emissions).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return chosen.length > 0 ? Object.fromEntries(chosen) : undefined;
}

/** Two streams of one label would have the rules of both. */
export function checkStreamLabels({ emissions }: Case): Breach[] {
  const holder = new Map<string, string>();
  const stray: Breach[] =
    emissions.files === undefined && emissions.label !== undefined
      ? [{ path: ['emissions', 'label'], text: 'it is that of emissions.files, and there are none: give the label to a sector' }]
      : [];
  const breaches = [...streamLabels(emissions)].flatMap(([name, label]): Breach[] => {
    const path = name === REST ? ['emissions', 'label'] : ['emissions', 'sectors', name, 'label'];
    const otherName = holder.get(label);
    holder.set(label, name);
    return [
      ...(otherName === undefined ? [] : [{ path, text: `${label} is the stream of ${otherName}, too: give each its own label` }]),
      ...(RESERVED.includes(label) ? [{ path, text: `${label} is CMAQ's own word for other streams: give another label` }] : []),
    ];
  });
  return [...stray, ...breaches];
}

type Groups = Record<string, { variables: string[] } | undefined>;

/** A variable that stands twice would count twice, or have two factors. */
function checkGroups(groups: Groups, path: KeyPath): Breach[] {
  const groupOf = new Map<string, string>();
  return Object.entries(groups).flatMap(([group, groupSource]) =>
    (groupSource?.variables ?? []).flatMap((variable, i): Breach[] => {
      const otherGroup = groupOf.get(variable);
      groupOf.set(variable, group);
      if (otherGroup === undefined) return [];
      const text = otherGroup === group ? 'stands here twice and would count twice' : `is in ${otherGroup} and ${group}, so it has no one factor`;
      return [{ path: [...path, group, 'variables', i], text: `${variable} ${text}: keep it in one place` }];
    }),
  );
}

export function checkEmissionVariables({ emissions: { groups, sectors } }: Case): Breach[] {
  return [
    ...checkGroups(groups, ['emissions', 'groups']),
    ...Object.entries(sectors).flatMap(([name, sector]) => checkGroups(sector.groups ?? {}, ['emissions', 'sectors', name, 'groups'])),
  ];
}

/** Channels of the surrogate, each a variable of the prepared store by its name. */
export function checkWeatherAndGround({ meteorology, geography }: Case): Breach[] {
  return Object.entries({ meteorology, geography }).flatMap(([key, channels]) => {
    const twice = repeated(channels?.variables ?? []);
    return twice === undefined ? [] : [{ path: [key, 'variables'], text: `${twice} is named twice: remove one` }];
  });
}

/** Whole variables of the transport model's output; sums of several species may share a part. */
export function checkConcentrationVariables({ concentrations: { variables } }: Case): Breach[] {
  const single = Object.entries(variables).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return sharedBy(single, ['concentrations', 'variables'], 'the variable');
}

function sharedBy(named: readonly [species: string, name: string][], path: KeyPath, subject: string): Breach[] {
  return named.flatMap(([species, name], i) => {
    const duplicate = named.slice(0, i).find(([, column]) => column === name);
    return duplicate === undefined
      ? []
      : [{ path: [...path, species], text: `${subject} ${name} is that of ${duplicate[0]}, too: give each species its own` }];
  });
}

/**
 * The reference model writes whole species and nothing that they could be summed from. Where the prior run came from elsewhere it makes no run, whatever
 * `ctm` says by default.
 */
export function checkSums({ ctm, priorConcentrations, concentrations: { variables } }: Case): Breach[] {
  if (ctm.kind === 'command' || priorConcentrations !== undefined) return [];
  return Object.entries(variables).flatMap(([species, variable]) =>
    typeof variable === 'string'
      ? []
      : [
          {
            path: ['concentrations', 'variables', species],
            text: `the reference model writes ${species} itself and no parts of it: give one name, your own model in ctm, or its prior run as priorConcentrations`,
          },
        ],
  );
}

/** Variables of every file on the case's grid. */
const OF_GRID = ['time', 'x', 'y', 'lat', 'lon', 'crs'];

/** Groups and species become variables, whose names hold no dot. */
function checkVariables(names: readonly string[], path: KeyPath): Breach[] {
  const ofGrid = names.find((name) => OF_GRID.includes(name));
  if (ofGrid !== undefined) return [{ path, text: `${ofGrid} is a variable of every file on the grid: give it another name` }];
  const variables = names.map(speciesVariable);
  const clash = names.findIndex((name, i) => names.indexOf(name) === i && variables.indexOf(variables[i]) < i);
  if (clash < 0) return [];
  return [
    {
      path,
      text: `${names[clash]} and ${names[variables.indexOf(variables[clash])]} would be one variable of files, ${variables[clash]}: name one of them otherwise`,
    },
  ];
}

export function checkObservations(c: Case): Breach[] {
  const { observations: o, truth } = c;
  const { groups } = caseChannels(c);
  const { species } = surfaceChannels(c);
  const breaches: Breach[] = [...checkVariables(groups, ['emissions', 'groups']), ...checkVariables(species, ['concentrations', 'species'])];
  const twice = repeated(species);
  if (twice !== undefined) breaches.push({ path: ['concentrations', 'species'], text: `${twice} is named twice: remove one` });
  if (o.files === undefined && o.twin === undefined)
    breaches.push({
      path: ['observations'],
      text: 'there are neither files nor a twin experiment: add observations.files, or observations.twin and truth',
    });
  if (o.twin !== undefined && truth === undefined)
    breaches.push({ path: ['observations', 'twin'], text: 'a twin experiment needs a truth: add truth.factors' });
  if (o.twin !== undefined && o.layout !== 'long')
    breaches.push({ path: ['observations', 'layout'], text: 'simulate writes the observations of a twin in the long layout: set layout: long' });
  if (o.twin !== undefined && o.resolution === 'daily')
    breaches.push({
      path: ['observations', 'resolution'],
      text: 'simulate writes the observations of a twin hourly: set resolution: hourly (inversion.dailyMeans: true compares their daily means)',
    });
  return [
    ...breaches,
    ...checkReading(o, ['observations'], species, o.twin !== undefined),
    ...o.independent.flatMap((entry, i) => checkReading(entry, ['observations', 'independent', i], species)),
    ...checkIndependentNames(c),
  ];
}

/** The names stand beside these roles in the tables of scores. */
const ROLES = ['used', 'watched', 'withheld'];

function checkIndependentNames({ observations: { independent } }: Case): Breach[] {
  const names = independent.map(({ name }) => name);
  return names.flatMap((name, i): Breach[] => {
    const path = ['observations', 'independent', i, 'name'];
    if (ROLES.includes(name)) return [{ path, text: `${name} is what tables call monitors of observations.files: give it another name` }];
    return names.indexOf(name) === i ? [] : [{ path, text: `the name ${name} is used twice: rename one` }];
  });
}

/** The rules of the keys that say how files are read. @param isTwin - whether simulate writes them */
function checkReading(o: Case['observations'] | Independent, path: KeyPath, species: readonly string[], isTwin = false): Breach[] {
  const breaches: Breach[] = [];
  const section = joinPath(path);
  if (o.layout === 'long' && !isTwin && o.columns === undefined)
    breaches.push({ path, text: `the long layout needs ${section}.columns: add the columns of station, time and species` });
  if ((o.layout === 'sql') !== (o.sql !== undefined))
    breaches.push({
      path: [...path, o.sql === undefined ? 'layout' : 'sql'],
      text:
        o.sql === undefined
          ? `the layout sql needs ${section}.sql: add the query`
          : 'it is used by the layout sql only: set layout: sql, or remove it',
    });
  if (o.resolution === 'daily' && ['cnemc-wide', 'airnow'].includes(o.layout))
    breaches.push({ path: [...path, 'resolution'], text: `files of the layout ${o.layout} are hourly: set resolution: hourly` });
  if (o.resolution === 'daily' && o.quality.minimumHours > 0)
    breaches.push({ path: [...path, 'quality', 'minimumHours'], text: 'daily values have no hours: set resolution: hourly, or 0' });
  for (const [name, range] of Object.entries(o.quality.range ?? {}))
    if (range?.min !== undefined && range.min >= range.max)
      breaches.push({ path: [...path, 'quality', 'range', name], text: `min ${range.min} is not below max ${range.max}: exchange them` });
  const columns = Object.entries(o.columns?.species ?? {}).flatMap(([name, column]): [string, string][] => (column ? [[name, column.column]] : []));
  const columnsPath = [...path, 'columns', 'species'];
  if (o.columns !== undefined && columns.length === 0)
    breaches.push({ path: columnsPath, text: `no species is named: add at least one of ${species.join(', ')}` });
  return [...breaches, ...sharedBy(columns, columnsPath, 'the column')];
}

type Independent = Case['observations']['independent'][number];
