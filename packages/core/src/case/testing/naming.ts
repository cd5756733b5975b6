/** The part of a case that says which groups and species it has, for tests that need little else of it. */
import { DEFAULT_CHANNELS, type CaseChannels, type CaseSpecies } from '../../base/species';

interface Naming {
  emissions: { groups: Record<string, object> };
  concentrations: { species: CaseSpecies[] };
}

export function namingOf({ groups, species, units }: CaseChannels = DEFAULT_CHANNELS): Naming {
  return {
    emissions: { groups: Object.fromEntries(groups.map((group) => [group, {}])) },
    concentrations: { species: species.map((name) => ({ name, unit: units[name] })) },
  };
}
