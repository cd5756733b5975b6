/** The inventory: totals, what was moved within them, regions, error against a known truth, and maps. */
import { quantile } from '../../base/vectors';
import { type ColourScale, divergingScale, sequentialScale } from '../figures/colour-scale';
import { change, chemical, fixed, percent, relativeChange, significant, unitText } from '../html/format';
import { type Content, type Markup, html } from '../html/html';
import { modeLabel, type PageContext } from './page-context';
import { scores } from '../../inversion/scores/scores';
import { SECONDS_PER_YEAR } from '../../units/units';
import type { ReportEmissions, ReportRegion } from '../data/report-data';
import { drawScatter, scatterEnd } from '../figures/scatter';
import { annualTotal, movedPart } from '../data/statistics';
import { type Row, table } from '../html/table';

/** kg m-2 s-1 → t km-2 a-1, the unit of inventories. */
const TO_DISPLAY = (SECONDS_PER_YEAR * 1e6) / 1e3;
const DISPLAY_UNIT = unitText('t km-2 a-1');
/** Cells with less than this part of the map's high end have no change worth a colour. */
const NEGLIGIBLE = 1e-4;

/** "‡" where the monitors do not constrain a total. */
export const UNCONSTRAINED = '‡';

/** Whether the total of a group, in a region or the whole domain, is known not to be constrained. */
export function isUnconstrained({ data }: PageContext, { period, group }: ReportEmissions, region?: string): boolean {
  const area = data.uncertainty?.areas.find((each) => each.period === period && each.group === group && each.region === region);
  return area !== undefined && !area.total.constrained;
}

function marked(context: PageContext, emissions: ReportEmissions, region?: string): string {
  return isUnconstrained(context, emissions, region) ? ` ${UNCONSTRAINED}` : '';
}

/** Of a twin experiment: the known inventory, kg m-2 s-1. */
export function truthOf({ prior, truthFactor }: ReportEmissions): Float64Array | undefined {
  return truthFactor && Float64Array.from(prior, (value, cell) => value * truthFactor[cell]);
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
      ...(context.data.twin ? [change(relativeChange(total, sum(truth)), 1)] : []),
      ...(context.hasPaper ? [change(relativeChange(total, sum(paper)), 1), paper ? percent(movedPart(grid, prior, paper), 1) : '–'] : []),
    ],
    begins,
  };
}

function ordered(context: PageContext): ReportEmissions[] {
  const { periods, groups, emissions } = context.data;
  return periods.flatMap(({ name }) => groups.flatMap((group) => emissions.filter((each) => each.period === name && each.group === group)));
}

function totalsTable(context: PageContext): Markup {
  const all = ordered(context);
  const rows = all.map((emissions, index) => totalsRow(context, emissions, index > 0 && all[index - 1]?.period !== emissions.period));
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
      ...(context.data.twin ? [{ title: 'True change' }] : []),
      ...(context.hasPaper
        ? [
            { title: 'Change', group: 'Paper’s method' },
            { title: 'Moved', group: 'Paper’s method' },
          ]
        : []),
    ],
    rows,
    note: `Moved: Σ|updated − prior| over the cells, as part of the prior total; ups and downs that cancel in the total show here.${marksNote(context)}`,
  });
}

