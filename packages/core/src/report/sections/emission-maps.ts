/** Maps of the emissions, prior and updated, and of their change: all changes on one colour scale, so that groups, periods and methods compare by eye. */
import { quantile } from '../../base/vectors';
import { type ColourScale, divergingScale, limitText, sequentialScale } from '../figures/colour-scale';
import { monitorsDefinition } from '../figures/monitor-marks';
import { drawScatter, scatterEnd } from '../figures/scatter';
import { chemical, fixed, significant, unitText } from '../html/format';
import { type Markup, html } from '../html/html';
import { scores } from '../../inversion/scores/scores';
import { SECONDS_PER_YEAR } from '../../units/units';
import type { ReportEmissions } from '../data/report-data';
import type { PageContext } from './page-context';

/** kg m-2 s-1 → t km-2 a-1, the unit of inventories. */
const TO_DISPLAY = (SECONDS_PER_YEAR * 1e6) / 1e3;
const DISPLAY_UNIT = unitText('t km-2 a-1');
/** Cells with less than this part of the map's high end have no change worth a colour. */
const NEGLIGIBLE = 1e-4;

/** Of a twin experiment: the known inventory, kg m-2 s-1. */
export function truthOf({ prior, truthFactor }: ReportEmissions): Float64Array | undefined {
  return truthFactor && Float64Array.from(prior, (value, cell) => value * truthFactor[cell]);
}

/** 100 (field / prior − 1), NaN where the prior is negligible. */
function changeField(prior: ArrayLike<number>, field: ArrayLike<number>): Float64Array {
  const smallest = NEGLIGIBLE * quantile(Array.from(prior), 0.998);
  return Float64Array.from(prior, (value, cell) => (value > smallest ? 100 * (field[cell] / value - 1) : NaN));
}

/** Of one group in one period, in per cent of the prior. */
interface Changes {
  emissions: ReportEmissions;
  updated: Float64Array;
  truth?: Float64Array;
  paper?: Float64Array;
}

function changesOf(emissions: ReportEmissions): Changes {
  const { prior, updated, paper } = emissions;
  const truth = truthOf(emissions);
  return {
    emissions,
    updated: changeField(prior, updated),
    ...(truth ? { truth: changeField(prior, truth) } : {}),
    ...(paper ? { paper: changeField(prior, paper) } : {}),
  };
}

/** Of all maps of change. The paper's changes do not set it: they can be so large that they would hide the others. */
function scaleOf(changes: readonly Changes[]): ColourScale {
  return divergingScale(
    changes.flatMap(({ updated, truth }) => (truth ? [updated, truth] : [updated])),
    1,
  );
}

function extent(values: ArrayLike<number>): string {
  const list = Array.from(values);
  return `from ${significant(quantile(list, 0.001))} to ${significant(quantile(list, 0.999))}`;
}

/** Maps are also files of their own: the title says which period it is. */
function mapLabel(context: PageContext, { group, period }: ReportEmissions): string {
  return `${chemical(group)}${context.severalPeriods ? `, ${period}` : ''}`;
}

function changeMap(context: PageContext, emissions: ReportEmissions, field: Float64Array, subject: string, slug: string, scale: ColourScale): Markup {
  return context.map(['emissions', emissions.group, emissions.period, slug], {
    ...(slug === 'change' ? { outline: emissions.constrained } : {}),
    title: `${mapLabel(context, emissions)}: ${subject}`,
    description: `change of the emissions relative to the prior, ${extent(field)} per cent`,
    unit: '% of the prior',
    scale,
    field,
    monitors: context.data.stations,
  });
}

/** Cell by cell: by what factor the truth differs from the prior, and what factor the inversion found. */
function factorScatter(context: PageContext, { emissions, updated: change }: Changes): Markup {
  const { truthFactor } = emissions;
  if (!truthFactor) return html``;
  const updatedFactors = change.map((percentage) => 1 + percentage / 100);
  const truth = Float64Array.from(updatedFactors, (factor, cell) => (Number.isFinite(factor) ? truthFactor[cell] : NaN));
  return drawScatter({
    title: `${mapLabel(context, emissions)}: factors on the prior`,
    description: 'density of cells by the true factor and the factor found by the inversion',
    observed: truth,
    simulated: updatedFactors,
    end: scatterEnd([truth, updatedFactors]),
    xLabel: 'true factor',
    yLabel: 'updated / prior',
    notes: [`r ${fixed(scores(truth, updatedFactors).r, 2)} over cells`],
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

function groupMaps(context: PageContext, changes: Changes, scale: ColourScale): Markup {
  const { emissions, updated: updatedChange, truth, paper } = changes;
  const { group, period, prior, updated } = emissions;
  const display = (field: ArrayLike<number>): Float64Array => Float64Array.from(field, (value) => (value > 0 ? value * TO_DISPLAY : NaN));
  const label = mapLabel(context, emissions);
  const amounts = sequentialScale([display(prior), display(updated)]);
  const amount = (field: ArrayLike<number>, subject: string): Markup =>
    context.map(['emissions', group, period, subject], {
      title: `${label}: ${subject}`,
      description: `emission rate, ${extent(display(field))} tonnes per square kilometre and year`,
      unit: DISPLAY_UNIT,
      scale: amounts,
      field: display(field),
      monitors: context.data.stations,
    });
  const maps = [
    amount(prior, 'prior'),
    amount(updated, 'updated'),
    changeMap(context, emissions, updatedChange, 'change', 'change', scale),
    ...(truth ? [changeMap(context, emissions, truth, 'true change', 'true-change', scale)] : []),
    ...(paper ? [changeMap(context, emissions, paper, 'change, paper’s method', 'paper-change', scale)] : []),
  ];
  const caption = `${context.groupLabel(group)}${context.severalPeriods ? `, ${period}` : ''}: mean emissions, prior and updated on one ${amounts.logarithmic ? 'logarithmic ' : ''}scale; changes relative to the prior on the scale of all maps of change on this page, ${limitText(scale, '%')}. Grey: no emissions, or too little for a change to mean anything. Values beyond a scale take the colour of its end. Small marks: monitors, by what the inversion did with them.${constrainedText(emissions)}`;
  return html`<figure>
    <div class="panels maps ${maps.length === 4 && !truth ? 'four' : ''}">${maps}${factorScatter(context, changes)}</div>
    ${context.figureCaption(caption)}
  </figure>`;
}

/** Of each group and period a figure. */
export function emissionMaps(context: PageContext, emissionsList: readonly ReportEmissions[]): Markup {
  const changes = emissionsList.map(changesOf);
  const scale = scaleOf(changes);
  return html`${monitorsDefinition(context.data.stations, context.basemap.frame)}${changes.map((groupChanges) => groupMaps(context, groupChanges, scale))}`;
}
