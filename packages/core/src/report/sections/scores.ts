/** Scores where they differ (regions, periods, types of site) with intervals, and as regulators give them, with published benchmarks. */
import type { Averaging } from '../../base/species';
import type { Rating } from '../../inversion/scores/performance-benchmarks';
import type { MaeChange } from '../../inversion/scores/mae-change';
import { isWhole, type DistanceKm, type ScoreRow } from '../../inversion/scores/score-rows';
import { change, chemical, fixed, MISSING, significant, unitText } from '../html/format';
import type { Content, Markup } from '../html/html';
import { html } from '../html/html';
import { membersAloneTable } from './members-alone';
import type { PageContext } from './page-context';
import type { ReportScores } from '../data/report-data';
import type { Side } from '../data/statistics';
import { table, type Column, type Row } from '../html/table';

/** A row of the run's own mode, and that of the paper's mode on the same stations. */
interface Compared {
  main: ScoreRow;
  paper?: ScoreRow;
}

/** @param side - or the name of observations that only judge */
function comparedRows({ modes: [mainScores, paper] }: ReportScores, side: string): Compared[] {
  const ofPaper = new Map(paper?.rows.map((row) => [subject(row), row]));
  return mainScores.rows.flatMap((row) => (row.stations === side ? [{ main: row, paper: ofPaper.get(subject(row)) }] : []));
}

/** What tells one row of a run from another. */
function subject({ species, averaging, stations, region, period, type, nearestUsedKm }: ScoreRow): string {
  return JSON.stringify([species, averaging, stations, region, period, type, nearestUsedKm?.above, nearestUsedKm?.upTo]);
}

/** What was measured, not what was made of it for benchmarks. */
function isMeasured({ main }: Compared, rows: readonly Compared[]): boolean {
  return rows.find(({ main: { species } }) => species === main.species)?.main.averaging === main.averaging;
}

function place({ main: { region, period, type, nearestUsedKm } }: Compared): Content {
  if (region !== undefined) return region;
  if (period !== undefined) return period;
  if (nearestUsedKm !== undefined) return distance(nearestUsedKm);
  return type === undefined ? html`<b>all</b>` : `${type} sites`;
}

function distance({ above, upTo }: DistanceKm): string {
  const [lower, upper] = [above, upTo].map((km) => km?.toFixed(0));
  if (upper === undefined) return `farther than ${lower} km from used`;
  return above === 0 ? `within ${upper} km of used` : `${lower} to ${upper} km from used`;
}

function changeCell(maeChange: MaeChange | undefined): Content {
  return html`<b>${change(maeChange?.relative)}</b>`;
}

function changeCells(maeChange: MaeChange | undefined): Content[] {
  const interval = maeChange?.interval;
  return [changeCell(maeChange), interval ? `${change(interval.low)} to ${change(interval.high)}` : MISSING];
}

/** What the misfit of used monitors tells of withheld ones without any emissions. */
const INTERPOLATED: Column[] = [
  { title: 'each time', group: 'Misfit interpolated' },
  { title: 'its mean', group: 'Misfit interpolated' },
];

function interpolatedCells({ interpolated }: ScoreRow): Content[] {
  return [interpolated?.each, interpolated?.mean].map((run) => change(run?.change.relative));
}

const FOUND_NOTE =
  'With what was found: the updated run plus what the inversion found beside the emissions, of the weather, of rates, of what all monitors share. Withheld monitors have no say in that either, so that where it lowers their error more than the emissions alone do, it is no mere room for the misfit.';

const BIAS_NOTE =
  'Without bias: updated against prior once each run has the median misfit of the monitors in the cost added to all its values. What is the same everywhere, an error of the model or what all monitors see and no cell does, then counts for nothing; what is left of the change is the pattern.';

function changeColumns(group: string): Column[] {
  return [
    { title: 'change', group },
    { title: '90 % interval', group },
  ];
}

/** One division at a time: the table of every region in every period stands in the CSV. */
export function placeTable(context: PageContext, scores: ReportScores, side: string): Markup {
  const compared = comparedRows(scores, side);
  const rows = compared.filter((row) => isMeasured(row, compared) && !(row.main.region !== undefined && row.main.period !== undefined));
  const isCases = side === 'withheld' || side === 'used';
  const hasPaper = scores.modes.length > 1;
  const hasInterpolated = rows.some(({ main }) => main.interpolated !== undefined);
  const hasFound = rows.some(({ main }) => main.found !== undefined);
  const hasCorrected = rows.some(({ main }) => main.biasCorrected !== undefined);
  return table({
    id: `table-places-${side}`,
    caption: () =>
      context.tableCaption(
        `Mean absolute error at ${isCases ? `${side} monitors` : `the monitors of ${side}`} by region, period${side !== 'used' ? ', type of site and distance from the nearest used monitor' : ' and type of site'}.`,
      ),
    columns: [
      { title: 'Species', text: true },
      { title: 'Where and when', text: true },
      { title: 'Monitors' },
      { title: 'Blocks' },
      { title: 'prior', group: 'MAE' },
      { title: 'updated', group: 'MAE' },
      ...changeColumns('Updated against prior'),
      ...(hasFound ? changeColumns('With what was found') : []),
      ...(hasPaper ? [{ title: 'change', group: 'Paper' }] : []),
      ...(hasCorrected ? [{ title: 'change', group: 'Without bias' }] : []),
      ...(hasInterpolated ? INTERPOLATED : []),
    ],
    rows: rows.map((row): Row => {
      const {
        species,
        monitors,
        change: { blocks },
        prior,
        updated,
      } = row.main;
      return {
        cells: [
          html`${chemical(species)} <span class="unit">${unitText(context.unit(species))}</span>`,
          place(row),
          String(monitors),
          String(blocks),
          significant(prior.mae),
          significant(updated.mae),
          ...changeCells(row.main.change),
          ...(hasFound ? changeCells(row.main.found?.change) : []),
          ...(hasPaper ? [changeCell(row.paper?.change)] : []),
          ...(hasCorrected ? [changeCell(row.main.biasCorrected?.updated.change)] : []),
          ...(hasInterpolated ? interpolatedCells(row.main) : []),
        ],
        begins: isWhole(row.main),
        strong: isWhole(row.main),
      };
    }),
    note: `Intervals come from drawing whole spatial blocks of monitors anew; with fewer than five blocks there is none. Of twenty such intervals two miss by chance: a row that stands out among many may be one of them. A place without a monitor that has a value has no scores. Regions by period, and the intervals of all runs, stand in verify/scores.csv.${hasFound ? ` ${FOUND_NOTE}` : ''}${hasCorrected ? ` ${BIAS_NOTE}` : ''}${hasInterpolated ? ' Misfit interpolated: the prior run with the misfit of the monitors in the cost, carried over by kriging, that of the same time or its mean over the period. It needs no emissions, and says how much of the error neighbours know: what an update leaves of it is weather, what monitors see and cells do not, or emissions that it did not find.' : ''}`,
  });
}

