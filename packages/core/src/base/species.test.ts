import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { GROUP_FACTS, GROUPS, JUDGED_PAIRS, knownSpecies, SPECIES, SPECIES_FACTS, speciesUnit } from './species';

/**
 * Sources that still name a group or a species, with how often. What is known of them belongs into species.ts, where a case with other groups and species will find
 * it: no number here may grow, and a file whose names are gone leaves the list.
 */
const NAMING: Readonly<Record<string, number>> = {
  'case/examine-case.ts': 6,
  'case/paper-defaults.ts': 1,
  'case/schema/domain-schema.ts': 1,
  'case/schema/inversion-schema.ts': 1,
  'case/schema/learning-schema.ts': 22,
  'fields/prepared.ts': 5,
  'inventory/reading/emission-reader.ts': 1,
  'inventory/reading/emissions-used.ts': 3,
  'inversion/scores/performance-benchmarks.ts': 7,
  'inversion/scores/score-rows.ts': 2,
  'report/data/published.ts': 8,
  'report/html/format.ts': 6,
  'run/commands/check/observed-inputs.ts': 1,
  'run/commands/check/prior-at-monitors.ts': 1,
  'run/commands/check/runs-and-emissions.ts': 5,
  'run/commands/init/case-text.ts': 7,
  'run/commands/init/given-netcdf.ts': 8,
  'run/commands/init/given-tables.ts': 4,
  'run/commands/init/species-groups.ts': 13,
  'units/units.ts': 4,
};

const source = join(__dirname, '..');
const named = new RegExp(
  `(['"])(?:${[...new Set([...GROUPS, ...SPECIES])].map((name) => name.replace('.', '\\.')).join('|')})\\1|\\b(?:NOx|NH3|VOC|NO2|SO2|O3): `,
  'g',
);

/** Text without comments, which may name what they like. */
const code = (path: string): string => readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');

it('no source names groups and species but those that are known to', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (path) =>
      /\.ts$/.test(path) &&
      !/\.test\.ts$|(^|\/)testing\/|^worlds\/|^base\/species\.ts$|^observations\/network-species\.ts$|^case\/schema\/case-examples\.ts$/.test(path),
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
const GIVEN = ['graph', 'grid', 'inversion', 'nn', 'observations', 'report', 'surrogate', 'weather'];
/** Where a library's call that names no species gets those of a case by default. */
const DEFAULTS = ['observations/observed-species.ts'];

it.each(GIVEN)('%s knows no list of groups or species', (room) => {
  const files = readdirSync(join(source, room), { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.ts$/.test(path) && !/\.test\.ts$|(^|\/)testing\//.test(path),
  );
  expect(files.length).toBeGreaterThan(0);
  const naming = files.map((path) => join(room, path)).filter((path) => /\b(?:GROUPS|SPECIES)\b/.test(code(join(source, path))));
  expect(naming.filter((path) => !DEFAULTS.includes(path))).toEqual([]);
});

it('each group and species has its facts, in one unit, and judged pairs name both', () => {
  expect(Object.keys(GROUP_FACTS)).toEqual([...GROUPS]);
  expect(Object.keys(SPECIES_FACTS)).toEqual([...SPECIES, 'CO', 'PM10', 'NH3', 'HCHO', 'NO', 'SO4', 'NO3', 'NH4', 'OC', 'EC']);
  expect(SPECIES.map((species) => SPECIES_FACTS[species].unit)).toEqual(SPECIES.map(speciesUnit));
  expect(JUDGED_PAIRS).toEqual([
    ['NOx', 'NO2'],
    ['SO2', 'SO2'],
    ['PM2.5', 'PM2.5'],
  ]);
  expect([knownSpecies('CO')?.unit, knownSpecies('Xylene'), knownSpecies('constructor')]).toEqual(['ppb', undefined, undefined]);
  for (const facts of Object.values(SPECIES_FACTS)) {
    expect(facts.leastObserved).toBeLessThan(facts.mostObserved);
    expect(facts.mostObserved).toBeLessThanOrEqual(facts.mostOfCell / 10);
    expect(facts.cleanest).toBeLessThan(facts.dirtiest);
    expect(facts.negativeFloor).toBeLessThanOrEqual(0);
  }
});
