/** Writes docs/species.md from the tables of what is known of species and groups, so that the page can't disagree with what the program takes. */
import { GROUP_FACTS, SPECIES_FACTS } from '../../base/species';
import { AIRNOW_NAMES, AQS_CODES, EEA_CODES, OPENAQ_NAMES, type NetworkNames } from '../../observations/network-species';

const INTRODUCTION = `# Known species and groups

Made by \`node tools/case-docs.mjs\` from packages/core/src/base/species.ts and packages/core/src/observations/network-species.ts. Change those, never this page.
`;

const LIMITS = `
## Species

- **Floor**: values of monitors below it are no noise and are left out. \`observations.quality.negativeFloor\` sets another.
- **Limit**: values of monitors above it are left out.
- **Cleanest air**: where more than half of the values lie below, \`check\` says that the unit is wrong.
- **Error**: least standard deviation of an observed value, where the case sets none.

`;

const NAMES = `
## In the files of networks

What AirNow and OpenAQ call a species, and its codes in AQS and at the EEA. China's files have the names of the first column. Where a station has several codes, the first with a
value at an hour counts.

`;

const GROUPS_TEXT = `
## Groups of emissions

- **Judged by**: the species by whose response the surrogate is judged. Of a group without one no monitor tells.
- **Members** and **prior**: standard deviation of the logarithm of the factor in the members and a priori, where the case sets none.

`;

function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

const micro = (unit: string): string => unit.replace('ug', 'µg');
const entriesOf = <T>(facts: Readonly<Record<string, T | undefined>>): [string, T][] =>
  Object.entries(facts).flatMap(([name, fact]): [string, T][] => (fact === undefined ? [] : [[name, fact]]));

/** The page, as Markdown. */
export function speciesDocumentation(): string {
  const species = entriesOf(SPECIES_FACTS);
  const limits = species.map(
    ([name, { longName, unit, molarMass, negativeFloor, mostObserved, leastObserved, errorFloor }]) =>
    [name, longName, micro(unit), molarMass ?? '', negativeFloor, mostObserved, leastObserved, errorFloor], // prettier-ignore
  );
  const called = (names: NetworkNames, name: string): string => (names[name] ?? [name]).join(', ');
  const names = species.map(([name]) => [
    name,
    called(AIRNOW_NAMES, name),
    called(AQS_CODES, name),
    called(EEA_CODES, name),
    called(OPENAQ_NAMES, name).toLowerCase(),
  ]);
  const groups = entriesOf(GROUP_FACTS).map(([name, group]) => [name, group.description, group.species ?? '', group.memberSpread, group.priorSpread]);
  return [
    INTRODUCTION,
    LIMITS,
    table(['species', 'what', 'unit', 'g mol-1', 'floor', 'limit', 'cleanest air', 'error'], limits),
    NAMES,
    table(['species', '`airnow`', '`aqs`', '`eea`', '`openaq`'], names),
    GROUPS_TEXT,
    table(['group', 'what', 'judged by', 'members', 'prior'], groups),
  ].join('');
}
