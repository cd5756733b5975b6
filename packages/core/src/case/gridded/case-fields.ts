/** A case's gridded inputs in the layout and units of the prepared store: emission groups, concentrations, geography. */
import type { Species, SpeciesUnit } from '../../base/species';
import { DataError, UnitError } from '../../base/errors';
import { type TimeAxis, timeAt } from '../../grid/grid';
import { conversion, convert, parseUnit } from '../../units/units';
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import { forEachSlab, putChannel, stepsAtOnce, type LongRead } from '../../files/ioapi/period-steps';
import { concentrationRange, emissionRange, GEOGRAPHY, assertValues, refuseZeroHours, zeroHours } from '../../files/netcdf/value-ranges';

/** How variables of an emission file make up a group; molarMass (g mol-1) turns moles/s into mass. */
interface EmissionGroup {
  variables: string[];
  molarMass?: number;
}

/**
 * Emissions of a period by group: the sum over the group's variables and over all layers, per area.
 *
 * @param groups - in the order of the channels
 * @returns `[T, H, W, groups]`, kg m-2 s-1
 * @throws {DataError} `VARIABLE_MISSING`, `PERIOD_NOT_COVERED`, `NOT_FINITE`, `NEGATIVE`, `VALUE_RANGE`
 * @throws {UnitError} `UNIT_MOLAR_MASS` for moles without a molar mass, `UNIT_MISMATCH` for what is no emission
 */
export function readEmissions(reader: IoapiReader, period: TimeAxis, groups: Record<string, EmissionGroup>, options: LongRead = {}): Float32Array {
  const { grid } = reader;
  const cells = grid.rows * grid.cols;
  const entries = Object.entries(groups);
  const scales = entries.map(([group, { variables, molarMass }]) => variables.map((name) => areaScale(reader, group, name, molarMass)));
  const ranges = entries.map(([, { variables }], channel) => variables.map((name, i) => emissionRange(unitsOf(reader, name), scales[channel][i])));
  const result = new Float32Array(period.count * cells * entries.length);
  forEachSlab(
    reader,
    period,
    options,
    (fileStep, step, count) => {
      entries.forEach(([, { variables }], channel) => {
        const sum = new Float32Array(count * cells);
        variables.forEach((name, i) => {
          const fields = reader.read(name, fileStep, count);
          assertValues(
            fields,
            { path: reader.path, variable: name, grid, start: timeAt(period, step), stepSeconds: period.stepSeconds, layers: reader.layers },
            ranges[channel][i],
          );
          addLayers(sum, fields, reader.layers, cells, grid.cols, scales[channel][i]);
        });
        putChannel(result, entries.length, channel, step * cells, sum);
      });
    },
    stepsAtOnce(reader),
  );
  return result;
}

/** Whether emissions in that unit are per area, and not per cell. @param subject - what is in it, for messages @throws {UnitError} `UNIT_UNKNOWN` */
export function isPerArea(units: string, subject?: string): boolean {
  return parseUnit(units, subject).dimension[2] === -2;
}

/** Per row: what turns the variable's unit into kg m-2 s-1. Files hold emissions per cell (moles/s, g/s) or per area. */
export function areaScale(reader: IoapiReader, group: string, name: string, molarMass?: number): Float64Array {
  const units = unitsOf(reader, name);
  const context = { molarMass, subject: `${reader.path}: ${name} (emissions.groups.${group})` };
  const perArea = isPerArea(units, context.subject);
  const { scale } = conversion(units, perArea ? 'kg m-2 s-1' : 'kg s-1', context);
  return Float64Array.from({ length: reader.grid.rows }, (_, row) => (perArea ? scale : scale / reader.grid.cellArea(row)));
}

function addLayers(sum: Float32Array, fields: Float32Array, layers: number, cells: number, cols: number, scales: Float64Array): void {
  for (let i = 0; i < sum.length; i++) {
    const cell = i % cells;
    const column = Math.floor(i / cells) * layers * cells + cell;
    let total = 0;
    for (let layer = 0; layer < layers; layer++) total += fields[column + layer * cells];
    sum[i] += total * scales[Math.floor(cell / cols)];
  }
}

/** A variable of a file, or a sum of several, each with the part of it that counts. */
export type OutputVariable = string | Readonly<Record<string, number>>;

/** What concentrations are brought to, by name of the species. */
type SpeciesUnits = Readonly<Record<Species, SpeciesUnit>>;

/** The variables of a sum with their parts. */
export function partsOfVariable(variable: OutputVariable): [name: string, part: number][] {
  return typeof variable === 'string' ? [[variable, 1]] : Object.entries(variable);
}

/**
 * Surface concentrations of a period.
 *
 * @param variables - the file's variable, or sum of variables, for each species, in the order of the channels
 * @param units - by name of the species
 * @returns `[T, H, W, species]`; in these units
 * @throws {DataError} `VARIABLE_MISSING`, `PERIOD_NOT_COVERED`, `NOT_FINITE`, `VALUE_RANGE`; `CONCENTRATIONS_CONSTANT` for a species that is the same
 *   in all cells and hours of the period, `CONCENTRATIONS_ZERO` for one that is 0 in all cells of an hour
 * @throws {UnitError} for a gas that is not given as a mole fraction
 */
export function readConcentrations(
  reader: IoapiReader,
  period: TimeAxis,
  variables: Record<string, OutputVariable>,
  units: SpeciesUnits,
  options: LongRead = {},
): Float32Array {
  const result = readSurface(reader, period, variables, units, { ...options, ranges: true });
  if (period.count > 1) assertVarying(result, reader, variables, units);
  assertNoZeroHours(result, reader, variables, period);
  return result;
}