function averagingLabel(averaging: Averaging, ozoneCutoff: number): string {
  switch (averaging) {
    case 'hourly':
      return 'hourly';
    case 'hourly-cutoff':
      return `hourly, ≥ ${ozoneCutoff} ppb observed`;
    case 'daily-mean':
      return '24-hour means';
    case 'mda8':
      return 'MDA8';
  }
}

/** The space for a rating is there without one, too, so that numbers stand below each other and below their header. */
function rated(text: string, rating: Rating | undefined): Content {
  return html`${text} <span class="${rating ? `rating ${rating}` : 'rating'}">${rating}</span>`;
}

/** One line a run, prior first. */
function benchmarkRows(context: PageContext, { main, paper }: Compared, ozoneCutoff: number): Row[] {
  const { species, averaging, missing } = main;
  const head = [html`${chemical(species)} <span class="unit">${unitText(context.unit(species))}</span>`, averagingLabel(averaging, ozoneCutoff)];
  const runs = [
    { name: 'prior', scores: main.prior, ratings: main.ratings.prior },
    { name: 'updated', scores: main.updated, ratings: main.ratings.updated },
    ...(paper ? [{ name: 'paper', scores: paper.updated, ratings: paper.ratings.updated }] : []),
  ];
  if (missing !== undefined) return [{ cells: [...head, ...new Array<string>(10).fill(MISSING)], begins: true }];
  return runs.map(({ name, scores, ratings: { emery, boylanRussell } }, index) => ({
    cells: [
      ...(index === 0 ? head : ['', '']),
      name,
      String(scores.n),
      significant(scores.bias),
      significant(scores.rmse),
      rated(fixed(100 * scores.nmb, 1), emery?.nmb),
      rated(fixed(100 * scores.nme, 1), emery?.nme),
      rated(fixed(scores.mfb, 1), boylanRussell?.mfb),
      rated(fixed(scores.mfe, 1), boylanRussell?.mfe),
      rated(fixed(scores.r, 2), emery?.r),
      fixed(scores.ioa, 2),
    ],
    begins: index === 0,
  }));
}

function benchmarkTable(context: PageContext, scores: ReportScores, side: Side): Markup {
  const rows = comparedRows(scores, side).filter(({ main }) => isWhole(main));
  const missingNotes = rows.flatMap(({ main: { species, averaging, missing } }) =>
    missing === undefined ? [] : [`${chemical(species)}, ${averagingLabel(averaging, scores.ozoneCutoff)}: none: ${missing}.`],
  );
  const ratedColumn = (title: string): Column => ({ title: rated(title, undefined) });
  return table({
    id: `table-benchmarks-${side}`,
    caption: () =>
      context.tableCaption(`Scores at ${side} monitors as regulators give them, whole domain and all periods, with published benchmarks.`),
    columns: [
      { title: 'Species', text: true },
      { title: 'Values', text: true },
      { title: 'Run', text: true },
      { title: 'Pairs' },
      { title: 'MB' },
      { title: 'RMSE' },
      ...['NMB, %', 'NME, %', 'MFB, %', 'MFE, %', 'r'].map(ratedColumn),
      { title: 'IOA' },
    ],
    rows: rows.flatMap((row) => benchmarkRows(context, row, scores.ozoneCutoff)),
    note: `${missingNotes.map((text) => `${text} `).join('')}MB mean bias, RMSE root mean square error, both in the species’ unit; NMB, NME, MFB, MFE normalised and fractional bias and error; r Pearson’s correlation; IOA index of agreement (Willmott 1981). MDA8: maximum daily 8-hour mean. Goal, criteria or neither: O₃ and 24-hour PM₂.₅ by NMB, NME and r after Emery et al. (2017), 24-hour PM₂.₅ by MFB and MFE after Boylan and Russell (2006); they give none for NO₂ and SO₂.`,
  });
}

export function scores(context: PageContext): Markup {
  const { scores: data, membersAlone } = context.data;
  if (!data) return html``;
  // Where no station is withheld, or all are, the other side has nothing to say.
  const sides = (['withheld', 'used'] as const).filter((side) => comparedRows(data, side).some(({ main }) => main.prior.n > 0));
  return html`<section id="scores">
    <h2>Scores by place and season, and against benchmarks</h2>
    ${sides.map((side) => html`${placeTable(context, data, side)}${benchmarkTable(context, data, side)}`)}
    ${membersAlone ? membersAloneTable(context, membersAlone) : ''}
  </section>`;
}
