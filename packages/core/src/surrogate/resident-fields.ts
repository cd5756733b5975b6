/** Fields of a training that lie in a GPU's memory, so that no window of them crosses the bus. */
import { DeviceFields, type ProgramOptions } from '@retroplume/native';
import { keptMemory, placed, type Crop, type HourlyValues } from '../data/period-source';
import type { Field } from './batch';

export class ResidentFields {
  /** that they take there, and that all would take */
  readonly bytes: { held: number; all: number };
  private readonly held = new Map<HourlyValues, DeviceFields>();

  /**
   * Copies fields to a GPU, one after the other as far as there is room.
   *
   * @param fields - those that are seen most first
   * @param mostBytes - of its memory
   */
  constructor(fields: readonly Field[], device: ProgramOptions['device'], mostBytes: number) {
    const bytes = { held: 0, all: 0 };
    let full = false;
    for (const field of fields) {
      const { values, hours, grid, channels } = field;
      const half = halvesOf(field, 0);
      const own = hours * grid.rows * grid.cols * channels * (half ? 2 : 4);
      bytes.all += own;
      if (full || bytes.held + own > mostBytes) continue;
      const room = roomFor(() => new DeviceFields({ hours, ...grid, channels, ...(half ? { one: half.one } : {}) }, device));
      full = !room;
      if (!room) continue;
      this.held.set(values, room);
      copy(field, room);
      bytes.held += own;
    }
    this.bytes = bytes;
  }

  /** undefined: on the host alone. */
  of(values: HourlyValues): DeviceFields | undefined {
    return this.held.get(values);
  }

  dispose(): void {
    for (const fields of this.held.values()) fields.dispose();
    this.held.clear();
  }
}

/** What `make` makes; undefined where the GPU's memory is full. */
function roomFor(make: () => DeviceFields): DeviceFields | undefined {
  try {
    return make();
  } catch (error) {
    if ((error as { code?: string }).code === 'DEVICE_OUT_OF_MEMORY') return undefined;
    throw error;
  }
}

function wholeOf({ rows, cols }: Field['grid']): Crop {
  return { row: 0, col: 0, rows, cols };
}

/** An hour of the whole grid in half precision, where the fields are. */
function halvesOf({ values, grid, channels }: Field, hour: number): { data: Uint16Array; one: number } | undefined {
  const found = 'rectangle' in values ? values.halves?.(wholeOf(grid), { first: hour, count: 1 }) : undefined;
  if (!found) return undefined;
  const { blocks, hoursOfBlock, one } = found.fields;
  const size = grid.rows * grid.cols * channels;
  const begin = (found.first % hoursOfBlock) * size;
  return { data: blocks[Math.floor(found.first / hoursOfBlock)].subarray(begin, begin + size), one };
}

function copy(field: Field, to: DeviceFields): void {
  const memory = keptMemory();
  const { values, hours, grid, channels } = field;
  const size = grid.rows * grid.cols * channels;
  for (let hour = 0; hour < hours; hour++) {
    const half = halvesOf(field, hour);
    if (half) {
      to.write(hour, half.data);
      continue;
    }
    const { data, first } = placed(values, grid, wholeOf(grid), { first: hour, count: 1 }, memory);
    to.write(hour, data.subarray(first * size, (first + 1) * size));
  }
}
