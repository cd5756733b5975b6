/** What the page's script reads of a page, read by the same code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import type { PickerData, PickerSeries } from '../interactive/picker-data';

export type Lines = Record<'observed' | 'prior' | 'updated', Float64Array>;

const script = readFileSync(join(__dirname, '../../../templates/report/unpack.js'), 'utf8');
export const unpack = runInThisContext(`(() => { ${script}; return unpack; })()`) as (
  line: string,
  series: readonly Pick<PickerSeries, 'count' | 'step'>[],
) => Promise<Lines[]>;

/** @returns what stands beside the series, and of each station its series */
export async function unpackPage(page: string): Promise<{ data: PickerData; stations: Lines[][] }> {
  const [data, lines] = ['data', 'series'].map((name) => {
    const text = new RegExp(`<script type="application/json" id="picker-${name}">(.*?)</script`, 's').exec(page)?.[1];
    return JSON.parse(text ?? 'null') as unknown;
  }) as [PickerData, string[]];
  return { data, stations: await Promise.all(lines.map((line) => unpack(line, data.series))) };
}
