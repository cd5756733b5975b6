/** What is modelled: the grid, the periods and the fields that drive the transport model. */
import { z } from 'zod';
import { CF_NAMES, WEATHER_FORMATS, type CfNames } from '../../weather/meteorology';
import { forEach, speciesSchema, schemaFor } from './channel-kinds';
import { layersSchema } from './columns-schema';
import { knownGroup, knownSpecies, SPECIES, SPECIES_FACTS, type Species } from '../../base/species';
import { choice, file, fileName, files, fileSets, flag, hourUtc, maskOfFile, real, text, wholeNumber } from './kinds';

export const gridSchema = z
  .strictObject({
    griddesc: file('GRIDDESC file that describes the grid.'),
    name: text('Name of the grid in that file.'),
  })
  .meta({ description: 'The grid of every field in the case.' });

export const periodSchema = z.strictObject({
  name: fileName(
    'Name of the period; replaces `{period}` in globs.',
    /^[A-Za-z0-9_-]+$/,
    'expected letters, digits, - and _ only, since it becomes part of file names',
  ),
  start: hourUtc('First hour, spin-up included, in UTC.'),
  hours: wholeNumber('Number of hours, spin-up included.', { min: 2, max: 20000, unit: 'h' }),
  spinUpHours: wholeNumber('Hours at the start that are simulated, but neither trained on nor compared.', { min: 0, unit: 'h' }).default(72),
  members: z
    .union([z.boolean(), z.literal('judge')], { error: 'expected true, false or judge' })
    .default(true)
    .meta({
      description:
        '`true`: the transport model runs the members here, and the surrogate is trained on them. `false`: it runs the prior and the updated emissions alone. ' +
        '`judge`: it also runs a member that training keeps for the test, by which the surrogate is certified here. See docs/runs.md#many-months.',
    }),
});

export const meteorologySchema = z
  .strictObject({
    files: fileSets(
      "Hourly files: MCIP's METCRO2D (I/O API), with METDOT3D and METCRO3D beside it as a list where they are wanted; WRF's output; or CF files such as ERA5's.",
    ),
    format: choice('What the files are; `auto` looks into the first.', WEATHER_FORMATS).default('auto'),
    layers: wholeNumber("Lowest layers whose mean, weighted by pressure, is taken of MCIP's variables with layers.", { min: 1, max: 100 }).default(1),
    cenLon: real(
      'CEN_LON of the WRF run (`inspect` shows it of a wrfout file), by which MCIP up to V4.3 turned WDIR10 and which none of its files holds; needed where u and v are made of such a WDIR10 and no METDOT3D is given (docs/gridded-data.md).',
      { min: -180, max: 180, unit: '°' },
    ).optional(),
    names: z
      .strictObject(
        Object.fromEntries(Object.entries(CF_NAMES).map(([field, name]) => [field, text(`In CF files; by default ${name}.`).optional()])) as Record<
          keyof CfNames,
          z.ZodOptional<z.ZodString>
        >,
      )
      .default({})
      .meta({ description: "Names of the variables of CF files, where they are not ERA5's; `dewPoint` serves where there is no Q2." }),
    variables: z
      .array(text('Name of a channel.'))
      .min(1)
      .default(['u', 'v', 'TEMP2', 'PBL', 'inversePbl', 'RGRND', 'Q2', 'RN', 'hourSin', 'hourCos'])
      .meta({
        description:
          "Channels for the surrogate: variables by MCIP's names, or `u`, `v`, `inversePbl`, `RN`, `hourSin`, `hourCos`, which are derived from them.",
      }),
  })
  .meta({ description: 'Meteorology, of MCIP, WRF or CF files (docs/gridded-data.md).' });

export const geographySchema = z
  .strictObject({
    files: fileSets("GRIDCRO2D (I/O API, time-independent), with LUFRAC_CRO beside it as a list where it is wanted; or WRF's output or geo_em."),
    variables: z.array(text('Name of a variable.')).default(['HT', 'LWMASK']).meta({ description: 'Static channels for the surrogate.' }),
  })
  .meta({ description: 'Fields that do not change in time.' });

