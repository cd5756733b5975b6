import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  DEFAULT_CHANNELS,
  GROUP_FACTS,
  GROUPS,
  judgedPairs,
  knownGroup,
  knownSpecies,
  priorSpreadOf,
  SPECIES,
  SPECIES_FACTS,
  speciesOfTable,
  surfaceOf,
  channelsOfCase,
  columnGas,
} from './species';

/**
 * Sources that still name a group or a species, with how often; what files of others call them, networks and satellites, is not meant. What is known of them belongs into species.ts, where a case with other groups and species will find
 * it: no number here may grow, and a file whose names are gone leaves the list.
 */
const NAMING: Readonly<Record<string, number>> = {
  'case/schema/domain-schema.ts': 1,
  'case/schema/inversion-schema.ts': 1,
  'report/data/published.ts': 8,
  'run/commands/init/species-groups.ts': 4,
  'units/units.ts': 6,
};

const source = join(__dirname, '..');
const named = new RegExp(
  `(['"])(?:${[...new Set([...Object.keys(GROUP_FACTS), ...Object.keys(SPECIES_FACTS)])].map((name) => name.replace('.', '\\.')).join('|')})\\1|\\b(?:NOx|NH3|VOC|NO2|SO2|O3|CO|PM10|HCHO|ISOP|PMC): `,
  'g',
);

/** Text without comments, which may name what they like. */
const code = (path: string): string => readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');

it('no source names groups and species but those that are known to', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (path) =>
      /\.ts$/.test(path) &&
      !/\.test\.ts$|(^|\/)testing\/|^worlds\/|^base\/(?:species|group-facts|names-in-files)\.ts$|^observations\/network-species\.ts$|^columns\/products\/|^case\/schema\/case-examples\.ts$/.test(
        path,
      ),
  );
  const counts: Record<string, number> = Object.fromEntries<number>(
    files
      .map((path) => [relative(source, join(source, path)), code(join(source, path)).match(named)?.length ?? 0] as const)
      .filter(([, count]) => count !== 0),
  );
  expect(Object.entries(counts).filter(([path, count]) => count > (NAMING[path] ?? 0))).toEqual([]);
  expect(Object.keys(NAMING).filter((path) => !(path in counts))).toEqual([]);
});

/** Rooms that take groups and species from what they are given, however many there are. */
const GIVEN = [
  'assimilation',
  'bench',
  'columns',
  'fields',
  'files',
  'graph',
  'grid',
  'inventory',
  'inversion',
  'nn',
  'observations',
  'report',
  'run',
  'surrogate',
  'transport',
  'units',
  'weather',
];
/** Where a library's call that names no species gets those of a case by default. */
const DEFAULTS = ['observations/observed-species.ts'];

it.each(GIVEN)('%s knows no list of groups or species', (room) => {
  const files = readdirSync(join(source, room), { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.ts$/.test(path) && !/\.test\.ts$|(^|\/)testing\//.test(path),
  );
  expect(files.length).toBeGreaterThan(0);
  const naming = files.map((path) => join(room, path)).filter((path) => /(?<!')\b(?:GROUPS|SPECIES)\b/.test(code(join(source, path))));
  expect(naming.filter((path) => !DEFAULTS.includes(path))).toEqual([]);
});

it('each default group and species has its facts, and the pairs that are judged name both', () => {
  for (const group of GROUPS) expect(knownGroup(group)).toBeDefined();
  expect(DEFAULT_CHANNELS).toMatchObject({ groups: GROUPS, species: SPECIES });
  expect(SPECIES.map((species) => DEFAULT_CHANNELS.units[species])).toEqual(['ppb', 'ppb', 'ppb', 'ug m-3']);
  expect(judgedPairs(DEFAULT_CHANNELS)).toEqual([
    ['NOx', 'NO2'],
    ['SO2', 'SO2'],
    ['PM2.5', 'PM2.5'],
  ]);
  expect(judgedPairs({ groups: ['CO', 'NOx', 'soilNO'], species: ['PM10', 'CO'] })).toEqual([['CO', 'CO']]);
});

it('of a name that the table does not have nothing is known, be it one that every object has', () => {
  for (const name of ['soilNO', 'constructor', '__proto__']) expect([knownGroup(name), knownSpecies(name)]).toEqual([undefined, undefined]);
});

it.each(Object.keys(GROUP_FACTS))('what is known of %s names a species of the table', (group) => {
  const { species, meanFlux, mostOfSide } = knownGroup(group)!;
  expect(species === undefined || knownSpecies(species) !== undefined).toBe(true);
  expect(Math.min(meanFlux, mostOfSide)).toBeGreaterThan(0);
});

it.each(Object.keys(SPECIES_FACTS))('limits of %s are in order', (species) => {
  const facts = knownSpecies(species)!;
  expect(facts.leastObserved).toBeLessThan(facts.mostObserved);
  expect(facts.mostObserved).toBeLessThanOrEqual(facts.mostOfCell / 10);
  expect(facts.cleanest).toBeLessThan(facts.dirtiest);
  expect(facts.negativeFloor).toBeLessThanOrEqual(0);
  expect(facts.molarMass !== undefined).toBe(facts.unit === 'ppb');
});

describe('columns', () => {
  const names = ['NO2', 'NH3_column_cris', 'HCHO_column'];
  it('are species named by their gas, in µmol m-2', () => {
    expect(names.map(columnGas)).toEqual([undefined, 'NH3', 'HCHO']);
    expect(['O3_column', 'NO2_columns', 'NO2_column_', 'no2_column'].map(columnGas)).toEqual([undefined, undefined, undefined, undefined]);
    expect(knownSpecies('NH3_column_cris')).toMatchObject({ unit: 'umol m-2', longName: 'column of ammonia' });
    expect(surfaceOf(channelsOfCase(['NOx'], names.map(speciesOfTable))).species).toEqual(['NO2']);
  });

  it('tell groups apart that no monitor sees, whose prior is no longer tight then', () => {
    expect(judgedPairs({ groups: ['NOx', 'NH3', 'VOC'], species: names })).toEqual([
      ['NOx', 'NO2'],
      ['NH3', 'NH3_column_cris'],
      ['VOC', 'HCHO_column'],
    ]);
    expect([priorSpreadOf('NH3', names), priorSpreadOf('NH3', ['NO2']), priorSpreadOf('NOx', names), priorSpreadOf('mine', names)]).toEqual([
      0.5,
      0.12,
      0.5,
      undefined,
    ]);
  });
});
