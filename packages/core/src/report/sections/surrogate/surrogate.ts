/** The surrogate that carried the gradient: its response to emissions first (what the inversion needs), then its concentrations, then how it learned. */
import { drawChart } from '../../figures/chart';
import { change, chemical, fixed, MISSING, percent, significant, unitText } from '../../html/format';
import type { Markup } from '../../html/html';
import { html } from '../../html/html';
import { COLOURS, modeLabel } from '../page-context';
import type { PageContext } from '../page-context';
import { PUBLISHED_SURROGATE_MAE } from '../../data/published';
import { SHOWN_RESPONSE } from '../../data/report-data';
import { table } from '../../html/table';
import { initialTable } from '../initial-concentrations';

function changedEmissions({ data: { responseFactor } }: PageContext): string {
  const part = 'a group’s part of members that training did not see';
  return responseFactor === undefined ? part : `emissions of one group times ${responseFactor} for the whole period, or without such a run ${part}`;
}

function responseTable(context: PageContext): Markup {
  const response = (context.data.response ?? []).filter(({ relativeSize = Infinity }) => relativeSize >= SHOWN_RESPONSE);
  const withPeriod = response.some(({ period }) => period !== undefined);
  const withChange = response.some(({ ctmChange }) => ctmChange !== undefined);
  const unitOf = (pair: string): string => unitText(context.unit(pair.split('>')[1] ?? ''));
  if (response.length === 0) return html``;
  return table({
    id: 'table-response',
    caption: () => context.tableCaption(`Free-running response to emissions, surrogate against the transport model: ${changedEmissions(context)}.`),
    columns: [
      { title: 'Emission → species', text: true },
      ...(withPeriod ? [{ title: 'Period', text: true }] : []),
      { title: 'Method', text: true },
      { title: 'Slope', unit: '1 is right' },
      { title: 'r' },
      ...(withChange ? [{ title: 'Mean change, CTM' }, { title: 'Mean change, surrogate' }] : []),
    ],
    rows: response.map(({ pair, period, mode, slope, r, ctmChange, surrogateChange }, index) => ({
      cells: [
        chemical(pair),
        ...(withPeriod ? [period ?? 'all'] : []),
        modeLabel(mode),
        fixed(slope, 2),
        fixed(r, 2),
        ...(withChange ? [ctmChange, surrogateChange].map((value) => `${significant(value)}${value === undefined ? '' : ` ${unitOf(pair)}`}`) : []),
      ],
      begins: index > 0 && response[index - 1]?.mode !== mode,
    })),
    note: 'Slope of the surrogate’s change on the model’s change over cells and hours: below 1 the surrogate answers too weakly and an inversion overshoots. Pairs are left out in which the model’s own change is small: its root mean square below 2 % of the concentration.',
  });
}

function published(species: string): string {
  const mae = PUBLISHED_SURROGATE_MAE[species];
  return mae ? `${significant(mae.lstmUnet)} / ${significant(mae.resnet)}` : MISSING;
}

function errorTable(context: PageContext): Markup {
  const scores = context.data.surrogate ?? [];
  if (scores.length === 0) return html``;
  const withPeriod = scores.some(({ period }) => period !== undefined);
  return table({
    id: 'table-surrogate',
    caption: () => context.tableCaption('Error of the surrogate’s concentrations against the transport model on what was not trained on.'),
    columns: [
      { title: 'Species', text: true },
      ...(withPeriod ? [{ title: 'Period', text: true }] : []),
      { title: 'Method', text: true },
      { title: 'Not trained on', text: true },
      { title: 'MAE' },
      { title: 'NMB' },
      { title: 'NME' },
      { title: 'r' },
      { title: 'Huang et al. (2021), MAE' },
    ],
    rows: scores.map(({ species, period, mode, testRuns = [], choseWeights, mae, nmb, nme, r }, index) => ({
      cells: [
        html`${chemical(species)} <span class="unit">${unitText(context.unit(species))}</span>`,
        ...(withPeriod ? [period ?? 'all'] : []),
        modeLabel(mode),
        `${testRuns.length > 0 ? testRuns.join(', ') : 'last days'}${choseWeights ? ', which chose the weights' : ''}`,
        significant(mae),
        change(nmb),
        percent(nme),
        fixed(r, 2),
        published(species),
      ],
      begins: index > 0 && scores[index - 1]?.mode !== mode,
    })),
    note: 'The last column (their table 1: LSTM-U-Net / ResNet; China 2015, CMAQ) is for scale only. A small error here does not make a good inversion; the response does.',
  });
}

function learningFigure(context: PageContext): Markup {
  const charts = (context.data.learning ?? []).map(({ mode, points }) =>
    drawChart({
      title: `Training, ${modeLabel(mode)}`,
      description: 'loss by iteration',
      xName: 'iteration',
      yName: 'loss (dimensionless)',
      logarithmic: points.every(({ loss }) => loss > 0),
      lines: [
        { name: 'training loss', points: points.map(({ iteration, loss }) => [iteration, loss]), colour: COLOURS.updated, width: 1.2 },
        {
          name: 'test loss',
          points: points.flatMap(({ iteration, testLoss }): [number, number][] => (testLoss === undefined ? [] : [[iteration, testLoss]])),
          colour: COLOURS.prior,
        },
      ],
    }),
  );
  if (charts.length === 0) return html``;
  return html`<figure>
    <div class="panels charts">${charts}</div>
    ${context.figureCaption('Learning curves of the surrogate: loss on what is trained on, and on runs or days that are kept out of training.')}
  </figure>`;
}

export function surrogate(context: PageContext): Markup {
  const parts = [responseTable(context), initialTable(context), errorTable(context), learningFigure(context)];
  if (parts.every(({ text }) => text === '')) return html``;
  return html`<section id="surrogate">
    <h2>The surrogate</h2>
    ${parts}
  </section>`;
}
