/** The transport model against the monitors, with prior and with updated emissions: tables, scatter, time series, station maps. */
import { drawChart } from '../figures/chart';
import { type ColourScale, divergingScale, limitText } from '../figures/colour-scale';
import { change, chemical, fixed, relativeChange, significant, unitText } from '../html/format';
import type { Markup } from '../html/html';
import { html } from '../html/html';
import { COLOURS } from './page-context';
import type { PageContext } from './page-context';
import { PUBLISHED_CTM_MAE } from '../data/published';
import { drawScatter, scatterEnd } from '../figures/scatter';
import type { Pairs, Scores, Side, Variant } from '../data/statistics';
import { errorChangeAtStation, meanSeries, pairs, variantScores } from '../data/statistics';
import type { Column, Row } from '../html/table';
import { table } from '../html/table';

const VARIANT_LABEL: Record<Variant, string> = { prior: 'prior', updated: 'updated', paper: 'paper' };

function scoreColumns(variants: Variant[], severalPeriods: boolean): Column[] {
  const columnsOf = (group: string): Column[] => variants.map((variant) => ({ title: VARIANT_LABEL[variant], group }));
  return [
    { title: 'Species', text: true },
    ...(severalPeriods ? [{ title: 'Period', text: true }] : []),
    { title: 'Monitors' },
    { title: 'Pairs' },
    { title: 'Observed', unit: 'mean' },
    ...columnsOf('MAE'),
    { title: 'change', group: 'MAE' },
    ...columnsOf('NMB, %'),
    ...columnsOf('NME, %'),
    ...columnsOf('r'),
  ];
}

function scoreRow(context: PageContext, species: string, side: Side, period: string | undefined): Row | undefined {
  const selection = pairs(context.data, { species, side, period });
  if (selection.observed.length === 0) return undefined;
  const unit = unitText(context.unit(species));
  const cellsOf = (show: (scores: Scores | undefined) => string): string[] =>
    context.variants.map((variant) => show(variantScores(selection, variant)));
  const prior = variantScores(selection, 'prior')?.mae;
  return {
    cells: [
      html`${chemical(species)} <span class="unit">${unit}</span>`,
      ...(context.severalPeriods ? [period ?? 'all'] : []),
      String(selection.stations),
      String(selection.observed.length),
      significant(mean(selection)),
      ...cellsOf((scores) => significant(scores?.mae)),
      html`<b>${change(relativeChange(prior, variantScores(selection, 'updated')?.mae))}</b>`,
      ...cellsOf((scores) => fixed(times100(scores?.nmb), 0)),
      ...cellsOf((scores) => fixed(times100(scores?.nme), 0)),
      ...cellsOf((scores) => fixed(scores?.r, 2)),
    ],
    begins: context.severalPeriods && period === undefined,
    strong: context.severalPeriods && period === undefined,
  };
}

function times100(fraction: number | undefined): number | undefined {
  return fraction === undefined ? undefined : 100 * fraction;
}

function mean({ observed }: Pairs): number {
  return observed.reduce((sum, value) => sum + value, 0) / observed.length;
}

function publishedNote(context: PageContext): string {
  const publishedChanges = context.data.species.flatMap(({ name }) => {
    const published = PUBLISHED_CTM_MAE[name];
    return published ? [`${chemical(name)} ${change(relativeChange(published.prior, published.updated))}`] : [];
  });
  return publishedChanges.length > 0
    ? ` For scale only: Huang et al. (2021, fig. 7) report changes of MAE of ${publishedChanges.join(', ')} for China 2015, on the stations used.`
    : '';
}

export function scoreTable(context: PageContext, side: Side): Markup {
  const periods = context.severalPeriods ? [undefined, ...context.data.periods.map(({ name }) => name)] : [undefined];
  const rows = context.data.species.flatMap(({ name }) => periods.flatMap((period) => scoreRow(context, name, side, period) ?? []));
  if (rows.length === 0) return html``;
  const judges = context.independent === undefined ? 'withheld monitors' : `the monitors of ${context.independent}`;
  const monitors = side === 'withheld' ? `${judges}, which the inversion never saw` : 'the monitors that the inversion used (in-sample)';
  return table({
    id: `table-${context.independent === undefined ? side : `independent-${context.independent}`}`,
    caption: () => context.tableCaption(`The transport model (${context.data.ctm}) against ${monitors}, with prior and with updated emissions.`),
    columns: scoreColumns(context.variants, context.severalPeriods),
    rows,
    note: `MAE mean absolute error and observed mean in the species’ unit; NMB and NME normalised mean bias and error; r Pearson’s correlation; change is that from prior to updated.${context.hasPaper ? ' Paper: the method of Huang et al. (2021).' : ''} All columns of a row rest on the same pairs.${side === 'used' ? publishedNote(context) : ''}`,
  });
}

const SIDES = ['withheld', 'used'] as const;

function scatterRow(context: PageContext, species: string): Markup[] {
  const unit = unitText(context.unit(species));
  const selections = SIDES.map((side) => ({ side, selection: pairs(context.data, { species, side }) })).filter(
    ({ selection }) => selection.observed.length > 0,
  );
  const end = scatterEnd(
    selections.flatMap(({ selection }) => [
      selection.observed,
      ...(['prior', 'updated'] as const).flatMap((variant) => selection.simulated[variant] ?? []),
    ]),
  );
  return selections.flatMap(({ side, selection }) =>
    (['prior', 'updated'] as const).map((variant) => {
      const variantScore = variantScores(selection, variant);
      const notes = [`MAE ${significant(variantScore?.mae)} ${unit}`, `r ${fixed(variantScore?.r, 2)}`];
      return drawScatter({
        title: `${chemical(species)}, ${side}, ${variant}`,
        description: `density of ${selection.observed.length} pairs of observed and simulated values with the ${variant} emissions`,
        observed: selection.observed,
        simulated: selection.simulated[variant] ?? [],
        end,
        xLabel: `observed (${unit})`,
        yLabel: `${variant} run (${unit})`,
        notes,
      });
    }),
  );
}

