/** Files of satellites' columns for `inspect`: the product, how many pixels pass, by which rule others are left out, and the range of the column. */
import { ColumnFile } from '../../../columns/products/column-file';
import { PixelCounts, readPixels } from '../../../columns/products/read-pixels';
import { instant } from '../../../grid/grid';
import type { Described, VariableSummary } from './inspection';

/** @throws {DataError} what `ColumnFile.open` throws @throws {UnitError} `COLUMN_UNIT` */
export function describeColumns(path: string): Described & { variables: VariableSummary[] } {
  const file = ColumnFile.open(path);
  try {
    const { product, scanlines, scanlinePixels, layers } = file;
    const counts = new PixelCounts();
    const column = new Summary();
    const error = new Summary();
    for (const pixels of readPixels(file, counts)) {
      column.add(pixels.columns);
      error.add(pixels.errors);
    }
    const [first, last] = file.timeRange();
    const leftOut = [...counts.leftOut].map(([reason, count]) => `${count} ${reason}`).join(', ');
    const isList = scanlinePixels === 1;
    const shape = isList ? `pixel ${scanlines}` : `scanline ${scanlines}, pixel ${scanlinePixels}`;
    const summary = (name: string, values: Summary): VariableSummary => ({
      ...{ name: name.split('/').at(-1) ?? name, units: 'mol m-2', shape },
      ...(values.count > 0 ? { min: values.min, max: values.max, mean: values.sum / values.count } : {}),
      missing: counts.pixels - counts.passed,
      values: counts.pixels,
    });
    return {
      kind: `${product.name} columns`,
      facts: {
        ...(product.pass ? { [product.pass.name]: file.isNumbered ? (file.pass.split(' ').at(-1) ?? '') : 'not told' } : {}),
        layers,
        pixels: isList ? counts.pixels : `${counts.pixels} (${scanlines} x ${scanlinePixels})`,
        passing: `${counts.passed} (${product.rules.map(({ text }) => text).join(', ')}: ${product.guide})`,
        ...(leftOut === '' ? {} : { 'left out': leftOut }),
      },
      ...(Number.isNaN(first) ? {} : { time: { first: minute(first), last: minute(last), steps: scanlines } }),
      variables: [summary(product.column, column), summary(product.error, error)],
      odd: counts.passed > 0 ? [] : [{ code: 'COLUMN_ALL_FLAGGED', text: `none of its ${counts.pixels} pixels passes` }],
    };
  } finally {
    file.close();
  }
}

const minute = (time: number): string => instant(new Date(60_000 * Math.floor(time / 60_000)));

/** Of the pixels that pass. */
class Summary {
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;

  add(values: Float64Array): void {
    for (const value of values) {
      this.count++;
      this.sum += value;
      this.min = Math.min(this.min, value);
      this.max = Math.max(this.max, value);
    }
  }
}
