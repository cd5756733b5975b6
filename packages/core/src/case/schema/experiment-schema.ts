/** What is known beside the prior run: members, the truth of a twin experiment, the monitors. */
import { z } from 'zod';
import { GAS_RULES } from '../../observations/model-units';
import { LAYOUTS } from '../../observations/observation-layouts';
import { isTimeZone, TIME_ZONE } from '../../files/tables/local-time';
import { referenceOptionsSchema } from './domain-schema';
import { forEach, perGroup, perSpecies, schemaFor } from './channel-kinds';
import type { Species } from '../../base/species';
import { choice, file, fileName, files, fileSets, flag, MOST_MEMBERS, real, seed, text, wholeNumber } from './kinds';

/** Runs of the transport model that were made outside Retroplume. */
export const outsideRuns = z.array(
  z.strictObject({
    name: fileName('Name of the run.', /^[^/]+$/, 'expected a name without /, since it becomes part of file names'),
    emissions: files('Emission files of the run; `{sector}` stands for each sector of the inventory, where the run has one file or more for each.'),
    concentrations: files('Concentrations that the transport model gave for them.'),
    layers: files('Its output with layers, where the case has `columns`.').optional(),
  }),
);

export const membersSchema = schemaFor(({ groups }) =>
  z
    .strictObject({
      count: wholeNumber('Number of members that simulate makes and runs; each has its own smooth random factors on the emissions.', {
        min: 0,
        max: MOST_MEMBERS,
      }).default(6),
      perGroup: wholeNumber('Further members for each group, with smooth random factors on that group alone.', {
        min: 0,
        max: Math.floor(MOST_MEMBERS / groups.length),
      }).default(0),
      scalings: z
        .array(real('Factor.', { greaterThan: 0, max: 10 }))
        .default([])
        .meta({
          description:
            'Further members for each group, one for each factor here: all emissions of that group times the factor, in the whole domain. A ' +
            'factor that stands in `response.factor` or `certificate.factors` too is no longer held out from training.',
        }),
      regionFactors: z
        .array(
          z.strictObject({
            region: text('Name of one of `regions`.'),
            group: choice('Group that is changed; without it all are.', groups).optional(),
            factor: real('Factor on the emissions in the region; elsewhere they stay.', { greaterThan: 0, max: 10 }),
          }),
        )
        .default([])
        .meta({ description: 'Further members, each with the emissions changed in one region only.' }),
      seed: seed('Seed of the random factors.').default(1),
      spread: perGroup(
        groups,
        (group) => real(`Standard deviation of the log factor on ${group}.`, { min: 0, max: 2 }),
        ({ memberSpread }) => memberSpread,
      )
        .prefault({})
        .meta({
          description:
            'Standard deviation of the natural logarithm of the factor, per group; larger for NH3 and VOC, whose response is weak and would drown in that of the others.',
        }),
      lengthKm: real('Correlation length of the factors.', { greaterThan: 0, unit: 'km' }).default(200),
      stretchHours: wholeNumber(
        'Hours after which the random factors of a member are drawn anew; counted from the beginning of the period. From its `hours` on they hold for all of it.',
        { min: 1, unit: 'h' },
      ).default(72),
      runs: outsideRuns.optional().meta({
        description:
          'Runs that were made outside Retroplume, instead of those that simulate would make: count, perGroup, scalings and regionFactors then do nothing.',
      }),
    })
    .meta({
      description:
        'Runs of the transport model with perturbed emissions under the same meteorology: what teaches the surrogate how concentrations respond.',
    }),
);

export const responseSchema = schemaFor(({ groups }) =>
  z
    .strictObject({
      groups: z.array(choice('Emission group.', groups)).default([]).meta({
        description:
          'Groups for which simulate makes a run with all their emissions changed. Without one the response to a group is judged by its part of members.',
      }),
      factor: real('Factor on the emissions of the group, for the whole period.', { greaterThan: 0, max: 3 }).default(1.3),
    })
    .meta({ description: 'Runs by which the free-running response of the surrogate is judged against that of the transport model.' }),
);

/** How large an error of the winds is, and how smooth. */
export const WIND_ERROR = {
  speed: real('Standard deviation of the natural logarithm of the factor on the wind speed.', { min: 0, max: 1 }),
  direction: real('Standard deviation of the angle by which the wind is turned.', { min: 0, max: 90, unit: '°' }),
  lengthKm: real('Correlation length of the error.', { greaterThan: 0, unit: 'km' }).default(300),
  lengthHours: real('Correlation time of the error.', { greaterThan: 0, unit: 'h' }).default(12),
};