const groupSchema = z.strictObject({
  variables: z
    .array(text('Name of a variable.'))
    .min(1)
    .meta({ description: 'Variables of the emission files whose sum over variables and layers makes up the group.' }),
  molarMass: real(
    'Molar mass that turns moles/s into kg s-1. Species given in mass (g/s, kg m-2 s-1) need it only where the reference model is run, which counts gases in moles, and for names that it does not know (it knows NO, SO2 and the like). Mass is taken for mass of this molar mass: with 46.0055, NO in g/s counts as NO2, 35 % too little; give it in moles/s, or as mass of NO2.',
    {
      min: 1, // hydrogen; below it stands kg mol-1
      max: 1000,
      unit: 'g mol-1',
    },
  ).optional(),
});

/** As CMAQ holds them: CHARACTER(32), compared in capitals. */
function streamLabel(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, { error: 'expected 1 to 32 letters, digits, _ and -' })
    .meta({ description });
}

export const emissionsSchema = schemaFor(({ groups }) =>
  z
    .strictObject({
      files: fileSets(
        'Emission files of the prior inventory (I/O API, hourly; per cell, moles/s or g/s, or per area, kg m-2 s-1), a glob or a list of them; with `sectors`, of what is in none of them.',
      ).optional(),
      label: streamLabel(
        'Label of the stream of `files` in CMAQ (GR_EMIS_LAB_nnn), for the rules of `apply` and `{sectors}`; without it INVENTORY, or REST beside sectors.',
      ).optional(),
      groups: forEach(groups, (group) => groupSchema.meta({ description: knownGroup(group)?.description ?? 'A group of this case.' })).meta({
        description: 'The emission groups, and how each is made up. All that are named here are inverted (`inversion.groups`).',
      }),
      sectors: z
        .record(
          text('Name of a sector: a letter, then up to 15 letters, digits and _.'),
          z.strictObject({
            files: fileSets('Emission files of the sector, a glob or a list of them.'),
            stackGroups: files(
              'Stack groups (I/O API) of in-line point files: where their sources stand, in LATITUDE and LONGITUDE; several files must all have the same sources.',
            ).optional(),
            dates: z
              .strictObject({
                files: fileSets(
                  "SMOKE's tables of merge dates (smk_merge_dates_YYYYMM.txt), a glob or a list of them: comma-separated, with a line for each date.",
                ),
                column: text('Column that says whose day is taken for each date, such as aveday_N, mwdss_Y or week_Y.'),
              })
              .optional()
              .meta({
                description:
                  'Where the files are of representative days, a file a day: which of them stands for which date. Without it each file is of its own dates.',
              }),
            label: streamLabel(
              "Label of the sector's stream in CMAQ (GR_EMIS_LAB_nnn, STK_EMIS_LAB_nnn), for the rules of `apply` and `{sectors}`; without it the sector's name.",
            ).optional(),
            partial: flag(
              'Whether its files may lack variables of the groups, as those of one kind of source do: what they lack counts as zero, and is not written either.',
            ).default(false),
            groups: forEach(groups, () => groupSchema.optional())
              .optional()
              .meta({
                description:
                  'How the groups are made up in these files, where otherwise than elsewhere; of groups that are not named it emits nothing.',
              }),
          }),
        )
        .default({})
        .meta({ description: 'Sectors that lie in files of their own, by name; the inventory is the sum of `files` and all sectors.' }),
      hemco: z
        .strictObject({
          degrees: real('Side of the lat-lon cells; 180 is a multiple of it.', { min: 0.1, max: 10, unit: '°' })
            .refine((side) => Math.abs(180 / side - Math.round(180 / side)) < 1e-9, {
              error: 'expected a side of which 180 is a multiple, such as 0.25',
            })
            .default(0.25),
        })
        .optional()
        .meta({ description: 'Whether `apply` also writes the factors as scale factors of HEMCO, on a global lat-lon grid; `{}` for the default.' }),
    })
    .meta({ description: 'The prior inventory.' }),
);

type OutputVariable = z.ZodDefault<z.ZodUnion<readonly [z.ZodString, z.ZodRecord<z.ZodString, z.ZodNumber>]>>;

/** A variable of the transport model's output, or several with the part of each that the monitors see. */
function outputVariable(species: Species): OutputVariable {
  const facts = knownSpecies(species);
  const parts = z.record(z.string(), real('Part that counts.', { min: 0, max: 10 })).refine((sum) => Object.keys(sum).length > 0, {
    error: 'expected at least one variable with its part, such as { NO2: 1, PAN: 0.95 }',
  });
  const variable = z.union([z.string().min(1), parts]);
  return (facts ? variable.default(facts.variable) : (variable as unknown as OutputVariable)).meta({
    description: facts?.variableDescription ?? `Variable of ${species}, or a sum.`,
  });
}

