/** Cross-validation: how well each setting of the inversion predicts monitors that were left out, which was chosen, and the L-curves beside it. */
import { drawChart, type ChartLine } from '../figures/chart';
import { chemical, fixed, percent } from '../html/format';
import type { Markup } from '../html/html';
import { html } from '../html/html';
import { COLOURS } from './page-context';
import type { PageContext } from './page-context';
import type { ReportCrossValidation } from '../data/report-data';
import { table } from '../html/table';

type LCurve = ReportCrossValidation['lCurves'][number];

function nameOf({ candidates }: ReportCrossValidation, index: number): string {
  return candidates[index].changes.join(', ') || 'the case’s own settings';
}

function outcome(data: ReportCrossValidation): string {
  const { candidates, best, picked, folds, applied, settings } = data;
  const { mean } = candidates[picked].score;
  const caseMean = candidates[0].score.mean;
  const groups = settings.by === 'regions' ? 'regions' : 'groups of whole blocks';
  const rule =
    picked === best
      ? 'It has the lowest error'
      : `Of the settings within one standard error of the best (${nameOf(data, best)}) it changes the fewest of the case’s keys`;
  const outcome = applied ? 'The inversion of this page was made with it.' : 'The inversion of this page has the case’s own settings all the same.';
  return (
    `The monitors that are not withheld were left out in turn, ${folds.length} ${groups} (${folds.map(({ stations }) => stations).join(', ')} stations), and predicted by inversions with the others. ` +
    `Chosen: ${nameOf(data, picked)}, with ${percent(mean, 1)} of the prior run’s error at the monitors left out; the case’s own settings have ${percent(caseMean, 1)}. ${rule}. ${outcome}`
  );
}

function candidateTable(context: PageContext, data: ReportCrossValidation): Markup {
  const species = context.data.species.filter(({ name }) => data.candidates.some(({ score }) => name in score.bySpecies));
  const { hoursPerDay, iterations } = data.settings;
  return table({
    id: 'table-cross-validation',
    caption: () =>
      context.tableCaption(
        'Mean absolute error at the monitors left out, as the surrogate predicts it, relative to that of the prior run: mean over folds and species, its standard error over folds, and by species.',
      ),
    columns: [
      { title: 'Changed', text: true },
      { title: 'Error' },
      { title: '±' },
      ...species.map(({ name }) => ({ title: chemical(name), group: 'By species' })),
    ],
    rows: data.candidates.map(({ score }, index) => ({
      cells: [
        `${nameOf(data, index)}${index === data.picked ? ' (chosen)' : ''}`,
        percent(score.mean, 1),
        percent(score.standardError, 1),
        ...species.map(({ name }) => percent(score.bySpecies[name], 1)),
      ],
      strong: index === data.picked,
    })),
    note: `Inversions of at most ${iterations} steps with ${hoursPerDay} hours a day. Scales are factors on all prior spreads, or on all errors of the observations. The surrogate judges here, not the transport model: its own error is in no figure of this table.`,
  });
}

const SCALES: Record<LCurve['key'], string> = { spreadScale: 'the prior spreads', errorScale: 'the errors of the observations' };

function lCurveChart(data: ReportCrossValidation, { key, points, corner }: LCurve): Markup {
  const logPoints = points.map(({ misfit, distance }): [number, number] => [Math.log10(misfit), Math.log10(distance)]);
  const mark = (name: string, index: number, colour: string): ChartLine[] => (index < 0 ? [] : [{ name, points: [logPoints[index]], colour }]);
  return drawChart({
    title: `L-curve over ${SCALES[key]}`,
    description: `distance from the prior against misfit of ${points.length} settings that differ in ${key} only`,
    xName: 'log₁₀ of the misfit Jₒ',
    yName: 'log₁₀ of the distance J_b',
    fitted: true,
    lines: [
      { name: 'settings', points: logPoints, colour: COLOURS.neutral },
      ...mark('corner', corner ?? -1, COLOURS.prior),
      ...mark(
        'chosen',
        points.findIndex(({ candidate }) => candidate === data.picked),
        COLOURS.updated,
      ),
    ],
  });
}

function cornerLine(data: ReportCrossValidation, { key, points, corner }: LCurve): Markup {
  const scale = (index: number): string => fixed(points[index].value, 2);
  const text =
    corner === null
      ? `it has no corner${points.length < 4 ? ' that so few points could show' : ''}`
      : `its corner, where the curve bends most, is at ${scale(corner)}`;
  const { candidate } = data.candidates[data.picked];
  return html`<p>
    L-curve over ${SCALES[key]} (${points.length} scales from ${scale(0)} to ${scale(points.length - 1)}): ${text}; cross-validation chose
    ${fixed(candidate[key], 2)}.
  </p>`;
}

function lCurves(context: PageContext, data: ReportCrossValidation): Markup {
  if (data.lCurves.length === 0) return html``;
  return html`${data.lCurves.map((curve) => cornerLine(data, curve))}
    <figure>
      <div class="panels charts">${data.lCurves.map((curve) => lCurveChart(data, curve))}</div>
      ${context.figureCaption('L-curves: distance from the prior against misfit, both in the norms of the case’s own settings, summed over folds.')}
    </figure>`;
}

export function crossValidation(context: PageContext): Markup {
  const { crossValidation: data } = context.data;
  if (!data) return html``;
  return html`<section id="cross-validation">
    <h2>Cross-validation</h2>
    <p>${outcome(data)}</p>
    ${candidateTable(context, data)}${lCurves(context, data)}
  </section>`;
}
