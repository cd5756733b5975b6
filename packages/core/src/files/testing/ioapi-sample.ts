/** A small I/O API file, and what ncdump says of one. */
import { execFileSync } from 'node:child_process';

import { Grid, type TimeAxis } from '../../grid/grid';
import { IoapiWriter, type IoapiContents } from '../ioapi/ioapi-writer';

export const grid = new Grid({
  name: 'TEST', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: -50000, yorig: -40000, xcell: 10000, ycell: 10000, cols: 5, rows: 4,
}); // prettier-ignore
export const hourly = (start: string, count: number): TimeAxis => ({ start: new Date(start), stepSeconds: 3600, count });
export const contents: IoapiContents = {
  grid,
  time: hourly('2016-12-31T22:00Z', 4),
  layers: 2,
  variables: [
    { name: 'NO2', units: 'moles/s', description: 'nitrogen dioxide' },
    { name: 'PM25', units: 'g/s' },
  ],
};
/** Values of a step of one variable. */
export const perStep = 2 * 4 * 5;

/** Writes a file of `contents` with `options`; element i of every variable is value(i). */
export function writeSample(path: string, options: Partial<IoapiContents> = {}, value: (i: number) => number = (i) => i): void {
  const sample = { ...contents, ...options };
  const writer = IoapiWriter.create(path, sample);
  const size = sample.time.count * sample.layers * sample.grid.rows * sample.grid.cols;
  for (const { name } of sample.variables)
    writer.write(
      name,
      0,
      Float32Array.from({ length: size }, (_, i) => value(i)),
    );
  writer.close();
}

/** The header as ncdump prints it. */
export const header = (path: string): string => execFileSync('ncdump', ['-h', path], { encoding: 'utf8' });
