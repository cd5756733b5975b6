/** What a variable of a file stands for: one thing, and once. */
import type { Case } from '../schema/case-schema';
import type { Breach } from './breach';
import { repeated } from './repeated';
import type { KeyPath } from '../source';

type Groups = Record<string, { variables: string[] } | undefined>;

/** A variable that stands twice would count twice, or have two factors. */
function checkGroups(groups: Groups, path: KeyPath): Breach[] {
  const groupOf = new Map<string, string>();
  return Object.entries(groups).flatMap(([group, made]) =>
    (made?.variables ?? []).flatMap((variable, i): Breach[] => {
      const other = groupOf.get(variable);
      groupOf.set(variable, group);
      if (other === undefined) return [];
      const text = other === group ? 'stands here twice and would count twice' : `is in ${other} and ${group}, so it has no one factor`;
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

export function checkObservationColumns({ observations: { columns } }: Case): Breach[] {
  const named = Object.entries(columns?.species ?? {}).flatMap(([species, given]): [string, string][] => (given ? [[species, given.column]] : []));
  return sharedBy(named, ['observations', 'columns', 'species'], 'the column');
}

function sharedBy(named: readonly [species: string, name: string][], path: KeyPath, subject: string): Breach[] {
  return named.flatMap(([species, name], i) => {
    const other = named.slice(0, i).find(([, each]) => each === name);
    return other === undefined
      ? []
      : [{ path: [...path, species], text: `${subject} ${name} is that of ${other[0]}, too: give each species its own` }];
  });
}

/**
 * The reference model writes the four species and nothing that they could be summed from. Where the prior run came from elsewhere it makes no run, whatever
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
