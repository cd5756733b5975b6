/** `retroplume compare` and `retroplume runs`: two runs side by side, and which runs there are. */
import {
  compareRuns,
  type ComparedScore,
  type ComparedTotal,
  type DifferentSetting,
  type RunComparison,
  type FactorDifference,
  listRuns,
  type ListedRun,
} from '@retroplume/core/commands/compare';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

type Options = Pick<CommonOptions, 'json'>;

/** Prints the comparison on stdout. */
export function compareCommand(first: string, second: string, { json }: Options): void {
  const result = compareRuns(first, second);
  writeOut(json ? `${JSON.stringify(result)}\n` : comparisonText(result));
}

/** Prints the runs on stdout. */
export function runsCommand(folder: string, { json }: Options): void {
  const runs = listRuns(folder);
  if (json) writeOut(`${JSON.stringify({ runs })}\n`);
  else writeOut(runs.length === 0 ? `${folder}: no run folder in it or below\n` : runs.map(runText).join(''));
}

const figure = (value: number | undefined): string => (value === undefined || !Number.isFinite(value) ? '-' : String(Number(value.toPrecision(3))));

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Columns as wide as their widest field. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((field, column) => field.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

export function comparisonText({ runs: [a, b], scores, totals, factors, settings, notes }: RunComparison): string {
  return [
    `A: ${a.run} (${a.case})\nB: ${b.run} (${b.case})\n`,
    section('Mean absolute error, prior → updated; r of the updated run:', scores.length === 0 ? [] : table(scores.map(scoreRow))),
    section('Emissions of the whole domain, Mt a-1, prior → updated:', totals.length === 0 ? [] : table(totals.map(totalRow))),
    section('Factors, B on A: mean of |ln|, and where they differ most:', factors.length === 0 ? [] : table(factors.map(factorRow))),
    section('Settings that differ:', settings.length === 0 ? ['none'] : settings.map(settingLine)),
    section('To know:', notes),
  ].join('');
}

function scoreRow({ variant, monitors, species, unit, runs }: ComparedScore): string[] {
  const sides = runs.map((side) => (side ? `${figure(side.prior)} → ${figure(side.updated)} (r ${figure(side.rUpdated)})` : '-'));
  return [`${monitors}${variant === 'default' ? '' : `, ${variant}`}`, species, `A ${sides[0]}`, `B ${sides[1]}`, unit];
}

function totalRow({ period, group, runs }: ComparedTotal): string[] {
  const sides = runs.map((side) => (side ? `${figure(side.prior)} → ${figure(side.updated)}` : '-'));
  return [period, group, `A ${sides[0]}`, `B ${sides[1]}`];
}

function factorRow({ period, group, meanLogRatio, largest }: FactorDifference): string[] {
  if (!largest) return [period, group, '0', 'the same everywhere'];
  const { row, col, lon, lat, factors } = largest;
  const place = `row ${row}, column ${col} (${lon.toFixed(2)}, ${lat.toFixed(2)})`;
  return [period, group, figure(meanLogRatio), `A ${figure(factors[0])}, B ${figure(factors[1])} at ${place}`];
}

function settingLine({ key, runs }: DifferentSetting): string {
  const [a, b] = runs.map((value) => JSON.stringify(value));
  return `${key}: A ${a}, B ${b}`;
}

export function runText({ run, case: name, stages, finished, failure, certificate, scores, trouble }: ListedRun): string {
  const begun = stages.filter((stage) => stage.finished === undefined).map(({ stage }) => stage);
  const completed = stages.filter((stage) => stage.finished !== undefined).map(({ stage }) => stage);
  const errors = scores.map(({ species, prior, updated }) => `${species} ${figure(prior)} → ${figure(updated)}`);
  return [
    `${run}${name === undefined ? '' : ` (${name})`}\n`,
    `  finished: ${completed.length === 0 ? 'no stage' : completed.join(', ')}${finished === undefined ? '' : `; the last on ${finished.slice(0, 16)}Z`}\n`,
    ...(begun.length > 0 ? [`  begun: ${begun.join(', ')}\n`] : []),
    ...(failure === undefined ? [] : [`  the last run ended with ${failure}\n`]),
    ...(certificate === undefined ? [] : [`  certificate: ${certificate}\n`]),
    ...(errors.length > 0 ? [`  mean absolute error at ${scores[0].monitors} monitors: ${errors.join(', ')}\n`] : []),
    ...(trouble === undefined ? [] : [`  ${trouble}\n`]),
  ].join('');
}
