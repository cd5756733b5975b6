/** A YAML file that says which CF inventories make which emission file: what `retroplume inventory` reads. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../base/errors';
import { readGriddesc } from '../../grid/griddesc';
import { hourUtc, real, text, wholeNumber } from '../../case/schema/kinds';
import { jsonSchemaOf } from '../../case/schema/json-schema';
import { describeProblems } from '../../case/problems';
import { readSource } from '../../case/source';
import { assertNoInput, writeInventoryEmissions, type MovedMass } from './inventory-emissions';

const weights = (count: number, label: string): z.ZodOptional<z.ZodArray<z.ZodNumber>> =>
  z.array(z.number().min(0)).length(count).meta({ description: label }).optional();

const sourceSchema = z.strictObject({
  file: text('CF file.'),
  variable: text('Variable of it.'),
  units: text("Unit, where the file's own is none.").optional(),
  molarMass: real('g mol-1 of what the mass counts.', { min: 1, max: 1000 }).optional(),
  species: text('Variable of the emission file.'),
  speciesUnits: z.enum(['moles/s', 'g/s']),
  part: real('Part of the inventory that is of this species.', { min: 0, max: 1 }).optional(),
  anyYear: z.boolean().optional(),
  profile: z
    .strictObject({
      weekday: weights(7, 'Weights of Monday to Sunday.'),
      hour: weights(24, 'Weights of the hours of the local day.'),
      utcOffset: real('Hours by which local time is ahead of UTC, such as 8 or 5.5.', { min: -12, max: 14 }).optional(),
    })
    .optional(),
});

const fileSchema = z.strictObject({
  grid: z.strictObject({ griddesc: text('GRIDDESC file.'), name: text('Name of the grid in it.') }),
  start: hourUtc('First hour.'),
  hours: wholeNumber('Number of hours.', { min: 1, max: 20000 }),
  output: text('I/O API file to write.'),
  sources: z.array(sourceSchema).min(1),
});

export interface InventoryResult {
  /** the file that was written */
  output: string;
  /** of each source, where its mass went: in moles or g over all hours */
  sources: (MovedMass & { file: string; unit: 'moles' | 'g' })[];
}

/**
 * Writes the emission file that a YAML file asks for; paths in it are relative to its folder.
 *
 * @throws {ConfigError} `CASE_FILE_MISSING`, `CASE_SYNTAX`; `INVENTORY_FILE` with every wrong key, one sentence a line
 * @throws {RetroplumeError} as {@link writeInventoryEmissions}; nothing is left then
 *
 * @example
 * const { output, sources } = makeInventory('inventory.yaml');
 */
export function makeInventory(path: string): InventoryResult {
  const source = readSource(path, []);
  const parsed = fileSchema.safeParse(source.values);
  if (!parsed.success) {
    const { sentences } = describeProblems(parsed.error.issues, source, jsonSchemaOf(fileSchema));
    throw new ConfigError('INVENTORY_FILE', sentences.join('\n'));
  }
  const { grid, start, hours, output, sources } = parsed.data;
  const absolute = (name: string): string => resolve(dirname(path), name);
  assertNoInput(absolute(output), [path, absolute(grid.griddesc)]);
  const moved = writeInventoryEmissions(
    absolute(output),
    readGriddesc(absolute(grid.griddesc), grid.name),
    { start, stepSeconds: 3600, count: hours },
    sources.map(({ file, ...rest }) => ({ ...rest, path: absolute(file) })),
  );
  return {
    output: absolute(output),
    sources: moved.map((mass, i) => ({ file: sources[i].file, unit: sources[i].speciesUnits === 'g/s' ? 'g' : 'moles', ...mass })),
  };
}
