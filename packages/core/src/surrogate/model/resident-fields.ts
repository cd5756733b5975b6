/** Fields that lie in a GPU's memory, so that no window of them crosses the bus. */
import { DeviceFields, type DeviceFieldsShape, type ProgramOptions } from '@retroplume/native';
import { keptMemory, placed, wholeGrid, type HourlyValues } from '../../fields/period-source';
import { nativeError } from '../../graph/program/execution';
import type { Field } from './batch';

export class ResidentFields {
  /** that all take that have been asked for, and those that lie there */
  readonly bytes = { onDevice: 0, total: 0 };
  private readonly copies = new Map<HourlyValues, DeviceFields | undefined>();
  private readonly reserved: DeviceFields[] = [];
  private full = false;

  /** @param mostBytes - of the GPU's memory */
  constructor(
    readonly device: ProgramOptions['device'],
    private readonly mostBytes: number,
  ) {}

  /** Copies fields to the GPU, if there is room. @returns undefined: on the host alone */
  hold(field: Field): DeviceFields | undefined {
    const { values } = field;
    if (!this.copies.has(values)) this.copies.set(values, this.copyOf(field));
    return this.copies.get(values);
  }

  /** Memory for `count` fields of a shape, zeros; undefined where there is no room for all. {@link dispose} releases it. */
  reserve(shape: DeviceFieldsShape, count: number): DeviceFields[] | undefined {
    const bytes = count * 4 * shape.hours * shape.rows * shape.cols * shape.channels;
    if (this.full || this.bytes.onDevice + bytes > this.mostBytes) return undefined;
    const halves: DeviceFields[] = [];
    for (let i = 0; i < count; i++) {
      const fields = roomFor(() => new DeviceFields(shape, this.device));
      if (fields) halves.push(fields);
    }
    if (halves.length < count) {
      for (const fields of halves) fields.dispose();
      return undefined;
    }
    this.reserved.push(...halves);
    this.bytes.onDevice += bytes;
    return halves;
  }

  /** Those of {@link hold}. */
  residentOf(values: HourlyValues): DeviceFields | undefined {
    return this.copies.get(values);
  }

  dispose(): void {
    for (const fields of [...this.copies.values(), ...this.reserved]) fields?.dispose();
    this.copies.clear();
  }

  private copyOf(field: Field): DeviceFields | undefined {
    const { hours, grid, channels } = field;
    const half = halvesOf(field, 0);
    const bytes = hours * grid.rows * grid.cols * channels * (half ? 2 : 4);
    this.bytes.total += bytes;
    if (this.full || this.bytes.onDevice + bytes > this.mostBytes) return undefined;
    const room = roomFor(
      () => new DeviceFields({ hours, rows: grid.rows, cols: grid.cols, channels, ...(half ? { one: half.one } : {}) }, this.device),
    );
    this.full = !room;
    if (!room) return undefined;
    copy(field, room);
    this.bytes.onDevice += bytes;
    return room;
  }
}

/** What `make` makes in a GPU's memory; undefined where that is full. */
export function roomFor<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if ((error as { code?: string }).code === 'DEVICE_OUT_OF_MEMORY') return undefined;
    throw nativeError(error);
  }
}

/** An hour of the whole grid in half precision, where the fields are. */
function halvesOf({ values, grid, channels }: Field, hour: number): { data: Uint16Array; one: number } | undefined {
  const placed = 'rectangle' in values ? values.halves?.(wholeGrid({ grid }), { first: hour, count: 1 }) : undefined;
  if (!placed) return undefined;
  const { blocks, hoursOfBlock, one } = placed.fields;
  const size = grid.rows * grid.cols * channels;
  const begin = (placed.first % hoursOfBlock) * size;
  return { data: blocks[Math.floor(placed.first / hoursOfBlock)].subarray(begin, begin + size), one };
}

function copy(field: Field, target: DeviceFields): void {
  const memory = keptMemory();
  const { values, hours, grid, channels } = field;
  const size = grid.rows * grid.cols * channels;
  for (let hour = 0; hour < hours; hour++) {
    const half = halvesOf(field, hour);
    if (half) {
      target.write(hour, half.data);
      continue;
    }
    const { data, first } = placed(values, grid, wholeGrid({ grid }), { first: hour, count: 1 }, memory);
    target.write(hour, data.subarray(first * size, (first + 1) * size));
  }
}
