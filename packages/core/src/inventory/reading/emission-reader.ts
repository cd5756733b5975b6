/** Emissions of the groups of a case from I/O API files, in the units of the reference model: gases in mol s-1 per cell, particles, and what is unknown, in g s-1. */
import { inChannelOrder, knownGroup, knownSpecies, type Group } from '../../base/species';
import { areaScale, isPerArea } from '../../case/gridded/case-fields';
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import type { IoapiVariable } from '../../files/ioapi/ioapi-header';
import { stepsAtOnce } from '../../files/ioapi/period-steps';
import { type RepresentativeDay, EMISSION_OVERLAP, IoapiSeries } from '../../files/ioapi/ioapi-series';
import { emissionRange, assertValues, type ValueRange } from '../../files/netcdf/value-ranges';
import { DataError } from '../../base/errors';
import { type Grid, timeAt } from '../../grid/grid';
import { conversion, MOLAR_MASS } from '../../units/units';

/** As the case file says it: the variables whose sum is the group, and the molar mass (g mol-1) that g/s of a gas need. */
export type EmissionGroups = Record<Group, { variables: string[]; molarMass?: number }>;

/** Their names in the order of every array. */
export function groupNames(groups: EmissionGroups): Group[] {
  return inChannelOrder(Object.keys(groups));
}

/** A part of the inventory that lies in files of its own; the inventory is the sum of its sectors. */
export interface SectorFiles {
  name: string;
  /** of their stream in CMAQ; by default the name */
  label?: string;
  files: string[];
  groups: EmissionGroups;
  /** of files of representative days: which of them is taken for which day */
  days?: readonly RepresentativeDay[];
  /** of in-line point files: where their sources stand; of several files all must say the same */
  stackGroups?: string[];
}

/** The files of a sector, joined in time as its days follow each other. @param grid - which part of them is read; default all */
export function openFiles({ files, days }: Pick<SectorFiles, 'files' | 'days'>, grid?: Grid): IoapiSeries {
  return days === undefined ? IoapiSeries.open(files, { grid, overlap: EMISSION_OVERLAP }) : IoapiSeries.ofDays(days, { grid });
}

interface Source {
  variable: string;
  group: number;
  scale: Float64Array;
  range: ValueRange;
}

/** g mol-1 where nobody says it: the lightest that there is makes the range of moles the widest. */
const LIGHTEST = 1;

function variableOf(reader: IoapiReader, group: Group, variable: string): IoapiVariable {
  const match = reader.variables.find((candidate) => candidate.name === variable);
  if (match) return match;
  throw new DataError(
    'VARIABLE_MISSING',
    `${reader.path}: there is no variable ${variable}, which emissions.groups.${group} needs: mend the case or give files that hold it`,
  );
}

/** Whether the file holds the groups, in whatever units. @throws {DataError} `VARIABLE_MISSING` */
export function assertGroups(reader: IoapiReader, groups: EmissionGroups): void {
  for (const name of groupNames(groups)) for (const variable of groups[name].variables) variableOf(reader, name, variable);
}

/** The molar mass of the case; a variable that has none there takes its own by its name. */
function molarMassOf({ molarMass }: { molarMass?: number }, variable: string): number | undefined {
  return molarMass ?? MOLAR_MASS[variable];
}

/** Whether the reference model counts a group in moles. */
function isGas(name: Group): boolean {
  const facts = knownGroup(name);
  return facts !== undefined && (facts.species === undefined || knownSpecies(facts.species)?.unit === 'ppb');
}

/**
 * Per row: what turns the variable's unit, per cell or per area, into the reference model's.
 *
 * @throws {DataError} `VARIABLE_MISSING`
 * @throws {UnitError} `UNIT_MOLAR_MASS` for the mass of a gas without a molar mass, `UNIT_MISMATCH` for what is no emission
 */
export function modelScale(reader: IoapiReader, name: Group, variable: string, group: { molarMass?: number }): Float64Array {
  const { grid, path } = reader;
  const { units } = variableOf(reader, name, variable);
  const subject = `${path}: ${variable} (emissions.groups.${name}, for the reference model)`;
  const perArea = isPerArea(units, subject);
  const amount = isGas(name) ? 'moles' : 'g';
  const { scale } = conversion(units, perArea ? `${amount} m-2 s-1` : `${amount}/s`, { subject, molarMass: molarMassOf(group, variable) });
  return Float64Array.from({ length: grid.rows }, (_, row) => (perArea ? scale * grid.cellArea(row) : scale));
}

function sourcesOf(reader: IoapiReader, groups: EmissionGroups): Source[] {
  return groupNames(groups).flatMap((name, group) =>
    groups[name].variables.map((variable) => {
      const scale = modelScale(reader, name, variable, groups[name]);
      const { units } = variableOf(reader, name, variable);
      const range = emissionRange(units, areaScale(reader, name, variable, molarMassOf(groups[name], variable) ?? LIGHTEST));
      return { variable, group, scale, range };
    }),
  );
}

/** Reads groups a few hours at a time; variables and layers of a group are summed. */
export class EmissionReader {
  private readonly sources: Source[];
  private readonly groups: number;

  /**
   * @throws {DataError} `VARIABLE_MISSING`
   * @throws {UnitError} if a unit is neither amount nor mass per time, or moles are to be made of a mass without a molar mass
   */
  constructor(
    private readonly reader: IoapiReader,
    groups: EmissionGroups,
  ) {
    this.sources = sourcesOf(reader, groups);
    this.groups = Object.keys(groups).length;
  }

  /**
   * @param first - step of the files
   * @returns `[count, rows, cols, groups]`
   * @throws {DataError} `NOT_FINITE`, `NEGATIVE`, `VALUE_RANGE`, naming variable, time and cell
   */
  read(first: number, count: number): Float32Array {
    const { reader, groups } = this;
    const { grid, layers, time } = reader;
    const cells = grid.rows * grid.cols;
    const out = new Float32Array(count * cells * groups);
    const atOnce = stepsAtOnce(reader);
    for (const { variable, group, scale, range } of this.sources) {
      for (let stepsRead = 0; stepsRead < count; stepsRead += atOnce) {
        const fields = reader.read(variable, first + stepsRead, Math.min(atOnce, count - stepsRead));
        const place = { path: reader.path, variable, grid, start: timeAt(time, first + stepsRead), stepSeconds: time.stepSeconds, layers };
        assertValues(fields, place, range);
        for (let i = 0; i < fields.length; i++) {
          const step = stepsRead + Math.floor(i / (cells * layers));
          const cell = i % cells;
          out[(step * cells + cell) * groups + group] += scale[Math.floor(cell / grid.cols)] * fields[i];
        }
      }
    }
    return out;
  }
}