function scatterFigure(context: PageContext): Markup {
  const panels = context.data.species.flatMap(({ name }) => scatterRow(context, name));
  if (panels.length === 0) return html``;
  return html`<figure>
    <div class="panels scatter">${panels}</div>
    ${context.figureCaption('Observed against simulated concentrations, all periods: darker is more pairs (logarithm of the count). Lines: equal, and a factor of two either way. Values beyond an axis lie in its last bin.')}
  </figure>`;
}

/** 0 is UTC, 9 is UTC+9, −3.5 is UTC−3:30. */
function zoneName(hoursAhead: number): string {
  const minutes = Math.round(60 * Math.abs(hoursAhead));
  const rest = minutes % 60 === 0 ? '' : `:${String(minutes % 60).padStart(2, '0')}`;
  return minutes === 0 ? 'UTC' : `UTC${hoursAhead < 0 ? '−' : '+'}${Math.floor(minutes / 60)}${rest}`;
}

/** The mean over withheld monitors hides no station by choice: every one that has all series counts. */
function seriesFigure(context: PageContext): Markup {
  const { data } = context;
  const side = data.stations.some((station) => station.role === 'withheld') ? 'withheld' : 'used';
  const charts = data.concentrations.map((series) => {
    const means = meanSeries(data, series, side);
    const { utcOffsetHours = 0 } = series;
    const time = (step: number): number => series.start.getTime() + step * series.stepSeconds * 1000;
    const line = (name: 'observed' | Variant): [number, number][] => means[name].map((value, step) => [time(step), value]);
    const title = `${chemical(series.species)}${context.severalPeriods ? `, ${series.period}` : ''}`;
    return drawChart({
      title,
      description: `time series in ${unitText(context.unit(series.species))}, mean over ${side} monitors, observed and simulated with prior and updated emissions`,
      xName: `month-day, ${zoneName(utcOffsetHours)}`,
      yName: unitText(context.unit(series.species)),
      time: { utcOffsetHours },
      lines: [
        { name: 'observed', points: line('observed'), colour: COLOURS.observed, width: 1.3 },
        { name: 'prior', points: line('prior'), colour: COLOURS.prior },
        { name: 'updated', points: line('updated'), colour: COLOURS.updated },
        ...(means.paper.length > 0 && context.hasPaper
          ? [{ name: 'paper’s method', points: line('paper'), colour: COLOURS.paper, dashed: true, width: 1.1 }]
          : []),
      ],
    });
  });
  if (charts.length === 0) return html``;
  const step = (data.concentrations[0]?.stepSeconds ?? 3600) >= 86400 ? 'daily' : 'hourly';
  return html`<figure>
    <div class="panels charts">${charts}</div>
    ${context.figureCaption(`Mean over ${side} monitors, ${step} values: observed, and simulated with prior and with updated emissions.`)}
  </figure>`;
}

/** An error cannot fall by more than all of it. */
const WHOLE_ERROR = 100;

/** @param values - 100 × the change of MAE at each station over that of the prior run */
function stationMap(context: PageContext, species: string, values: readonly number[], scale: ColourScale): Markup {
  const finiteValues = values.filter(Number.isFinite);
  const better = finiteValues.filter((value) => value < 0).length;
  return context.map(['stations', ...(context.independent === undefined ? [] : [context.independent]), species], {
    title: `${chemical(species)}: change of MAE`,
    description: `error fell at ${better} of ${finiteValues.length} monitors`,
    unit: `% of the prior’s (blue: error fell, at ${better} of ${finiteValues.length} monitors)`,
    scale,
    marks: context.data.stations.map(({ lon, lat, role }, index) => ({ lon, lat, value: values[index] ?? NaN, role })),
  });
}

/** More marks than this need a larger map. */
const MANY_STATIONS = 300;

/** Per cent of the prior's error, at each station; and the scale that all maps of it have. */
export function errorChanges({ data }: PageContext): { changes: { species: string; values: number[] }[]; scale: ColourScale } {
  const changes = data.species
    .map(({ name }) => ({ species: name, values: data.stations.map((_, station) => 100 * errorChangeAtStation(data, name, station)) }))
    .filter(({ values }) => values.some(Number.isFinite));
  const scale = divergingScale(
    changes.map(({ values }) => values),
    1,
    WHOLE_ERROR,
  );
  return { changes, scale };
}

export function stationFigure(context: PageContext): Markup {
  const { data } = context;
  const { changes, scale } = errorChanges(context);
  if (changes.length === 0) return html``;
  const maps = changes.map(({ species, values }) => stationMap(context, species, values, scale));
  return html`<figure>
    <div class="panels maps ${data.stations.length > MANY_STATIONS ? 'two' : 'four'}">${maps}</div>
    ${context.figureCaption(`Change of the mean absolute error at each monitor${context.independent === undefined ? '' : ` of ${context.independent}`} from prior to updated, relative to that of the prior, all periods; all species on one scale, ${limitText(scale, '%')}, values beyond it in the colour of its end.${context.independent === undefined ? ' Those withheld have a dark edge.' : ''}`)}
  </figure>`;
}

export function concentrations(context: PageContext): Markup {
  return html`<section id="concentrations">
    <h2>Concentrations at the monitors</h2>
    ${SIDES.map((side) => scoreTable(context, side))}${scatterFigure(context)}${seriesFigure(context)}${stationFigure(context)}
  </section>`;
}
