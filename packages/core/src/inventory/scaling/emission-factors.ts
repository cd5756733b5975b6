/** Which factor a variable of an emission file has: its group's, in its cell and hour. */
import type { IoapiReader } from '../../files/ioapi/ioapi-file';
import { ConfigError, DataError, ShapeError } from '../../base/errors';
import { type TimeAxis, timeAt } from '../../grid/grid';
import { groupNames, type EmissionGroups } from '../reading/emission-reader';

/**
 * The group of every variable that belongs to one.
 *
 * @throws {DataError} `VARIABLE_MISSING`; {@link ConfigError} `GROUPS_OVERLAP`
 */
export function groupsByVariable(reader: IoapiReader, groups: EmissionGroups): Map<string, number> {
  const groupOf = new Map<string, number>();
  const names = groupNames(groups);
  names.forEach((name, group) => {
    for (const variable of groups[name].variables) {
      if (!reader.variables.some((candidate) => candidate.name === variable)) {
        throw new DataError(
          'VARIABLE_MISSING',
          `${reader.path}: there is no variable ${variable}, which emissions.groups.${name} needs: mend the case`,
        );
      }
      const otherGroup = groupOf.get(variable);
      if (otherGroup !== undefined && otherGroup !== group) {
        const bothGroups = `${names[otherGroup]} and ${name}`;
        throw new ConfigError('GROUPS_OVERLAP', `emissions.groups: ${variable} is in ${bothGroups}, so it has no one factor: keep it in one`);
      }
      groupOf.set(variable, group);
    }
  });
  return groupOf;
}

const HOUR = 3600e3;

/** Factor of each cell for a group at a step of the files; undefined where the factors do not reach. */
export type FactorLookup = (step: number, group: number) => ((cell: number) => number) | undefined;

/** Factors of a stretch of time. */
export interface FactorSpan {
  /** `[cells, groups]`, or `[T, cells, groups]` with one field per hour from `start` on */
  factors: Float32Array;
  start: Date;
  /** with one field: for how long it holds; without, at all times */
  hours?: number;
}

/** How many cells and groups a field of factors has. */
interface FieldSize {
  cells: number;
  groups: number;
}

interface Field {
  /** ms; the field holds from here on, and where none follows also at the instant at which it ends */
  begin: number;
  end: number;
  offset: number;
  factors: Float32Array;
}

/**
 * The factors at any step. The instant at which a span ends has the factors of its last hour, unless another begins there: CMAQ interpolates between
 * steps, and reads the 25th of a day for its last hour.
 *
 * @throws {ShapeError} `FACTORS_SHAPE`; {@link DataError} `FACTORS_INVALID`
 */
export function factorLookup(spans: readonly FactorSpan[], size: FieldSize, time: TimeAxis): FactorLookup {
  const fields = spans.flatMap((span) => fieldsOf(span, size));
  return (step, group) => {
    const timeNow = timeAt(time, step).getTime();
    const field = fields.find(({ begin, end }) => begin <= timeNow && timeNow < end) ?? fields.find(({ end }) => end === timeNow);
    return field && ((cell) => field.factors[field.offset + cell * size.groups + group]);
  };
}

function fieldsOf({ factors, start, hours }: FactorSpan, { cells, groups }: FieldSize): Field[] {
  const fieldSize = cells * groups;
  const count = factors.length / fieldSize;
  if (!Number.isInteger(count) || count < 1) {
    throw new ShapeError(
      'FACTORS_SHAPE',
      `factors: expected [${cells} cells, ${groups}], or one such field per hour, but received ${factors.length} values: pass whole fields`,
    );
  }
  const wrong = factors.find((factor) => !(factor >= 0 && factor < Infinity));
  if (wrong !== undefined)
    throw new DataError('FACTORS_INVALID', `factors: expected finite values of 0 or more but received ${wrong}: mend the factors`);
  const begin = start.getTime();
  if (count === 1) {
    const [spanBegin, spanEnd] = hours === undefined ? [-Infinity, Infinity] : [begin, begin + hours * HOUR];
    return [{ begin: spanBegin, end: spanEnd, offset: 0, factors }];
  }
  return Array.from({ length: count }, (_, t) => ({
    begin: begin + t * HOUR,
    end: begin + (t + 1) * HOUR,
    offset: t * fieldSize,
    factors,
  }));
}

/** The factors of sources by those of the cells that they stand in; 1 outside the grid. @param cells - of each source, −1 outside */
export function atSources(lookup: FactorLookup, cells: Int32Array): FactorLookup {
  return (step, group) => {
    const ofCell = lookup(step, group);
    return ofCell && ((source) => (cells[source] < 0 ? 1 : ofCell(cells[source])));
  };
}
