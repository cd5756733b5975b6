/** How much memory the fields of a training may take, and what becomes of those that find no room. */
import { usableMemory } from '../base/process';
import { hourStore, hourStoreBytes, type HourStore, type HourStoreShape } from './hour-store';
import type { HourlyValues } from './period-source';

/** Part of the usable memory that fields of the training take at most: tracers may take as much, and the rest is the network's and the file cache's. */
const MOST_OF_MEMORY = 0.4;

/** Bytes of fields that the training of a process has in memory at most. @param processes - on this node */
export function bytesOfFields(processes = 1): number {
  return (MOST_OF_MEMORY * usableMemory()) / processes;
}

/** Room for fields, which is given to one after the other as long as they fit. */
export class MemoryBudget {
  private readonly files: HourStore[] = [];
  /** bytes that are in memory, and bytes that found no room */
  readonly spent = { inMemory: 0, elsewhere: 0 };

  constructor(private readonly mostBytes = bytesOfFields()) {}

  /** Takes room for fields. @returns whether there was enough */
  take(shape: HourStoreShape): boolean {
    const bytes = hourStoreBytes(shape);
    const fits = this.spent.inMemory + bytes <= this.mostBytes;
    this.spent[fits ? 'inMemory' : 'elsewhere'] += bytes;
    return fits;
  }

  /**
   * Fields that no store holds: in memory, or in a temporary file until {@link dispose}.
   *
   * @throws {DataError} `DISK_FULL`, `FILE_UNWRITABLE`
   */
  keep(fields: Float32Array, shape: HourStoreShape): HourlyValues {
    if (this.take(shape)) return fields;
    const file = hourStore(shape, 0);
    this.files.push(file);
    file.write(0, fields);
    return file;
  }

  dispose(): void {
    for (const file of this.files.splice(0)) file.dispose();
  }
}
