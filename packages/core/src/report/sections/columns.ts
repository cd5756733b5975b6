/** Columns of satellites: what both runs of the transport model have of them, how many there are, and where. */
import type { ColumnRow } from '../../assimilation/scores/column-scores';
import type { MaeChange } from '../../inversion/scores/mae-change';
import { sequentialScale } from '../figures/colour-scale';
import { change, chemical, fixed, MISSING, percent, significant, unitText } from '../html/format';
import type { Content, Markup } from '../html/html';
import { html } from '../html/html';
import { table, type Column } from '../html/table';
import type { ReportColumnField, ReportColumns } from '../data/report-data';
import type { PageContext } from './page-context';

export function columns(context: PageContext): Markup {
  const { columns: data } = context.data;
  if (!data || data.rows.length === 0) return html``;
  return html`<section id="columns">
    <h2>Columns of satellites</h2>
    ${warningBanner(data)}
    <p>
      A column is compared in its cell and hour, through the averaging kernels of its product, on the scale of plain columns of the prior run.
      Withheld columns lie in blocks of cells and on days that the inversion never saw.
    </p>
    ${scoreTable(context, data, 'withheld')}${scoreTable(context, data, 'used')}${countsTable(context, data)}
    ${data.fields.filter(({ values }) => values > 0).map((field) => maps(context, field))}
  </section>`;
}

function warningBanner({ warning }: ReportColumns): Markup {
  if (warning === undefined) return html``;
  return html`<aside class="banner" id="columns-warning"><p>${warning}</p></aside>`;
}

function changeCells({ relative, interval }: MaeChange): Content[] {
  return [html`<b>${change(relative)}</b>`, interval ? `${change(interval.low)} to ${change(interval.high)}` : MISSING];
}

function scoreTable(context: PageContext, { rows }: ReportColumns, side: ColumnRow['side']): Markup {
  const ofSide = rows.filter((row) => row.side === side);
  if (ofSide.length === 0) return html``;
  const hasFound = ofSide.some(({ found }) => found !== undefined);
  const bothRuns = (group: string): Column[] => ['prior', 'updated'].map((title) => ({ title, group }));
  const subject = side === 'withheld' ? 'columns that the inversion never saw' : 'the columns that the inversion used (in-sample)';
  return table({
    id: `table-columns-${side}`,
    caption: () => context.tableCaption(`The transport model (${context.data.ctm}) against ${subject}, with prior and with updated emissions.`),
    columns: [
      { title: 'Column', text: true },
      { title: 'Where and when', text: true },
      { title: 'Values' },
      { title: 'Cells' },
      { title: 'Hours' },
      { title: 'Observed' },
      ...bothRuns('MAE'),
      { title: 'change', group: 'Updated against prior' },
      { title: '90 % interval', group: 'Updated against prior' },
      ...(hasFound ? ['bias', 'change'].map((title): Column => ({ title, group: 'With the bias found' })) : []),
      ...bothRuns('NMB'),
      ...bothRuns('r'),
    ],
    rows: ofSide.map((row) => {
      const { species, region, period, cells, hours, prior, updated, change: maeChange, found } = row;
      const isWhole = region === undefined && period === undefined;
      return {
        cells: [
          html`${chemical(species)} <span class="unit">${unitText(context.unit(species))}</span>`,
          region ?? period ?? html`<b>all</b>`,
          String(prior.n),
          String(cells),
          String(hours),
          significant(prior.meanObserved),
          significant(prior.mae),
          significant(updated.mae),
          ...changeCells(maeChange),
          ...(hasFound ? [change(found?.bias), change(found?.change.relative)] : []),
          percent(prior.nmb),
          percent(updated.nmb),
          fixed(prior.r, 2),
          fixed(updated.r, 2),
        ],
        begins: isWhole,
        strong: isWhole,
      };
    }),
    note: `MAE mean absolute error; NMB normalised mean bias; r Pearson’s correlation over cells and hours. Intervals come from drawing whole spatial blocks of cells anew.${hasFound ? ' With the bias found: the updated run plus the bias of the product that the inversion found, which stands as a part of the updated run’s mean column.' : ''} All rows stand in verify/columns.csv.`,
  });
}

/** Reasons of left out pixels that the table names. */
const MOST_REASONS = 3;

function countsTable(context: PageContext, { fields }: ReportColumns): Markup {
  return table({
    id: 'table-column-counts',
    caption: () => context.tableCaption('Pixels and overpasses behind the columns.'),
    columns: [
      { title: 'Column', text: true },
      { title: 'Period', text: true },
      { title: 'Product', text: true },
      { title: 'Overpasses' },
      { title: 'in files', group: 'Pixels' },
      { title: 'used', group: 'Pixels' },
      { title: 'Values' },
      { title: 'Left out', text: true },
    ],
    rows: fields.map(({ species, period, product, counts, values }) => {
      const { leftOut, withoutLayers, factorOutside, otherHours } = counts;
      const reasons = Object.entries(leftOut).sort(([, a], [, b]) => b - a);
      const ofValues: [string, number][] = [
        ['values without layers of the model', withoutLayers],
        ['values that kernels hardly see', factorOutside],
        ['values at other hours', otherHours],
      ];
      const words = [...reasons.slice(0, MOST_REASONS), ...ofValues.filter(([, count]) => count > 0)].map(([reason, count]) => `${count} ${reason}`);
      return {
        cells: [chemical(species), period, product, counts.overpasses, counts.pixels, counts.passed, values, words.join('; ')].map((cell) =>
          typeof cell === 'number' ? String(cell) : cell,
        ),
      };
    }),
    note: `Values: one a cell and hour, of all pixels that lie on the cell. Left out: the reasons for most pixels, then values by what the model or the kernels lack.`,
  });
}

function maps(context: PageContext, { species, period, values, hours, ...runs }: ReportColumnField): Markup {
  const subjects = ['observed', 'prior', 'updated'] as const;
  const fields = subjects.map((subject) => Float64Array.from(runs[subject], (value) => (value > 0 ? value : NaN)));
  const scale = sequentialScale(fields);
  const label = `${chemical(species)}${context.severalPeriods ? `, ${period}` : ''}`;
  const drawn = subjects.map((subject, i) =>
    context.map(['columns', species, period, subject], {
      title: `${label}: ${subject}`,
      description: `mean column of the observed hours, ${subject}`,
      unit: unitText(context.unit(species)),
      scale,
      field: fields[i],
    }),
  );
  const caption = `${label}: mean over the hours with a value, ${values} values at ${hours} hours, used and withheld; observed, and both runs where and when it is, on one ${scale.logarithmic ? 'logarithmic ' : ''}scale. Grey: no value, or a mean that is not above zero.`;
  return html`<figure>
    <div class="panels maps">${drawn}</div>
    ${context.figureCaption(caption)}
  </figure>`;
}
