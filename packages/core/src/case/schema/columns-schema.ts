/** Columns that satellites see, and the transport model's output with layers that they are compared with. */
import { z } from 'zod';
import { COLUMN_GASES, columnGas, SPECIES_FACTS, type Species } from '../../base/species';
import { RETRIEVAL_METHODS, type ColumnMethod } from '../../columns/column-operator';
import { namedProduct } from '../../columns/products/named-variables';
import type { ColumnProduct } from '../../columns/products/product';
import { COLUMN_KEY, forEach } from './channel-kinds';
import { choice, fileSets, real, text } from './kinds';

const variable = (description: string): z.ZodOptional<z.ZodString> => text(description).optional();

/** Of files of a product that is not known by itself. */
const columnVariablesSchema = z
  .strictObject({
    column: text('Column, in mol m-2 or molecules/cm^2 as its unit tells: by scanline and pixel, or a list of pixels.'),
    error: text("Standard deviation of the column's noise, in the same units or in %."),
    averagingKernel: variable('Averaging kernel of the column, a value a layer. It, or `scatteringWeights`.'),
    scatteringWeights: variable('Scattering weights (box air mass factors), a value a layer; `airMassFactor` with them.'),
    airMassFactor: variable('Air mass factor of the column.'),
    pressureEdges: variable(
      'Pressures in Pa or hPa at the edges of the layers, one more than layers or two a layer. In which order layers are, they tell.',
    ),
    pressures: variable('Pressures in Pa or hPa in the middles of the layers, where the files have no edges.'),
    surfacePressure: variable('Pressure at the ground, in Pa or hPa.'),
    hybridA: variable('Coefficients of hybrid layers, instead of pressures: hybridA + hybridB · surfacePressure, at edges or a value a layer.'),
    hybridB: variable('See `hybridA`.'),
    latitudeBounds: variable('Latitudes of the four corners of a pixel.'),
    longitudeBounds: variable('Longitudes of the four corners of a pixel.'),
    latitude: variable('Latitude of the middle of a pixel, where the files have no corners.'),
    longitude: variable('Longitude of the middle of a pixel.'),
    pixelSize: real('Diameter of a pixel, where the files have no corners.', { greaterThan: 0, max: 100, unit: 'km' }).optional(),
    time: text("Time with CF's unit, by pixel or scanline, or one of the file."),
    tropopausePressure: variable('Pressure at the tropopause in Pa or hPa, up to which the column reaches; left out of columns up to the top.'),
    apriori: variable(
      'A priori profile, mol m-2 or molecules/cm^2 of each layer: of an optimal estimation, whose column holds of it what the kernel leaves.',
    ),
    quality: z
      .record(
        z.string().min(1),
        text('Condition: >, >=, < or <= and a number, = and numbers with commas between them, two of these joined by `and`.'),
      )
      .default({})
      .meta({ description: 'Which pixels pass, by variable, such as `qa_value: "> 0.75"`. Those without a value do not.' }),
  })
  .optional()
  .meta({
    description:
      'Variables of files of a product that Retroplume does not know by itself, as the files name them, groups with slashes (`PRODUCT/qa_value`).',
  });

const columnSchema = z.strictObject({
  files: fileSets(
    'Files of one product, a glob or a list of them; the product is known by what they hold. Files of other days than the periods are passed over.',
  ).optional(),
  twin: z
    .strictObject({
      bias: real('Bias of the drawn columns, as a part of the column, to see whether it is found.', { min: -0.9, max: 9 }).default(0),
    })
    .optional()
    .meta({
      description:
        "In a twin experiment, instead of `files`: `simulate` draws the columns from the truth run's layers, with clouds, kernels and noise as TROPOMI's, of NH3 as CrIS'.",
    }),
  variables: columnVariablesSchema,
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
  /** Undefined where `simulate` draws the columns of a twin. Their paths: `columnFiles` of case-runs.ts. */
  files?: string | string[];
  twin?: { bias: number };
  method: ColumnMethod;
  bias: number;
  /** Of files whose variables the case names; undefined where the files tell. */
  product?: ColumnProduct;
}

/** The columns of a case, in the order of its species. */
export function columnEntries({ columns = {} }: { columns?: z.output<typeof columnsSchema> }): ColumnEntry[] {
  return Object.entries(columns).map(([name, { variables, ...settings }]) => {
    const gas = columnGas(name)!;
    return { name, gas, ...settings, ...(variables ? { product: namedProduct(name, gas, variables) } : {}) };
  });
}
