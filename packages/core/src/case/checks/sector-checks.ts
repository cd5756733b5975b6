/** The rules that tie sectors of the inventory to the rest of the case. */
import type { Case } from '../schema/case-schema';
import type { Breach } from './breach';
import { REST } from '../schema/kinds';
import type { KeyPath } from '../source';
import { checkStreamLabels } from '../stream-labels';

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
  const taken = new Map<string, string>();
  const take = (sector: string, name: string, of: string): Breach[] => {
    const other = taken.get(name);
    taken.set(name, of);
    return other === undefined || other === of
      ? []
      : [{ path: ['emissions', 'sectors', sector], text: `${of} and ${other} would have the same name in files that are written: rename one` }];
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
  const asked = inversion.sectors.map(({ sector }) => sector);
  if (asked.length === 0) return [];
  return [
    ...asked.flatMap((name, i): Breach[] => [
      ...(names.includes(name)
        ? []
        : [
            {
              path: [...path, i, 'sector'],
              restsOn: 'emissions',
              text: `there is no sector ${name}: known are ${names.join(', ') || 'none'} (emissions.sectors)`,
            },
          ]),
      ...(asked.indexOf(name) === i ? [] : [{ path: [...path, i, 'sector'], text: `the sector ${name} stands here twice: keep one` }]),
    ]),
    ...(inversion.mode === 'paper' ? [{ path, text: 'sectors need a prior term, and inversion.mode paper has none: remove them' }] : []),
  ];
}
