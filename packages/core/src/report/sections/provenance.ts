/** How the run was made: periods, grid, stages and their code, settings, versions, and all files by their hashes. */
import { duration, MISSING, significant, utc } from '../html/format';
import type { Content, Markup } from '../html/html';
import { html } from '../html/html';
import type { PageContext } from './page-context';
import type { ReportFile, ReportStage, ReportStation } from '../data/report-data';
import type { Column, Row } from '../html/table';
import { table } from '../html/table';

const TEXT_PAIR: Column[] = [
  { title: 'Name', text: true },
  { title: 'Value', text: true },
];

/** More files than this are told by their number: a year of hourly weather has thousands, which stand in the records. */
const MOST_FILES = 500;

/** Digits of a commit by which it is known in a table; the whole stands below. */
const SHORT_COMMIT = 10;

/** `{ training: { seed: 1 } }` → `training.seed` `1`; lists stay on one line. */
function flatten(value: unknown, path: string[] = []): [name: string, value: string][] {
  if (typeof value !== 'object' || value === null || value instanceof Date || Array.isArray(value)) return [[path.join('.'), plainText(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flatten(inner, [...path, key]));
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? MISSING : String(value);
  if (value instanceof Date) return utc(value);
  if (Array.isArray(value)) return listText(value);
  return value === undefined || value === null ? MISSING : JSON.stringify(value);
}

/** Of objects: `count 1, hours 12; count 6, hours 1`, whatever the order of their keys. */
function listText(list: readonly unknown[]): string {
  const isPlain = list.every((item) => typeof item !== 'object' || item === null);
  const item = (listItem: unknown): string =>
    flatten(listItem)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => `${name} ${text}`.trim())
      .join(', ');
  return list.length === 0 ? 'none' : list.map(item).join(isPlain ? ', ' : '; ');
}

function gridText(context: PageContext): string {
  const { grid } = context.data;
  const { name, xcell, ycell, gdtyp } = grid.definition;
  const size = gdtyp === 1 ? `${significant(xcell)}° x ${significant(ycell)}°` : `${significant(xcell / 1000)} km x ${significant(ycell / 1000)} km`;
  return `${name}, ${grid.cols} x ${grid.rows} cells of ${size}`;
}

function facts(context: PageContext): [string, Content][] {
  const { data } = context;
  const count = (role: ReportStation['role']): number => data.stations.filter((station) => station.role === role).length;
  const watched = count('watched') > 0 ? `, ${count('watched')} watched (they chose when to stop)` : '';
  return [
    ['Case', data.caseName],
    ['Grid', gridText(context)],
    ...data.periods.map(({ name, start, hours, spinUpHours = 0 }): [string, Content] => [
      `Period ${name}`,
      `${hours} h from ${utc(new Date(start.getTime() + spinUpHours * 3600e3))}${spinUpHours ? `, after ${spinUpHours} h of spin-up` : ''}`,
    ]),
    ['Monitors', `${count('used')} used${watched}, ${count('withheld')} withheld`],
    ['Transport model', data.ctm],
    ['Method', data.mode === 'paper' ? 'Huang et al. (2021), paper mode' : 'Retroplume’s default'],
    ['Report made', utc(data.created)],
  ];
}

function pairs(entries: readonly [string, Content][]): Row[] {
  return entries.map(([name, value]) => ({ cells: [name, value] }));
}

/** A commit is known by its beginning; what is more than a commit stays whole. */
function shortCode(code: string): string {
  return code.replace(/^([0-9a-f]{40})(?=$|-)/, (commit) => commit.slice(0, SHORT_COMMIT));
}

function stagesTable(context: PageContext, stages: readonly ReportStage[]): Markup {
  const codes = [...new Set(stages.flatMap(({ code }) => (code === undefined ? [] : [code])))];
  const isRecorded = stages.some(({ startedAt, device }) => startedAt ?? device);
  return table({
    id: 'table-stages',
    caption: () => context.tableCaption('Stages of the run: wall-clock time, and the code that made each.'),
    columns: [
      { title: 'Stage', text: true },
      { title: 'Time' },
      ...(isRecorded
        ? [
            { title: 'Begun', text: true },
            { title: 'Device', text: true },
          ]
        : []),
      ...(codes.length > 0 ? [{ title: 'Code', text: true }] : []),
    ],
    rows: stages.map(({ stage, seconds, startedAt, device, code }) => ({
      cells: [
        stage,
        duration(seconds),
        ...(isRecorded ? [startedAt ? moment(startedAt) : MISSING, device ?? MISSING] : []),
        ...(codes.length > 0 ? [code === undefined ? MISSING : shortCode(code)] : []),
      ],
    })),
    note: codes.length > 0 ? `Code in full: ${codes.join('; ')}.` : undefined,
  });
}

/** Those that differ from their default first, as they are what makes this run another one; the others folded. */
function settingsTables(context: PageContext): { first: Markup; folded: Markup } {
  const { settings, defaults } = context.data;
  const settingPairs = flatten(settings);
  const whole = (rows: readonly [string, string][], id: string, caption: string): Markup =>
    table({ id, caption: () => context.tableCaption(caption), columns: TEXT_PAIR, rows: pairs(rows) });
  if (!defaults) return { first: whole(settingPairs, 'table-settings', 'Settings.'), folded: html`` };
  const defaultValues = new Map(flatten(defaults));
  const changed = settingPairs.filter(([name, value]) => defaultValues.get(name) !== value);
  const unchanged = settingPairs.filter(([name, value]) => defaultValues.get(name) === value);
  const first = table({
    id: 'table-settings',
    caption: () => context.tableCaption('Settings that differ from their default, or have none.'),
    columns: [...TEXT_PAIR, { title: 'Default', text: true }],
    rows: changed.map(([name, value]) => ({ cells: [name, value, defaultValues.get(name) ?? MISSING] })),
  });
  return {
    first,
    folded: folded(`${unchanged.length} settings at their default`, unchanged.length, () =>
      whole(unchanged, 'table-settings-default', 'Settings at their default.'),
    ),
  };
}

function folded(summary: string, count: number, content: () => Markup): Markup {
  if (count === 0) return html``;
  return html`<details>
    <summary>${summary}</summary>
    ${content()}
  </details>`;
}

/** 1 234 567, with narrow spaces. */
function byteText(bytes: number): string {
  return String(bytes).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** In one line, where a table is narrow, too. */
function moment(date: Date): Markup {
  return html`<span class="together">${utc(date)}</span>`;
}

function filesTable(context: PageContext, { id, title, files }: { id: string; title: string; files: readonly ReportFile[] }): Markup {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const dated = files.some(({ modified }) => modified);
  const omitted = files.length - MOST_FILES;
  return folded(`${title}: ${files.length} files, ${significant(total / 1e6)} MB, with SHA-256`, files.length, () =>
    table({
      id,
      caption: () => context.tableCaption(`${title}, as the records of the stages tell of them.`),
      columns: [
        { title: 'File', text: true },
        { title: 'Bytes' },
        ...(dated ? [{ title: 'Last changed', text: true }] : []),
        { title: 'SHA-256', text: true },
      ],
      rows: files.slice(0, MOST_FILES).map(({ path, bytes, modified, sha256 }) => ({
        cells: [path, byteText(bytes), ...(dated ? [modified ? moment(modified) : 'gone, or another size'] : []), html`<code>${sha256}</code>`],
      })),
      note: omitted > 0 ? `And ${omitted} more: record.json of each stage has them.` : undefined,
    }),
  );
}

export function provenance(context: PageContext): Markup {
  const { stages = [], versions, inputs = [], results = [] } = context.data;
  const run = table({ caption: () => context.tableCaption('The run.'), columns: TEXT_PAIR, rows: pairs(facts(context)) });
  const stageTable = stagesTable(context, stages);
  const versionTable = table({
    id: 'table-versions',
    caption: () => context.tableCaption('Versions, of the program that made this report.'),
    columns: TEXT_PAIR,
    rows: pairs(Object.entries(versions)),
  });
  const settings = settingsTables(context);
  return html`<section id="provenance">
    <h2>How it was made</h2>
    <div class="columns">${run}${stageTable}${versionTable}${settings.first}</div>
    ${settings.folded}${filesTable(context, { id: 'table-inputs', title: 'Inputs', files: inputs })}${filesTable(context, { id: 'table-results', title: 'Results', files: results })}
  </section>`;
}