export const concentrationsSchema = schemaFor(({ species }) =>
  z
    .strictObject({
      species: z
        .array(speciesSchema)
        .min(1)
        .optional()
        .meta({
          description: `The species that are learned, compared and scored, by default ${SPECIES.join(', ')}. Known are ${Object.keys(SPECIES_FACTS).join(', ')}; any other is \`{ name, unit, molarMass }\`.`,
        }),
      variables: forEach(species, outputVariable)
        .prefault({} as never)
        .meta({ description: "Names of the species in the transport model's output." }),
      layers: layersSchema,
    })
    .meta({ description: 'Concentrations that the transport model writes.' }),
);

const point = z.tuple([real('Longitude.', { min: -180, max: 360 }), real('Latitude.', { min: -90, max: 90 })]);
const span = z.tuple([wholeNumber('First.', { min: 0 }), wholeNumber('Last.', { min: 0 })]);

const regionSchema = z
  .strictObject({
    polygon: z
      .array(point)
      .min(3)
      .optional()
      .meta({ description: 'Corners as [longitude, latitude]; across the date line longitudes go on beyond 180.', unit: '°' }),
    rows: span.optional().meta({ description: 'First and last row, counted from 0 in the south.' }),
    cols: span.optional().meta({ description: 'First and last column, counted from 0 in the west.' }),
    mask: maskOfFile('Variable with the part of each cell, 0 to 1, that lies in the region: 0.5 or more, and the cell belongs to it.')
      .optional()
      .meta({ description: 'A field of parts of cells, as those that CMAQ takes for ISAM and DESID.' }),
    cells: z
      .array(z.tuple([wholeNumber('Row.', { min: 0 }), wholeNumber('First column.', { min: 0 }), wholeNumber('Last column.', { min: 0 })]))
      .optional()
      .meta({ description: 'Cells side by side as [row, first column, last column], counted from 0 in the south-west. A mask is kept so.' }),
  })
  .refine(
    ({ polygon, rows, cols, mask, cells }) => {
      const ways = [polygon, rows && cols, mask, cells].filter((way) => way !== undefined);
      return ways.length === 1 && (rows === undefined) === (cols === undefined);
    },
    { error: 'expected one of a polygon, rows and cols, a mask, or cells' },
  );

/** In tables the region that is the whole grid; no region of a case may be called so. */
export const WHOLE_GRID = 'domain';

export const regionsSchema = z
  .record(text('Name of a region.'), regionSchema)
  .meta({ description: 'Regions for the tables: a polygon, rows and cols, or a mask of a file. `domain` is the whole grid, and no name for one.' });

/** Settings of the reference model, by name; the model itself knows which there are. */
export const referenceOptionsSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const ctmSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('reference').meta({ description: "Retroplume's own reference transport model." }),
      options: referenceOptionsSchema.default({}).meta({ description: 'Settings of the reference model; see docs/dev/reference-model.md.' }),
    }),
    z.strictObject({
      kind: z.literal('command').meta({ description: 'A transport model that a command runs.' }),
      name: text('What the report calls it, such as `CMAQ 5.5`; by default its command stands there.').optional(),
      command: text(
        'Command line in which `{emissions}` (files), `{sectors}` (a table of them by sector and time), `{output}` (folder), `{period}`, `{run}`, `{start}`, `{hours}` and `{case}` are filled in, such as `run_cmaq.sh {output} {run} {period} {start} {hours} {sectors}`.',
      ),
      output: text('Glob of the files that the command leaves, inside the folder `{output}`.').default('*'),
      layers: text("Glob of those with layers (CMAQ's CONC), where the case has `columns`.").optional(),
      timeoutHours: real('A run that takes longer is ended and counts as failed.', { greaterThan: 0, unit: 'h' }).default(48),
    }),
  ])
  .meta({ description: 'The chemical transport model.' });

/** The names in braces that `ctm.command` may hold, each filled in with a value of the run. */
export const COMMAND_NAMES = ['emissions', 'sectors', 'output', 'period', 'run', 'start', 'hours', 'case'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** A name in braces. `${NAME}` is none: it is left to the shell. */
export const NAME_IN_BRACES = /(?<!\$)\{(\w+)\}/g;

export function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}
