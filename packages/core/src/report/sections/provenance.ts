/** How the run was made: periods, grid, stages and their time, every setting, every version. */
import { duration, MISSING, significant, utc } from '../html/format';
import type { Content, Markup } from '../html/html';
import { html } from '../html/html';
import type { PageContext } from './page-context';
import type { ReportStation } from '../data/report-data';
import type { Column } from '../html/table';
import { table } from '../html/table';

const TEXT_PAIR: Column[] = [
  { title: 'Name', text: true },
  { title: 'Value', text: true },
];

/** `{ training: { seed: 1 } }` → `training.seed` `1`; lists of plain values stay on one line. */
function flatten(value: unknown, path: string[] = []): [name: string, value: string][] {
  if (Array.isArray(value)) {
    const plain = value.every((each) => typeof each !== 'object' || each === null);
    return plain
      ? [[path.join('.'), value.length === 0 ? 'none' : value.map(plainText).join(', ')]]
      : value.flatMap((each, index) => flatten(each, [...path, String(index + 1)]));
  }
  if (value instanceof Date) return [[path.join('.'), utc(value)]];
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, inner]) => flatten(inner, [...path, key]));
  return [[path.join('.'), plainText(value)]];
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isNaN(value) ? MISSING : String(value);
  return value === undefined || value === null ? MISSING : JSON.stringify(value);
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

export function provenance(context: PageContext): Markup {
  const { stageSeconds = [], settings, versions } = context.data;
  const pairs = (entries: [string, Content][]): { cells: Content[] }[] => entries.map(([name, value]) => ({ cells: [name, value] }));
  return html`<section id="provenance">
    <h2>How it was made</h2>
    <div class="columns">
      ${table({ caption: () => context.tableCaption('The run.'), columns: TEXT_PAIR, rows: pairs(facts(context)) })}
      ${table({
        id: 'table-stages',
        caption: () => context.tableCaption('Wall-clock time of each stage.'),
        columns: [{ title: 'Stage', text: true }, { title: 'Time' }],
        rows: pairs(stageSeconds.map(({ stage, seconds }) => [stage, duration(seconds)])),
      })}
      ${table({ id: 'table-versions', caption: () => context.tableCaption('Versions.'), columns: TEXT_PAIR, rows: pairs(Object.entries(versions)) })}
      ${table({ id: 'table-settings', caption: () => context.tableCaption('Settings.'), columns: TEXT_PAIR, rows: pairs(flatten(settings)) })}
    </div>
  </section>`;
}
