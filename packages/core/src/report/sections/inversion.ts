/** How the inversion went and ended: the cost and its terms, the error at watched monitors, cells at their bounds. */
import { drawChart } from '../figures/chart';
import { change, chemical, fixed, MISSING, percent, relativeChange, significant } from '../html/format';
import type { Markup } from '../html/html';
import { html } from '../html/html';
import { COLOURS, modeLabel } from './page-context';
import type { PageContext } from './page-context';
import type { InversionPoint, ReportInversion } from '../data/report-data';
import { table } from '../html/table';
import { initialGainTable } from './initial-concentrations';

function line(points: InversionPoint[], key: 'total' | 'observation' | 'prior' | 'watched'): [number, number][] {
  return points.flatMap((point): [number, number][] => {
    const value = point[key];
    return value === undefined || value === null ? [] : [[point.iteration, value]];
  });
}

function label({ mode, period }: ReportInversion): string {
  return `${modeLabel(mode)}${period === undefined ? '' : `, ${period}`}`;
}

function costChart(inversion: ReportInversion): Markup {
  const { points } = inversion;
  return drawChart({
    title: `Cost, ${label(inversion)}`,
    description: 'cost and its two terms by iteration',
    xName: 'iteration',
    yName: 'cost (dimensionless)',
    lines: [
      { name: 'total', points: line(points, 'total'), colour: COLOURS.observed },
      { name: 'observation term', points: line(points, 'observation'), colour: COLOURS.updated },
      { name: 'prior term', points: line(points, 'prior'), colour: COLOURS.neutral },
    ],
  });
}

function watchedChart(inversions: ReportInversion[]): Markup {
  const colours = [COLOURS.updated, COLOURS.prior, COLOURS.neutral, COLOURS.observed];
  return drawChart({
    title: 'Error at watched monitors, relative to the start',
    description: 'mean over species of the mean absolute error of the prediction, 1 at the start',
    xName: 'iteration',
    yName: 'MAE / MAE at the start',
    lines: inversions.map((inversion, index) => ({
      name: [inversion.mode === 'paper' ? 'paper' : 'default', inversion.period ?? ''].join(' ').trim(), // short: four must fit in one line
      points: line(inversion.points, 'watched'),
      colour: inversion.mode === 'paper' ? COLOURS.paper : colours[index % colours.length],
      dashed: inversion.mode === 'paper',
    })),
  });
}

function outcomeTable(context: PageContext, inversions: ReportInversion[]): Markup {
  const { groups } = context.data;
  const described = inversions.filter(({ status, keptIteration, atBound }) => status ?? keptIteration ?? atBound);
  return table({
    id: 'table-inversion',
    caption: () => context.tableCaption('How each inversion ended.'),
    columns: [
      { title: 'Inversion', text: true },
      { title: 'Ended', text: true },
      { title: 'Steps' },
      { title: 'Kept step' },
      { title: 'Cost' },
      ...groups.map((group) => ({ title: chemical(group), group: 'Cells at a bound' })),
    ],
    rows: described.map((inversion) => ({
      cells: [
        label(inversion),
        inversion.status ?? MISSING,
        fixed(inversion.iterations, 0),
        fixed(inversion.keptIteration, 0),
        change(costChange(inversion)),
        ...groups.map((group) => percent(inversion.atBound?.[group], 1)),
      ],
    })),
    note: 'Cost: change from the start to the kept step. A factor at its bound says that the prior, the model or the bound is wrong there, not that the emission is known.',
  });
}

function costChange({ points, keptIteration, from }: ReportInversion): number | undefined {
  const keptPoint = points.find(({ iteration }) => iteration === keptIteration) ?? points.at(-1);
  return relativeChange(from ?? points.at(0)?.total, keptPoint?.total);
}

/**
 * Numbers that stand by themselves one by one; of those that have many places or times the mean square where monitors see them, and of runs the mean: how much
 * is wrong everywhere.
 * Empty where nothing was inverted beside the emissions.
 */
function nuisanceTable(context: PageContext, inversions: ReportInversion[]): Markup {
  const terms = inversions.flatMap(({ nuisance = [] }) => nuisance);
  if (terms.length === 0) return html``;
  const kindOf = (name: string): string => name.split(/, draw | at /)[0];
  const rows = [...new Set(terms.map(({ name }) => kindOf(name)))].flatMap((kind) => {
    const ofKind = terms.filter(({ name }) => kindOf(name) === kind);
    const [{ name, unit, spread, value }] = ofKind;
    if (name === kind) return [[name, unit, spread, value] as const];
    // Those that no observation sees stay where they began.
    const seenTerms = ofKind.filter((term) => term.value !== 0);
    const meanOf = (quantity: (termValue: number) => number): number =>
      seenTerms.reduce((sum, term) => sum + quantity(term.value), 0) / Math.max(1, seenTerms.length);
    const mean = meanOf((number) => number);
    const rms = Math.sqrt(meanOf((number) => number ** 2));
    const draws = new Set(ofKind.map((term) => term.name.split(' at ')[0])).size;
    const countOf = (statistic: string, places: string): string => `${kind}, ${statistic} of ${seenTerms.length} ${places}`;
    if (kind.startsWith('bias ')) return [[countOf('root mean square', 'cells'), unit, spread, rms] as const];
    // Draws have no sign in common, so that their mean says nothing.
    if (draws > 1) return [[countOf('root mean square', `numbers of ${draws} draws`), unit, spread, rms] as const];
    return [
      [countOf('mean', 'places and times'), unit, '', mean] as const,
      [countOf('root mean square', 'places and times'), unit, spread, rms] as const,
    ];
  });
  const [biases, runs] = [true, false].map((bias) => rows.filter(([name]) => name.startsWith('bias ') === bias));
  return table({
    id: 'table-nuisance',
    caption: () => context.tableCaption('What was inverted beside the emissions.'),
    columns: [{ title: 'Term', text: true }, { title: 'Unit', text: true }, { title: 'Spread a priori' }, { title: 'Found' }],
    rows: [...runs, ...biases].map(([name, unit, spread, value]) => ({
      cells: [name, unit, spread === '' ? '' : significant(spread), fixed(value, 2)],
    })),
    note: 'These are added to what the surrogate simulates; the transport model that judges the result runs without them.',
  });
}

export function inversion(context: PageContext): Markup {
  const inversions = context.data.inversion ?? [];
  const watched = watchedChart(inversions);
  const charts = [...inversions.map(costChart), watched].filter(({ text }) => text !== '');
  const watchedText = watched.text === '' ? '' : '; and the error of its predictions at monitors outside the cost that chose when to stop';
  if (charts.length === 0) return html``;
  return html`<section id="inversion">
    <h2>The inversion</h2>
    ${outcomeTable(context, inversions)} ${nuisanceTable(context, inversions)} ${initialGainTable(context)}
    <figure>
      <div class="panels charts">${charts}</div>
      ${context.figureCaption(`Cost of each inversion and its terms${watchedText}.`)}
    </figure>
  </section>`;
}