export const truthSchema = schemaFor(({ groups }) =>
  z
    .strictObject({
      factors: file(
        'netCDF file with `factor_<period>` of (group, y, x) for each period, groups in the order ' +
          `${groups.join(', ')}: emissions of the truth = prior x factor.`,
      ),
      options: referenceOptionsSchema.optional().meta({
        description:
          'Settings of the reference model that differ in the truth run only, laid over `ctm.options`; see docs/dev/reference-model.md. With them, or with ' +
          '`windError`, truth and prior no longer share their model.',
      }),
      windError: z
        .strictObject({
          ...WIND_ERROR,
          seed: seed('Seed of the error.').default(11),
        })
        .optional()
        .meta({ description: 'A smooth random error on the winds that the truth run reads; every other run reads the winds as they are.' }),
    })
    .meta({ description: 'The truth of a twin experiment, which only the scoring reads.' }),
);

type SpeciesColumn = z.ZodOptional<z.ZodObject<{ column: z.ZodString; unit: z.ZodString }, z.core.$strict>>;

function speciesColumn(species: Species): SpeciesColumn {
  const column = z.strictObject({
    column: text('Column of the values.'),
    unit: text('Unit of the values, such as `ug m-3`, `mg m-3` or `ppb`.'),
  });
  return column.optional().meta({ description: `Where ${species} stands.` });
}

type SpeciesRange = z.ZodOptional<z.ZodObject<{ min: z.ZodOptional<z.ZodNumber>; max: z.ZodNumber }, z.core.$strict>>;

function speciesRange(species: Species, unit: string): SpeciesRange {
  const range = z.strictObject({
    min: real('Least value; if absent, `negativeFloor` alone counts.', { unit }).optional(),
    max: real('Greatest value.', { greaterThan: 0, unit }),
  });
  return range.optional().meta({ description: `Of ${species}.` });
}

const qualitySchema = schemaFor(({ species, units }) =>
  z
    .strictObject({
      negativeFloor: perSpecies(
        species,
        (name) => real(`Least value of ${name} that is noise.`, { min: -1000, max: 0, unit: units[name] }),
        ({ negativeFloor }) => negativeFloor,
      )
        .prefault({})
        .meta({
          description:
            'Values between this and zero are the noise of monitors in clean air and are kept, since means would be too high without them; values below ' +
            'are left out.',
        }),
      range: forEach(species, (name) => speciesRange(name, units[name]))
        .optional()
        .meta({ description: 'Values outside are left out.' }),
      stuckSteps: wholeNumber('Runs of at least so many equal values of a monitor, one after the other, are left out; 0: none, else at least 3.', {
        min: 0,
        max: 1000,
      })
        .refine((steps) => steps === 0 || steps >= 3, { error: 'expected 0 or at least 3' })
        .default(0),
      spike: z
        .strictObject({
          factor: real('How many times the larger of its two neighbours in time a value must be.', { greaterThan: 1 }),
          floor: real('And by how much it must be above it, ppb or µg m-3.', { min: 0 }),
        })
        .optional()
        .meta({ description: 'Single values that stand out from the hours beside them are left out.' }),
      minimumHours: wholeNumber('Days with fewer hours at a station are left out; hourly observations only.', { min: 0, max: 24, unit: 'h' }).default(
        0,
      ),
    })
    .prefault({})
    .meta({
      description: 'Rules that leave out values of monitors, and count them; all but `negativeFloor` are off by default. See docs/observations.md.',
    }),
);

const STATION_COLUMNS = {
  file: file("CSV of the stations. Of the lists of AQS, AirNow and the EEA, and of AQS's files of observations, the columns are known."),
  id: text('Column of the identifier.').default('id'),
  lon: text('Column of the longitude.').default('lon'),
  lat: text('Column of the latitude.').default('lat'),
  name: text('Column of the name.').optional(),
  type: text('Column of the type of site, such as urban or rural: scores are then given by type, too.').optional(),
};

/** How files of observations are read. */
const readingSchema = schemaFor((channels) =>
  z.strictObject({
    layout: choice(
      '`long`: one row per station and time. `cnemc-wide`: date, hour, type, then one column per station. `airnow`: HourlyData. `aqs`: hourly or daily files of ' +
        "EPA's AQS. `eea`: the European Environment Agency's Parquet or CSV. `openaq`: OpenAQ's archive. `sql`: what `sql` selects. See docs/observations.md.",
      LAYOUTS,
    ).default('long'),
    sql: text(
      'Of the layout `sql`: one SELECT (DuckDB) over the table `raw`, which holds the files with every column as text, that yields station, time, species, ' +
        'value and unit. It can read nothing else.',
    ).optional(),
    resolution: choice('Whether a value is an hourly or a daily mean.', ['hourly', 'daily']).default('hourly'),
    timeZone: z
      .string()
      .refine(isTimeZone, { error: `expected ${TIME_ZONE}` })
      .default('UTC')
      .meta({ description: 'Time zone of dates and hours in the files, UTC or Area/Place; also the one in which days begin.' }),
    columns: z
      .strictObject({
        station: text('Column of the station identifier.').default('station'),
        time: text('Column of the time or date.').default('time'),
        species: forEach(channels.species, speciesColumn).meta({ description: 'Column and unit of each species that is observed.' }),
      })
      .optional()
      .meta({ description: 'Columns of the long layout.' }),
    gasReference: z
      .strictObject({
        temperature: real('Temperature to which mass concentrations of gases refer.', { min: 200, max: 350, unit: 'K' }).default(273.15),
        pressure: real('Pressure to which mass concentrations of gases refer.', { min: 50000, max: 120000, unit: 'Pa' }).default(101325),
        rule: choice(
          '`fixed`: the two numbers. `china`: 273.15 K until 31 August 2018, 298.15 K afterwards, by the date of each value. `eu`: 293 K and 101.3 kPa.',
          GAS_RULES,
        ).default('fixed'),
      })
      .prefault({})
      .meta({ description: 'Reference state for µg m-3 → ppb of gases.' }),
    quality: qualitySchema(channels),
  }),
);