/**
 * Changes of surface concentrations, such as sensitivities: of either sign, and of any size.
 *
 * @returns as {@link readConcentrations}
 * @throws {DataError} `VARIABLE_MISSING`, `PERIOD_NOT_COVERED`, `NOT_FINITE`
 * @throws {UnitError} for a gas that is not given as a mole fraction
 */
export function readConcentrationChanges(
  reader: IoapiReader,
  period: TimeAxis,
  variables: Record<string, OutputVariable>,
  units: SpeciesUnits,
  options: LongRead = {},
): Float32Array {
  return readSurface(reader, period, variables, units, { ...options, ranges: false });
}

function readSurface(
  reader: IoapiReader,
  period: TimeAxis,
  variables: Record<string, OutputVariable>,
  units: SpeciesUnits,
  { ranges, ...options }: LongRead & { ranges: boolean },
): Float32Array {
  const { grid, path } = reader;
  const cells = grid.rows * grid.cols;
  const sums = Object.entries(variables).map(([species, variable]) =>
    partsOfVariable(variable).map(([name, part]) => {
      const scale = concentrationScale(reader, species, name, units[species]);
      return { name, scale: part * scale, range: ranges ? concentrationRange(species, unitsOf(reader, name), scale) : {} };
    }),
  );
  const result = new Float32Array(period.count * cells * sums.length);
  forEachSlab(reader, period, options, (fileStep, step, count) => {
    sums.forEach((parts, channel) => {
      const sum = new Float32Array(count * cells);
      for (const { name, scale, range } of parts) {
        const fields = reader.read(name, fileStep, count, 0);
        assertValues(fields, { path, variable: name, grid, start: timeAt(period, step), stepSeconds: period.stepSeconds, layers: 1 }, range);
        for (let i = 0; i < fields.length; i++) sum[i] += fields[i] * scale;
      }
      putChannel(result, sums.length, channel, step * cells, sum);
    });
  });
  return result;
}

/** A surrogate learns nothing of a species that never changes, and would tell the inversion that no emission moves it. */
function assertVarying(concentrations: Float32Array, { path }: IoapiReader, variables: Record<string, OutputVariable>, units: SpeciesUnits): void {
  const species = Object.keys(variables);
  species.forEach((name, channel) => {
    for (let i = channel; i < concentrations.length; i += species.length) if (concentrations[i] !== concentrations[channel]) return;
    const parts = partsOfVariable(variables[name]).map(([variable]) => variable);
    throw new DataError(
      'CONCENTRATIONS_CONSTANT',
      `${path}: ${name} (${parts.join(', ')}) is ${concentrations[channel]} ${units[name]} in every cell and hour: name a variable that the transport model computes`,
    );
  });
}

function assertNoZeroHours(concentrations: Float32Array, { path }: IoapiReader, variables: Record<string, OutputVariable>, time: TimeAxis): void {
  const speciesNames = Object.keys(variables);
  speciesNames.forEach((species, channel) => {
    const parts = partsOfVariable(variables[species]).map(([name]) => name);
    refuseZeroHours(zeroHours(concentrations, time.count, channel, speciesNames.length), { path, species, variables: parts, time });
  });
}

function concentrationScale(reader: IoapiReader, species: string, name: string, wanted: SpeciesUnit): number {
  const units = unitsOf(reader, name);
  // Mass per volume of a gas would need temperature and pressure of every cell.
  if (parseUnit(units, `${reader.path}: ${name}`).dimension.some((power, i) => power !== parseUnit(wanted).dimension[i])) {
    throw new UnitError(
      'UNIT_MISMATCH',
      `${reader.path}: ${name} is in "${units}" but ${species} is wanted in ${wanted}: let the transport model write it so`,
    );
  }
  return conversion(units, wanted).scale;
}

/**
 * Static fields.
 *
 * @returns `[H, W, names]`; those of {@link GEOGRAPHY} in its units, others in the file's
 * @throws {DataError} `VARIABLE_MISSING`, `NOT_FINITE`, `NEGATIVE`, `VALUE_RANGE`
 * @throws {UnitError} if the unit of one of {@link GEOGRAPHY} is of another kind
 */
export function readGeography(reader: IoapiReader, names: string[]): Float32Array {
  const { grid, path, time } = reader;
  const result = new Float32Array(grid.rows * grid.cols * names.length);
  names.forEach((name, channel) => {
    const fields = reader.read(name, 0, 1, 0);
    const field: (typeof GEOGRAPHY)[string] | undefined = GEOGRAPHY[name];
    if (field) convert(fields, unitsOf(reader, name), field.units, { subject: `${path}: ${name}` });
    assertValues(fields, { path, variable: name, grid, start: time.start, stepSeconds: 0, layers: 1 }, field);
    putChannel(result, names.length, channel, 0, fields);
  });
  return result;
}

function unitsOf(reader: IoapiReader, name: string): string {
  const ioapiVariable = reader.variables.find((variable) => variable.name === name);
  if (ioapiVariable) return ioapiVariable.units;
  const names = reader.variables.map((variable) => variable.name).join(', ');
  throw new DataError(
    'VARIABLE_MISSING',
    `${reader.path}: there is no variable ${name}; it holds ${names}: mend the name in the case or give another file`,
  );
}
