/** The inventory: totals, what was moved within them, regions, error against a known truth; its maps are those of emission-maps.ts. */
import { change, fixed, percent, relativeChange, significant, unitText } from '../html/format';
import { type Content, type Markup, html } from '../html/html';
import { modeLabel, type PageContext } from './page-context';
import type { ReportEmissions, ReportRegion } from '../data/report-data';
import { LEAST_MOVEMENT } from '../../inversion/uncertainty/movement';
import { annualTotal, movedPart } from '../data/statistics';
import { type Column, type Row, table } from '../html/table';
import { emissionMaps, truthOf } from './emission-maps';

/** "‡" where the monitors do not constrain a total. */
export const UNCONSTRAINED = '‡';

/** Whether the total of a group, in a region or the whole domain, is known not to be constrained. */
export function isUnconstrained({ data }: PageContext, { period, group }: ReportEmissions, region?: string): boolean {
  const area = data.uncertainty?.areas.find((candidate) => candidate.period === period && candidate.group === group && candidate.region === region);
  return area !== undefined && !area.total.constrained;
}

function marked(context: PageContext, emissions: ReportEmissions, region?: string): string {
  return isUnconstrained(context, emissions, region) ? ` ${UNCONSTRAINED}` : '';
}

/** The figure by which a group counts as constrained: what became of the uncertainty of its total, or how far it was moved where nobody asked for that. */
function seenCell({ data: { uncertainty } }: PageContext, { period, group, movement }: ReportEmissions): string {
  if (!uncertainty) return fixed(movement, 2);
  const whole = uncertainty.areas.find((candidate) => candidate.period === period && candidate.group === group && candidate.region === undefined);
  return change(whole && -whole.total.reduction);
}

function seenColumn({ data: { uncertainty, emissions: emissionsList } }: PageContext): Column[] {
  if (uncertainty) return [{ title: 'Uncertainty', unit: 'change of σ' }];
  return emissionsList.some(({ movement }) => movement !== undefined) ? [{ title: 'Moved', unit: 'in spreads' }] : [];
}

/** What {@link seenColumn} says. */
function seenNote({ data: { uncertainty, emissions: emissionsList } }: PageContext): string {
  if (uncertainty) return ' Uncertainty: what the monitors change of the standard deviation of the total.';
  if (emissionsList.every(({ movement }) => movement === undefined)) return '';
  return ` In spreads: root mean square of the log factor, weighted with the prior emissions, over the standard deviation that the prior gives it; its square is, where errors are as assumed, on average the part of the prior’s variance that the monitors take away.`;
}

function totalsRow(context: PageContext, emissions: ReportEmissions, begins: boolean): Row {
  const { grid } = context.data;
  const { prior, updated, paper } = emissions;
  const total = annualTotal(grid, prior);
  const sum = (field: ArrayLike<number> | undefined): number | undefined => field && annualTotal(grid, field);
  const truth = truthOf(emissions);
  return {
    cells: [
      ...(context.severalPeriods ? [emissions.period] : []),
      context.groupLabel(emissions.group),
      significant(total, 4),
      significant(sum(updated), 4),
      `${change(relativeChange(total, sum(updated)), 1)}${marked(context, emissions)}`,
      percent(movedPart(grid, prior, updated), 1),
      ...(seenColumn(context).length > 0 ? [seenCell(context, emissions)] : []),
      ...(context.data.twin ? [change(relativeChange(total, sum(truth)), 1)] : []),
      ...(context.hasPaper ? [change(relativeChange(total, sum(paper)), 1), paper ? percent(movedPart(grid, prior, paper), 1) : '–'] : []),
    ],
    begins,
  };
}

function ordered(context: PageContext): ReportEmissions[] {
  const { periods, groups, emissions } = context.data;
  return periods.flatMap(({ name }) => groups.flatMap((group) => emissions.filter((entry) => entry.period === name && entry.group === group)));
}

function totalsTable(context: PageContext): Markup {
  const emissionsList = ordered(context);
  const rows = emissionsList.map((emissions, index) =>
    totalsRow(context, emissions, index > 0 && emissionsList[index - 1]?.period !== emissions.period),
  );
  return table({
    id: 'table-totals',
    caption: () => context.tableCaption('Emissions of the whole domain, means over each period with its spin-up as annual rates.'),
    columns: [
      ...(context.severalPeriods ? [{ title: 'Period', text: true }] : []),
      { title: 'Group', text: true },
      { title: 'Prior', unit: unitText('Mt a-1') },
      { title: 'Updated', unit: unitText('Mt a-1') },
      { title: 'Change' },
      { title: 'Moved', unit: 'part of prior' },
      ...seenColumn(context),
      ...(context.data.twin ? [{ title: 'True change' }] : []),
      ...(context.hasPaper
        ? [
            { title: 'Change', group: 'Paper’s method' },
            { title: 'Moved', group: 'Paper’s method' },
          ]
        : []),
    ],
    rows,
    note: `Moved: Σ|updated − prior| over the cells, as part of the prior total; ups and downs that cancel in the total show here.${seenNote(context)}${marksNote(context)}`,
  });
}

