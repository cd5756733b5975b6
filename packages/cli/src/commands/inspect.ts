/** `retroplume inspect FILE…`: what files are, where and when, in which units and ranges, and what is odd. */
import { inspectFile, type GridSummary, type Inspection, type VariableSummary } from '@retroplume/core/commands/inspect';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

/** Whole numbers may be dates or identifiers. */
const short = (value: number): string => {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6 ? String(Number(value.toPrecision(5))) : value.toExponential(3);
};
const degrees = ([lon, lat]: [number, number]): string => `${lon.toFixed(3)}, ${lat.toFixed(3)}`;

function gridLines({ name, projection, cols, rows, cell, corners }: GridSummary): string {
  const { southWest, southEast, northEast, northWest } = corners;
  return (
    `  grid ${name || 'without a name'}: ${cols} columns x ${rows} rows of ${short(cell[0])} x ${short(cell[1])}, ${projection}\n` +
    `    corners (lon, lat): SW ${degrees(southWest)}; SE ${degrees(southEast)}; NE ${degrees(northEast)}; NW ${degrees(northWest)}\n`
  );
}

function stepText(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds % 86400 === 0 ? `, every ${seconds / 86400} d` : seconds % 3600 === 0 ? `, every ${seconds / 3600} h` : `, every ${seconds} s`;
}

function variableLine(width: number, { name, units, shape, min, max, mean, missing, values }: VariableSummary): string {
  const range = min === undefined || max === undefined || mean === undefined ? 'no value' : `${short(min)} … ${short(max)}, mean ${short(mean)}`;
  const gaps = missing > 0 ? `, ${missing} of ${values} missing` : '';
  return `  ${name.padEnd(width)}  ${units === '' ? '-' : units}  [${shape}]  ${range}${gaps}\n`;
}

function text({ path, kind, bytes, facts, grids, time, variables, odd }: Inspection): string {
  const width = variables.reduce((longest, { name }) => Math.max(longest, name.length), 0);
  return [
    `${path}: ${kind}, ${bytes} bytes\n`,
    ...Object.entries(facts).map(([key, value]) => `  ${key}: ${value}\n`),
    ...grids.map(gridLines),
    ...(time ? [`  times: ${time.first} to ${time.last}, ${time.steps} steps${stepText(time.stepSeconds)}\n`] : []),
    ...variables.map((variable) => variableLine(width, variable)),
    ...(odd.length > 0 ? ['  odd:\n', ...odd.map(({ code, text: sentence }) => `    ${code}: ${sentence}\n`)] : []),
  ].join('');
}

/** Prints what was found, file by file as it is; with `--json` one list at the end. @throws {DataError} `FILE_MISSING` */
export async function inspectCommand(paths: string[], { json }: Pick<CommonOptions, 'json'>): Promise<void> {
  const inspections: Inspection[] = [];
  for (const path of paths) {
    const inspection = await inspectFile(path);
    if (json) inspections.push(inspection);
    else writeOut(text(inspection));
  }
  if (json) writeOut(`${JSON.stringify({ files: inspections })}\n`);
}
