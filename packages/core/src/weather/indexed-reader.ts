/** What the readers of files that are no I/O API files share: times and files are those of an index, all fields have one layer. */
import type { NetcdfAttribute } from '@retroplume/native';
import type { Grid, TimeAxis } from '../grid/grid';
import type { IoapiReader } from '../files/ioapi/ioapi-file';
import type { IoapiVariable } from '../files/ioapi/ioapi-header';
import { readingFiles } from '../files/netcdf/netcdf-access';
import type { OpenIndex, RecordIndex } from './record-index';

export abstract class IndexedReader implements IoapiReader {
  readonly layers = 1;
  readonly attributes: Record<string, NetcdfAttribute> = {};
  abstract readonly variables: IoapiVariable[];

  protected readonly index: RecordIndex;

  protected constructor(
    private readonly opened: OpenIndex,
    readonly grid: Grid,
  ) {
    this.index = opened.index;
  }

  get path(): string {
    return this.index.path;
  }

  get time(): TimeAxis {
    return this.index.axis;
  }

  read(variable: string, first = 0, count = this.time.count - first): Float32Array {
    return readingFiles(() => this.readField(variable, first, count));
  }

  close(): void {
    this.opened.close();
  }

  /** `[count, rows, cols]` under MCIP's name and in its unit */
  protected abstract readField(variable: string, first: number, count: number): Float32Array;
}
