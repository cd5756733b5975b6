/** The fixed tables and what numpy, scipy and pandas make of them (make_scores.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Expected {
  scores: Record<string, number>;
  stations: Record<string, Record<'mda8' | 'dailyMean', Record<'observed' | 'prior' | 'updated', number[]>>>;
}

export const expected = JSON.parse(readFileSync(join(__dirname, 'expected.json'), 'utf8')) as Expected;

/** A column of one of the tables; an empty field is NaN. */
export function column(table: 'pairs' | 'ozone-week', name: string): number[] {
  const [header, ...rows] = readFileSync(join(__dirname, `${table}.csv`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((row) => (row[header.indexOf(name)] === '' ? NaN : Number(row[header.indexOf(name)])));
}

/** Whether two numbers agree to 1e-12 of the second: both sides sum at most some hundred doubles, in another order. */
export function agree(received: number, wanted: number): boolean {
  return Math.abs(received - wanted) <= 1e-12 * Math.abs(wanted);
}
