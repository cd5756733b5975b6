/** The audit: what the change of a total hides, and whether the concentrations of a region changed as its emissions did. */
import type { AuditRow } from '../../assimilation/scores/audit';
import { ELASTICITY_RANGE, LEAST_CHANGE, type Plausibility } from '../../inversion/scores/regional-response';
import { change, chemical, fixed, percent, relativeChange } from '../html/format';
import type { Content, Markup } from '../html/html';
import { html } from '../html/html';
import { modeLabel, type PageContext } from './page-context';
import type { ReportAudit } from '../data/report-data';
import { table } from '../html/table';

/** More rows than a reader takes in: then only the whole domain and what is flagged. */
const MOST_ROWS = 40;

const WORDS: Record<Plausibility, string> = {
  plausible: 'as the emissions',
  small: 'hardly changed',
  opposite: 'against the emissions',
  excessive: 'more than the emissions explain',
};

export function isFlagged({ response }: AuditRow): boolean {
  return response !== undefined && (response.plausibility === 'opposite' || response.plausibility === 'excessive');
}

/** How many are flagged; where none is, that all go together. */
export function flagCount(rows: readonly AuditRow[], ofWhat: string, withWhat = ''): string {
  const flagged = rows.filter(isFlagged).length;
  const outcome =
    flagged > 0 ? `${flagged} of ${rows.length} ${ofWhat} do not go together` : `${rows.length} of ${rows.length} ${ofWhat} go together`;
  return `${outcome} ${withWhat}`.trimEnd();
}

function words(row: AuditRow): Content {
  if (!row.response) return '–';
  const text = WORDS[row.response.plausibility];
  return isFlagged(row) ? html`<b>${text}</b>` : text;
}

function place(context: PageContext, { region, period }: AuditRow): string {
  return `${region ?? 'whole domain'}${context.severalPeriods ? `, ${period}` : ''}`;
}

/** "NO₂ −25 % at 12 monitors, NOₓ +1 % (near the monitors −20 %, around the region −8 %): BTH, January". */
function sentence(context: PageContext, row: AuditRow): string {
  const { species, stations, concentrationChange, nearMonitors, neighbours } = row.response!;
  const nearby = neighbours === undefined ? '' : `, around the region ${change(neighbours)}`;
  const monitors = `${stations} monitor${stations === 1 ? '' : 's'}`;
  return `${place(context, row)}: ${chemical(species)} ${change(concentrationChange)} at ${monitors}, ${chemical(row.group)} ${change(row.change)} (near the monitors ${change(nearMonitors)}${nearby})`;
}

function flags(context: PageContext, { mode, rows }: ReportAudit): Markup {
  const judged = rows.filter(({ response }) => response);
  const flagged = judged.filter(isFlagged);
  if (judged.length === 0) return html``;
  const count = flagCount(judged, 'totals and the concentrations at their monitors');
  if (mode !== context.data.mode || flagged.length === 0) return html`<p>With the ${modeLabel(mode)} ${count}.</p>`;
  return html`<p>
      <b>${count}</b>: there the mass was moved within the region, or the emissions around it changed, or the transport model answers out of
      proportion.
    </p>
    <ul>
      ${flagged.map((row) => html`<li>${sentence(context, row)}</li>`)}
    </ul>`;
}

function figures(context: PageContext, { rows }: ReportAudit): Markup {
  const shown = rows.length > MOST_ROWS ? rows.filter((row) => row.region === undefined || isFlagged(row)) : rows;
  const daily = shown.some(({ diurnal }) => diurnal);
  const omitted = rows.length - shown.length;
  return table({
    id: 'table-audit',
    caption: () =>
      context.tableCaption('What the totals hide: emissions moved within a region, and the answer of the concentrations at its monitors.'),
    columns: [
      { title: 'Region', text: true },
      ...(context.severalPeriods ? [{ title: 'Period', text: true }] : []),
      { title: 'Group', text: true },
      { title: 'Change', group: 'Emissions' },
      { title: 'Moved', unit: 'part of prior', group: 'Emissions' },
      { title: 'Nets out', unit: 'part of moved', group: 'Emissions' },
      { title: 'r of pattern', group: 'Emissions' },
      { title: 'r of factor', unit: 'with ln prior', group: 'Emissions' },
      ...(daily
        ? [
            { title: 'Shift', unit: 'h', group: 'Day' },
            { title: 'Other hour', unit: 'part of a day', group: 'Day' },
          ]
        : []),
      { title: 'Species', text: true, group: 'At the monitors' },
      { title: 'Change', group: 'At the monitors' },
      { title: 'dC/dE', unit: 'relative', group: 'At the monitors' },
      { title: 'They changed', text: true, group: 'At the monitors' },
    ],
    rows: shown.map((row, index) => ({
      cells: [
        row.region ?? 'whole domain',
        ...(context.severalPeriods ? [row.period] : []),
        context.groupLabel(row.group),
        change(relativeChange(row.prior, row.updated), 1),
        percent(row.moved, 1),
        percent(row.netsOut),
        fixed(row.patternCorrelation, 2),
        fixed(row.factorCorrelation, 2),
        ...(daily ? [fixed(row.diurnal?.hours, 1), percent(row.diurnal?.distance, 1)] : []),
        row.response ? chemical(row.response.species) : '–',
        change(row.response?.concentrationChange, 1),
        fixed(row.response?.elasticity, 2),
        words(row),
      ],
      begins: index > 0 && (shown[index - 1].region !== row.region || shown[index - 1].period !== row.period),
    })),
    note: html`Nets out: the part of what was moved that ups and downs cancel in the total. r of pattern: updated with prior emissions over the cells;
    r of factor below 0: strong sources were lowered against weak ones. dC/dE: relative change of the mean simulated concentration at the region’s
    monitors over that of its emissions, from the two runs of the transport model; ${ELASTICITY_RANGE[0]} to ${ELASTICITY_RANGE[1]} is plausible, and
    concentrations that changed by less than ${percent(LEAST_CHANGE)} are not
    judged.${omitted > 0 ? ` ${omitted} further rows stand in audit.csv.` : ''}`,
  });
}

export function audit(context: PageContext): Markup {
  const audits = context.data.audit ?? [];
  const auditOfMode = audits.find(({ mode }) => mode === context.data.mode);
  if (!auditOfMode) return html``;
  return html`<section id="audit">
    <h2>Audit</h2>
    ${audits.map((audit) => flags(context, audit))}${figures(context, auditOfMode)}
  </section>`;
}
