/** Keys of a case file that are names of emission groups and species, and what these names are. */
import { z } from 'zod';
import {
  channelsOfCase,
  COLUMN_GASES,
  COLUMN_NAME,
  columnGas,
  DEFAULT_CHANNELS,
  GROUP_FACTS,
  inChannelOrder,
  knownGroup,
  knownSpecies,
  SPECIES_FACTS,
  SPECIES,
  speciesOfTable,
  type CaseChannels,
  type CaseSpecies,
  type Group,
  type GroupFacts,
  type Species,
  type SpeciesFacts,
  type SurfaceUnit,
} from '../../base/species';
import { choice, real } from './kinds';

/** A schema of the groups and species of a case, made once for each; by default of those of a case that names none. */
export function schemaFor<T extends z.ZodType>(make: (channels: CaseChannels) => T): (channels?: CaseChannels) => T {
  const schemas = new Map<string, T>();
  return (channels = DEFAULT_CHANNELS) => {
    const key = JSON.stringify(channels);
    const schema = schemas.get(key) ?? make(channels);
    schemas.set(key, schema);
    return schema;
  };
}

/** They become parts of variables and of names of files. */
export const CHANNEL_NAME = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*([.][0-9]+)?$/, {
  error: 'expected letters, digits and _, a letter first, such as ISOP or PM2.5',
});

/** Of a column, in the section `columns`. */
export const COLUMN_KEY = z.string().regex(COLUMN_NAME, {
  error: `expected a gas, ${COLUMN_GASES.join(', ')}, and _column, such as NO2_column, or NO2_column_TEMPO where there are several`,
});

type Each<T extends z.ZodType> = z.ZodObject<Record<string, T>, z.core.$strict>;

/** Keys that are names of groups or species, each with a schema. */
export function forEach<T extends z.ZodType>(names: readonly string[], make: (name: string) => T): Each<T> {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, make(name)])));
}

/** A default where one is known; where none is, the key must be given, and what says that it is missing tells why. */
export function defaulting<T extends z.ZodType<number>>(schema: T, value: number | undefined, name: string, table: object): z.ZodDefault<T> {
  if (value !== undefined) return schema.default(value as never);
  const description = `${(schema.meta()?.description ?? name).replace(/\.$/, '')}; ${name} is none of those that Retroplume knows, ${Object.keys(table).join(', ')}.`;
  return schema.meta({ ...schema.meta(), description }) as unknown as z.ZodDefault<T>;
}

/** A number of each group, by default what is known of it; one that the table does not know has none. */
export function perGroup(
  groups: readonly Group[],
  make: (group: Group) => z.ZodType<number>,
  fact: (facts: GroupFacts, group: Group) => number | undefined,
): Each<z.ZodDefault<z.ZodType<number>>> {
  return forEach(groups, (group) => {
    const facts = knownGroup(group);
    return defaulting(make(group), facts && fact(facts, group), group, GROUP_FACTS);
  });
}

/** As {@link perGroup}, of each species. @param fact - or the same default for all */
export function perSpecies(
  species: readonly Species[],
  make: (species: Species) => z.ZodType<number>,
  fact: number | ((facts: SpeciesFacts) => number),
): Each<z.ZodDefault<z.ZodType<number>>> {
  return forEach(species, (name) => {
    const facts = knownSpecies(name);
    return defaulting(make(name), typeof fact === 'number' ? fact : facts && fact(facts), name, SPECIES_FACTS);
  });
}

/** A species of a case: one that is known by its name, or another with what is known of it. */
export const speciesSchema = z
  .union([
    choice('A species that Retroplume knows.', Object.keys(SPECIES_FACTS)),
    z.strictObject({
      name: CHANNEL_NAME.refine((name) => knownSpecies(name) === undefined, {
        error: 'expected a name of its own: of a species that is known the name alone is enough',
      })
        .refine((name) => columnGas(name) === undefined, {
          error: 'expected a species at the surface: columns of satellites are named in the section columns',
        })
        .meta({ description: 'Name of another species.' }),
      unit: choice('What its concentrations are in: those of a gas or of particles.', ['ppb', 'ug m-3']),
      molarMass: real('Of a gas that a file gives as a mass.', { min: 1, max: 1000, unit: 'g mol-1' }).optional(),
    }),
  ])
  .meta({ description: 'A species.' });

/** What {@link caseChannels} asks of a case. */
interface Naming {
  emissions: { groups: object };
  concentrations: { species?: readonly (string | CaseSpecies)[] };
}

/** The emission groups and species of a case: those that its `emissions.groups` and `concentrations.species` name, then its `columns`. */
export function caseChannels({ emissions, concentrations, columns = {} }: Naming & { columns?: object }): CaseChannels {
  const { species = SPECIES } = concentrations;
  return channelsOfCase(
    inChannelOrder(Object.keys(emissions.groups)),
    [...species, ...Object.keys(columns)].map((entry) => (typeof entry === 'string' ? speciesOfTable(entry) : entry)),
  );
}

/** As {@link caseChannels}, without columns. */
export function surfaceChannels({ emissions, concentrations }: Naming): CaseChannels {
  return caseChannels({ emissions, concentrations, columns: {} });
}

/** A species at the surface, as files of observations are asked for it. */
export type AskedSpecies = CaseSpecies & { unit: SurfaceUnit };

/** The species of a case as files of observations are asked for them. */
export function askedSpecies(settings: Naming): AskedSpecies[] {
  const { species, units, molarMass } = surfaceChannels(settings);
  return species.map((name) => ({ name, unit: units[name] as SurfaceUnit, molarMass: molarMass[name] }));
}