/** What the marks behind groups and totals say, a space before each. */
export function marksNote(context: PageContext): string {
  const { groups, uncertainty, unconstrainedGroups } = context.data;
  const unseen = unconstrainedGroups
    ? '† the monitors constrain no total of the group.'
    : `† hardly moved by the monitors (less than ${LEAST_MOVEMENT} of the prior’s spread): constrained by the prior only.`;
  return [
    groups.some((group) => context.notObserved(group)) && unseen,
    groups.some((group) => context.notInverted(group)) && '§ not inverted: as in the prior.',
    uncertainty &&
      `${UNCONSTRAINED} total not constrained by the monitors: its uncertainty has fallen by less than ${percent(uncertainty.leastReduction)}.`,
  ]
    .flatMap((note) => (note ? [` ${note}`] : []))
    .join('');
}

function regionCell(context: PageContext, region: ReportRegion, emissions: ReportEmissions | undefined): Content {
  if (!emissions) return '–';
  const { grid } = context.data;
  const [prior, updated] = [annualTotal(grid, emissions.prior, region.mask), annualTotal(grid, emissions.updated, region.mask)];
  const moved = movedPart(grid, emissions.prior, emissions.updated, region.mask);
  return html`${significant(prior)} → ${significant(updated)}<br /><span class="small"
      >${change(relativeChange(prior, updated))}${marked(context, emissions, region.name)}, moved ${percent(moved)}</span
    >`;
}

function regionTable(context: PageContext): Markup {
  const { regions = [], groups, periods, emissions } = context.data;
  const rows = regions.flatMap((region) =>
    periods.map(({ name: period }, index) => ({
      cells: [
        region.name,
        ...(context.severalPeriods ? [period] : []),
        ...groups.map((group) =>
          regionCell(
            context,
            region,
            emissions.find((entry) => entry.period === period && entry.group === group),
          ),
        ),
      ],
      begins: index === 0,
    })),
  );
  if (rows.length === 0) return html``;
  return table({
    id: 'table-regions',
    caption: () => context.tableCaption('Emissions by region, prior → updated, change, and what was moved within the region.'),
    columns: [
      { title: 'Region', text: true },
      ...(context.severalPeriods ? [{ title: 'Period', text: true }] : []),
      ...groups.map((group) => ({ title: context.groupLabel(group), unit: unitText('Mt a-1') })),
    ],
    rows,
  });
}

function errorTable(context: PageContext): Markup {
  const errors = context.data.inventoryError ?? [];
  if (errors.length === 0) return html``;
  const withPeriod = errors.some(({ period }) => period !== undefined);
  const withNear = errors.some(({ nearMonitors }) => nearMonitors);
  return table({
    id: 'table-inventory-error',
    caption: () => context.tableCaption('Error of the inventory against the known truth (twin experiment).'),
    columns: [
      { title: 'Group', text: true },
      ...(withPeriod ? [{ title: 'Period', text: true }] : []),
      { title: 'Method', text: true },
      { title: 'Prior', group: 'Whole domain' },
      { title: 'Updated', group: 'Whole domain' },
      { title: 'Change of the error', group: 'Whole domain' },
      ...(withNear
        ? [
            { title: 'Prior', group: 'Near used monitors' },
            { title: 'Updated', group: 'Near used monitors' },
            { title: 'Change of the error', group: 'Near used monitors' },
          ]
        : []),
    ],
    rows: context.data.groups.flatMap((group) =>
      errors
        .filter((error) => error.group === group)
        .map(({ mode, period, priorError, updatedError, nearMonitors: near }, index) => ({
          cells: [
            context.groupLabel(group),
            ...(withPeriod ? [period ?? 'all'] : []),
            modeLabel(mode),
            percent(priorError, 1),
            percent(updatedError, 1),
            change(relativeChange(priorError, updatedError)),
            ...(withNear
              ? [percent(near?.priorError, 1), percent(near?.updatedError, 1), change(relativeChange(near?.priorError, near?.updatedError))]
              : []),
          ],
          begins: index === 0,
        })),
    ),
    note: withNear ? 'Near: cells within the correlation length of the inversion from a monitor that was used.' : undefined,
  });
}

export function emissions(context: PageContext): Markup {
  return html`<section id="emissions">
    <h2>Emissions</h2>
    ${totalsTable(context)}${errorTable(context)}${regionTable(context)}${emissionMaps(context, ordered(context))}
  </section>`;
}
