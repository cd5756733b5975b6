/** Which dimensions of a variable are the scanlines and the pixels of a file, which are its own (layers, corners), and slabs of scanlines of it. */
import type { NetcdfFile } from '@retroplume/native';

import type { CfData } from '../../files/netcdf/netcdf-cf';

interface Axes {
  lengths: number[];
  /** −1 in variables that are the same for all scanlines */
  scanline: number;
  /** −1 in variables that are the same for all pixels of a scanline, and in files that list pixels */
  pixel: number;
  /** values of each pixel: layers, corners */
  width: number;
}

/** Of one file, by the names of the dimensions of its column. */
export class PixelAxes {
  readonly scanlines: number;
  readonly scanlinePixels: number;
  /** of the column: scanline and pixel, or the one that lists pixels */
  private readonly dimensions: readonly string[];
  private readonly known = new Map<string, Axes>();

  /** @param column - path of a variable `[scanline, pixel]` or `[pixel]`, which dimensions of length 1 may precede */
  constructor(
    private readonly file: NetcdfFile,
    column: string,
  ) {
    const names = file.variable(column)!.dimensions;
    const lengths = file.shape(column);
    let first = 0;
    while (lengths.length - first > 2 && lengths[first] === 1) first++;
    // A list of pixels may be a column of one scanline in name only: time = 1 and the pixels.
    this.dimensions = names.slice(first, first + 2);
    [this.scanlines, this.scanlinePixels] = [lengths[first] ?? 1, lengths[first + 1] ?? 1];
  }

  /** Values of each pixel, of a scanline or of the whole file, whatever the variable has. */
  width(path: string): number {
    return this.of(path).width;
  }

  /** By pixel, by scanline, or one for the file. */
  spread(path: string): 'pixels' | 'scanlines' | 'file' {
    const { scanline, pixel } = this.of(path);
    if (scanline < 0) return 'file';
    return pixel < 0 && this.dimensions.length > 1 ? 'scanlines' : 'pixels';
  }

  /** Where scanlines `first` … `first + count − 1` stand in the file; a variable that is the same for all of them whole. */
  slab(path: string, first: number, count: number): { start: number[]; length: number[] } {
    const { lengths, scanline } = this.of(path);
    return {
      start: lengths.map((_, axis) => (axis === scanline ? first : 0)),
      length: lengths.map((whole, axis) => (axis === scanline ? Math.min(count, whole - first) : whole)),
    };
  }

  /** Values of a slab as `[scanline, pixel, width]`, in whichever order the file has its dimensions. */
  inOrder(path: string, values: CfData, length: readonly number[]): CfData {
    const { scanline, pixel } = this.of(path);
    const rest = length.map((_, axis) => axis).filter((axis) => axis !== scanline && axis !== pixel);
    const order = [scanline, pixel].filter((axis) => axis >= 0).concat(rest.filter((axis) => length[axis] > 1));
    if (order.every((axis, i) => i === 0 || axis > order[i - 1])) return values;
    const strides = length.map((_, axis) => length.slice(axis + 1).reduce((product, n) => product * n, 1));
    const out = new Float64Array(values.length);
    const position = order.map(() => 0);
    let source = 0;
    for (let target = 0; target < out.length; target++) {
      out[target] = values[source];
      for (let i = order.length - 1; i >= 0; i--) {
        source += strides[order[i]];
        if (++position[i] < length[order[i]]) break;
        source -= strides[order[i]] * length[order[i]];
        position[i] = 0;
      }
    }
    return out;
  }

  private of(path: string): Axes {
    const cached = this.known.get(path);
    if (cached) return cached;
    const names = this.file.variable(path)!.dimensions;
    const lengths = this.file.shape(path);
    const scanline = names.indexOf(this.dimensions[0]);
    const pixel = this.dimensions.length > 1 ? names.indexOf(this.dimensions[1], this.dimensions[1] === this.dimensions[0] ? scanline + 1 : 0) : -1;
    const width = lengths.reduce((product, length, axis) => (axis === scanline || axis === pixel ? product : product * length), 1);
    const axes = { lengths, scanline, pixel, width };
    this.known.set(path, axes);
    return axes;
  }
}
