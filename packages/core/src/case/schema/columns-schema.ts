/** Columns that satellites see, and the transport model's output with layers that they are compared with. */
import { z } from 'zod';
import { COLUMN_GASES, columnGas, SPECIES_FACTS, type Species } from '../../base/species';
import { RETRIEVAL_METHODS, type ColumnMethod } from '../../columns/column-operator';
import { COLUMN_KEY, forEach } from './channel-kinds';
import { choice, fileSets, real, text } from './kinds';

const columnSchema = z.strictObject({
  files: fileSets(
    'Files of one product, a glob or a list of them; the product is known by what they hold. Files of other days than the periods are passed over.',
  ),
  method: choice(
    "How the model's profile is compared: `apply_ak` under the averaging kernel; `replace_apriori` in place of the retrieval's a priori profile, so that the retrieved column is another.",
    RETRIEVAL_METHODS,
  ).default('apply_ak'),
  bias: real('Standard deviation of a bias of the product, as a part of the column, that is inverted with the emissions; 0: none.', {
    min: 0,
    max: 1,
  }).default(0),
});

export const columnsSchema = z.record(COLUMN_KEY, columnSchema).default({}).meta({
  description:
    'Columns of satellites, each under the name of a further species: its gas and `_column`, such as `NO2_column`; a label behind it where a gas has several products. See docs/columns.md.',
});

/** Output of the transport model with layers, where the case has columns. */
export const layersSchema = z
  .strictObject({
    meteorology: fileSets("METCRO3D of MCIP (PRES, DENS, ZF, ZH) on the layers of the model's output, a glob or a list of them."),
    variables: forEach(COLUMN_GASES, (gas) => text(`Variable of ${gas}.`).default(SPECIES_FACTS[gas]!.variable))
      .prefault({} as never)
      .meta({ description: "Names of the gases in the transport model's output with layers (CMAQ's CONC)." }),
  })
  .optional()
  .meta({ description: "How the transport model's output with layers is read, for `columns`; the reference model's needs nothing." });

/** A column of a case: its name, its gas and its settings. */
export interface ColumnEntry {
  name: Species;
  gas: Species;
  files: string | string[];
  method: ColumnMethod;
  bias: number;
}

/** The columns of a case, in the order of its species. */
export function columnEntries({ columns }: { columns: z.output<typeof columnsSchema> }): ColumnEntry[] {
  return Object.entries(columns).map(([name, settings]) => ({ name, gas: columnGas(name)!, ...settings }));
}