/** What the marks behind groups and totals say, a space before each. */
export function marksNote(context: PageContext): string {
  const { groups, uncertainty, unconstrainedGroups } = context.data;
  const unseen = unconstrainedGroups
    ? '† the monitors constrain no total of the group.'
    : '† not seen by any monitor: constrained by the prior only.';
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
            emissions.find((each) => each.period === period && each.group === group),
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

/** 100 (field / prior − 1), NaN where the prior is negligible. */
function changeField(prior: ArrayLike<number>, field: ArrayLike<number>): Float64Array {
  const least = NEGLIGIBLE * quantile(Array.from(prior), 0.998);
  return Float64Array.from(prior, (value, cell) => (value > least ? 100 * (field[cell] / value - 1) : NaN));
}

function extent(values: ArrayLike<number>): string {
  const all = Array.from(values);
  return `from ${significant(quantile(all, 0.001))} to ${significant(quantile(all, 0.999))}`;
}

/** Maps are also files of their own: the title says which period it is. */
function mapLabel(context: PageContext, { group, period }: ReportEmissions): string {
  return `${chemical(group)}${context.severalPeriods ? `, ${period}` : ''}`;
}

function changeMap(context: PageContext, emissions: ReportEmissions, field: Float64Array, what: string, slug: string, scale: ColourScale): Markup {
  return context.map(['emissions', emissions.group, emissions.period, slug], {
    ...(slug === 'change' ? { outline: emissions.constrained } : {}),
    title: `${mapLabel(context, emissions)}: ${what}`,
    description: `change of the emissions relative to the prior, ${extent(field)} per cent`,
    unit: '% of the prior',
    scale,
    field,
  });
}

/** Cell by cell: by what factor the truth differs from the prior, and what factor the inversion found. */
function factorScatter({ group, prior, updated, truthFactor }: ReportEmissions): Markup {
  if (!truthFactor) return html``;
  const found = changeField(prior, updated).map((percentage) => 1 + percentage / 100);
  const truth = Float64Array.from(found, (factor, cell) => (Number.isFinite(factor) ? truthFactor[cell] : NaN));
  return drawScatter({
    title: `${chemical(group)}: factors on the prior`,
    description: 'density of cells by the true factor and the factor found by the inversion',
    observed: truth,
    simulated: found,
    end: scatterEnd([truth, found]),
    xLabel: 'true factor',
    yLabel: 'updated / prior',
    notes: [`r ${fixed(scores(truth, found).r, 2)} over cells`],
  });
}

/** The outline is drawn at a half: where factors change within a period, cells may be constrained in some of its stretches alone. */
function constrainedText({ constrained }: ReportEmissions): string {
  if (!constrained) return '';
  const parts = Array.from(constrained);
  const often = parts.some((part) => part > 0 && part < 1) ? ' in half of the period or more' : '';
  if (parts.some((part) => part >= 0.5))
    return ` Dashed, on the map of the change: around the cells that the monitors constrain${often}; beyond them the change is the prior’s correlation and the surrogate’s answer.`;
  return often
    ? ` The monitors constrain no cell${often}, some for less: the change of the mean is hardly a finding.`
    : ' The monitors constrain no cell: the change is not a finding.';
}

function groupMaps(context: PageContext, emissions: ReportEmissions): Markup {
  const { group, period, prior, updated, paper } = emissions;
  const display = (field: ArrayLike<number>): Float64Array => Float64Array.from(field, (value) => (value > 0 ? value * TO_DISPLAY : NaN));
  const label = mapLabel(context, emissions);
  const amounts = sequentialScale([display(prior), display(updated)]);
  const truth = truthOf(emissions);
  const changes: [Float64Array, string, string][] = [[changeField(prior, updated), 'change', 'change']];
  if (truth) changes.push([changeField(prior, truth), 'true change', 'true-change']);
  const ownFields = changes.map(([field]) => field); // the paper's changes can be so large that its scale would hide the others
  const scale = divergingScale(ownFields, 1);
  if (paper) changes.push([changeField(prior, paper), 'change, paper’s method', 'paper-change']);
  const amount = (field: ArrayLike<number>, what: string): Markup =>
    context.map(['emissions', group, period, what], {
      title: `${label}: ${what}`,
      description: `emission rate, ${extent(display(field))} tonnes per square kilometre and year`,
      unit: DISPLAY_UNIT,
      scale: amounts,
      field: display(field),
    });
  const maps = [
    amount(prior, 'prior'),
    amount(updated, 'updated'),
    ...changes.map(([field, what, slug]) => changeMap(context, emissions, field, what, slug, scale)),
  ];
  const caption = `${context.groupLabel(group)}${context.severalPeriods ? `, ${period}` : ''}: mean emissions, prior and updated on one ${amounts.logarithmic ? 'logarithmic ' : ''}scale, and changes relative to the prior on one scale. Grey: no emissions, or too little for a change to mean anything. Values beyond a scale take the colour of its end.${constrainedText(emissions)}`;
  return html`<figure>
    <div class="panels maps ${maps.length === 4 && !emissions.truthFactor ? 'four' : ''}">${maps}${factorScatter(emissions)}</div>
    ${context.figureCaption(caption)}
  </figure>`;
}

export function emissions(context: PageContext): Markup {
  return html`<section id="emissions">
    <h2>Emissions</h2>
    ${totalsTable(context)}${errorTable(context)}${regionTable(context)}${ordered(context).map((each) => groupMaps(context, each))}
  </section>`;
}
