/** The closed loop: what each pass promised at the monitors, and what the transport model made of it. */
import { drawChart, type ChartLine } from '../../figures/chart';
import { chemical, fixed, percent, significant, unitText } from '../../html/format';
import type { Markup } from '../../html/html';
import { html } from '../../html/html';
import { COLOURS } from '../page-context';
import type { PageContext } from '../page-context';
import type { LoopGain, LoopPassScore, ReportLoop } from '../../data/report-data';
import { table, type Column, type Row } from '../../html/table';

const SIDES = ['used', 'withheld'] as const;
type Side = (typeof SIDES)[number];

const SIDE_COLOURS: Record<Side, string> = { used: COLOURS.prior, withheld: COLOURS.updated };

function find({ gains }: LoopPassScore, species: string, stations: Side, region: string | undefined): LoopGain | undefined {
  return gains.find((gain) => gain.species === species && gain.stations === stations && gain.region === region);
}

/** Gains as parts of the prior run's error; realised: undefined where the transport model did not run. */
function partsOf({ priorMae, predictedMae, realisedMae }: LoopGain): { predicted: number; realised: number | undefined } {
  return { predicted: 1 - predictedMae / priorMae, realised: realisedMae === null ? undefined : 1 - realisedMae / priorMae };
}

function sideColumns(side: Side): Column[] {
  const group = side === 'used' ? 'At used monitors' : 'At withheld monitors';
  return [
    { title: 'Prior MAE', group },
    { title: 'Predicted gain', group },
    { title: 'Realised gain', group },
    { title: 'Difference', unit: 'of realised', group },
  ];
}

function sideCells(gain: LoopGain | undefined): string[] {
  if (!gain) return ['–', '–', '–', '–'];
  const { predicted, realised } = partsOf(gain);
  const difference = realised === undefined || realised === 0 ? undefined : (predicted - realised) / Math.abs(realised);
  return [fixed(gain.priorMae, 2), percent(predicted, 1), percent(realised, 1), percent(difference)];
}

function rowsOf(context: PageContext, { passes, kept }: ReportLoop, region: string | undefined): Row[] {
  return context.data.species.flatMap(({ name, unit }) =>
    passes.flatMap((pass, index): Row[] => {
      const gains = SIDES.map((side) => find(pass, name, side, region));
      if (gains.every((gain) => !gain)) return [];
      const head = [html`${chemical(name)} <span class="small">(${unitText(unit)})</span>`, `${pass.pass}${pass.pass === kept ? ' (kept)' : ''}`];
      return [
        {
          cells: [...(region === undefined ? [] : [region]), ...head, ...gains.flatMap(sideCells)],
          begins: index === 0,
          strong: pass.pass === kept,
        },
      ];
    }),
  );
}

function gainTable(context: PageContext, loop: ReportLoop): Markup {
  return table({
    id: 'table-loop',
    caption: () =>
      context.tableCaption(
        'Predicted and realised gain of each pass: fall of the mean absolute error, as part of that of the prior run. Predicted by the surrogate, anchored on the best run so far; realised by the transport model.',
      ),
    columns: [{ title: 'Species', text: true }, { title: 'Pass' }, ...SIDES.flatMap(sideColumns)],
    rows: rowsOf(context, loop, undefined),
    note: 'Used: those that chose the step or the pass included. Monitors of one cell count as one here, and only the hours that the inversion compares (inversion.hoursPerDay, from the first that the surrogate can predict), so that errors differ from those of the tables above.',
  });
}

function regionTable(context: PageContext, loop: ReportLoop): Markup {
  const regions = context.data.regions ?? [];
  return table({
    id: 'table-loop-regions',
    caption: () => context.tableCaption('The same by region.'),
    columns: [{ title: 'Region', text: true }, { title: 'Species', text: true }, { title: 'Pass' }, ...SIDES.flatMap(sideColumns)],
    rows: regions.flatMap(({ name }) => rowsOf(context, loop, name)),
  });
}

function gainChart({ passes }: ReportLoop, species: string): Markup {
  const lines = SIDES.flatMap((side): ChartLine[] => {
    const gains = passes.flatMap((pass) => {
      const gain = find(pass, species, side, undefined);
      return gain ? [{ pass: pass.pass, ...partsOf(gain) }] : [];
    });
    if (gains.length === 0) return [];
    const points = (kind: 'predicted' | 'realised'): [number, number][] => gains.map((passGain) => [passGain.pass, 100 * (passGain[kind] ?? NaN)]);
    return [
      { name: side, points: points('realised'), colour: SIDE_COLOURS[side] },
      { name: side, points: points('predicted'), colour: SIDE_COLOURS[side], dashed: true },
    ];
  });
  return drawChart({
    title: `Gain, ${chemical(species)}`,
    description: `realised (solid) and predicted (dashed) gain of ${passes.length} passes at used and withheld monitors`,
    xName: 'pass',
    yName: '% of the prior error',
    whole: true,
    fitted: true,
    lines,
  });
}

function outcome({ status, kept, passes }: ReportLoop): string {
  const ran = passes.filter(({ realisedError }) => realisedError !== null);
  const errors = ran.map(({ pass, realisedError }) => `${significant(100 * realisedError!)} % after pass ${pass}`).join(', ');
  const end =
    status === 'agreed'
      ? `It ended before the transport model ran for pass ${passes[passes.length - 1].pass}: predicted and realised gain agreed, and little was promised`
      : 'All passes that were asked for were made';
  return `${end}. Error at used monitors, mean over species, relative to the prior run: ${errors}. Kept: pass ${kept}, whose results are those of this page.`;
}

export function loop(context: PageContext): Markup {
  const { loop: data } = context.data;
  if (!data) return html``;
  const charts = context.data.species.map(({ name }) => gainChart(data, name)).filter(({ text }) => text !== '');
  return html`<section id="loop">
    <h2>The closed loop</h2>
    <p>${outcome(data)}</p>
    ${gainTable(context, data)}
    <figure>
      <div class="panels charts">${charts}</div>
      ${context.figureCaption('Gain of each pass: realised by the transport model (solid) and predicted by the anchored surrogate (dashed).')}
    </figure>
    ${regionTable(context, data)}
  </section>`;
}