const independentSchema = schemaFor((channels) =>
  z.strictObject({
    name: fileName(
      'Name that its scores and files have.',
      /^[A-Za-z0-9_-]+$/,
      'expected letters, digits, - and _, since it becomes part of the names of files',
    ),
    stations: z.strictObject(STATION_COLUMNS).meta({ description: 'Where its monitors are.' }),
    files: fileSets('Files of the observations, as of `observations.files`.'),
    ...readingSchema(channels).shape,
  }),
);

export const observationsSchema = schemaFor((channels) =>
  z
    .strictObject({
      stations: z
        .strictObject({
          ...STATION_COLUMNS,
          network: text('Column of the network that the station belongs to, for `withheld.networks`.').optional(),
        })
        .meta({ description: 'Where the monitors are.' }),
      files: fileSets(
        'CSV, gzipped CSV or Parquet files of the observations, one glob or a list; in a twin experiment simulate writes them from the truth run.',
      ).optional(),
      ...readingSchema(channels).shape,
      twin: z
        .strictObject({
          noise: real('Relative standard deviation of the noise.', { min: 0, max: 1 }).default(0.05),
          floor: perSpecies(
            channels.species,
            (name) => real(`Smallest standard deviation of the noise of ${name}.`, { min: 0, unit: channels.units[name] }),
            ({ twinFloor }) => twinFloor,
          )
            .prefault({})
            .meta({ description: 'Smallest standard deviation of the noise, per species.' }),
          seed: seed('Seed of the noise.').default(7),
        })
        .optional()
        .meta({ description: 'How the observations of a twin experiment are drawn from the truth run.' }),
      independent: z
        .array(independentSchema(channels))
        .default([])
        .meta({
          alike: true,
          description:
            'Further files of observations that only judge, such as another network or low-cost sensors: `verify` compares both runs with them, and ' +
            'nothing of them enters an inversion. Each has a `name` (letters, digits, `-` and `_`) and keys of its own as of `observations`: `stations`, `files`, `layout`, ' +
            '`sql`, `resolution`, `timeZone`, `columns`, `gasReference` and `quality`.',
        }),
    })
    .meta({ description: 'The monitors and what they measured.' }),
);

export const scoresSchema = z
  .strictObject({
    ozoneCutoff: real('Hours with less observed O3 are left out of the scores of hourly O3 above a cut-off; 40 and 60 are usual.', {
      min: 0,
      max: 200,
      unit: 'ppb',
    }).default(40),
    concentrationFields: flag(
      'Whether `verify` also writes the concentrations of both runs as CF fields (docs/results.md): 32 bytes a cell and hour, 1 GB for a month of 232 x 182 cells.',
    ).default(true),
  })
  .meta({ description: 'How simulated concentrations are scored, and what `verify` leaves of them; see docs/report.md.' });

export const withheldSchema = z
  .strictObject({
    fraction: real('Part of the stations that the inversion never sees.', { min: 0, max: 0.9 }).default(0.2),
    blockCells: wholeNumber('Stations are withheld in square blocks of this many cells.', { min: 1 }).default(6),
    seed: seed('Seed of the choice of blocks.').default(3),
    stations: z
      .union([
        z.array(text('Identifier.')).min(1),
        z.strictObject({ file: file('Text file with one identifier a line; lines that begin with # say nothing.') }),
      ])
      .optional()
      .meta({
        description:
          'Stations that are withheld beside those drawn in blocks: their identifiers, or `{ file: PATH }`, a text file with one a line. With `fraction: 0` they are the only ones.',
      }),
    networks: z
      .array(text('Network.'))
      .min(1)
      .optional()
      .meta({ description: 'Networks whose stations are all withheld, as the column `observations.stations.network` names them.' }),
    columns: z
      .strictObject({
        fraction: real("Part of the satellite's cells, in blocks of `blockCells`, that the inversion never sees.", { min: 0, max: 0.9 }).default(0.1),
        days: real('Part of the days on which it sees no column.', { min: 0, max: 0.9 }).default(0.1),
      })
      .prefault({})
      .meta({ description: 'Columns of satellites that are kept out, where the case has `columns`.' }),
  })
  .meta({ description: 'Monitors kept out of the inversion, to judge it.' });
