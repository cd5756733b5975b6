/** Choosing a monitor and a species and reading its series: what the page holds for it, and the controls that its script brings to life. */
import { scores, type Scores } from '../../inversion/scores/scores';
import { cssColour, DIVERGING, GROUND } from '../figures/palette';
import { chemical, joined, unitText } from '../html/format';
import { html, trusted, type Markup } from '../html/html';
import { errorChanges } from '../sections/concentrations';
import type { PageContext } from '../sections/page-context';
import { basemapUse } from '../figures/map';
import { markPath } from '../figures/monitor-marks';
import type { ReportConcentrations } from '../data/report-data';
import { fitSeries, stationSeries, type FittedSeries } from './fitted-series';
import type { PickerData, PickerScores, PickerSeries, PickerStation } from './picker-data';

/** More than this need a larger map. */
const MANY_STATIONS = 300;
/** Colours of which the page is told; between them stations look alike. */
const MAP_COLOURS = 17;

const ROLES: readonly [role: PickerStation['role'], meaning: string][] = [
  ['withheld', 'the inversion never saw it'],
  ['watched', 'it only chose the step that was kept'],
  ['used', 'the inversion was fitted to it'],
];

/** Bytes for what the numbers of a fitted page take more than those of one that is not. */
const SPARE = 8192;

/** Five digits are more than any of them is known to. */
function rounded(value: number): number {
  return Number(value.toPrecision(5));
}

/** Of the values themselves, not of those that were rounded to fit the page. */
function scoresOf({ data }: PageContext, series: ReportConcentrations, station: number): PickerScores | null {
  const { observed, prior, updated } = stationSeries(series, station, data.stations.length, 1);
  const compared = observed.map((value, t) => (Number.isFinite(prior[t]) && Number.isFinite(updated[t]) ? value : NaN));
  const [priorScores, updatedScores] = [scores(compared, prior), scores(compared, updated)];
  if (priorScores.n === 0) return null;
  const scorePair = (key: 'meanSimulated' | 'bias' | 'mae'): [number, number] => [rounded(priorScores[key]), rounded(updatedScores[key])];
  const correlation = ({ r }: Scores): number | null => (Number.isFinite(r) ? rounded(r) : null);
  return [
    priorScores.n,
    rounded(priorScores.meanObserved),
    ...scorePair('meanSimulated'),
    ...scorePair('bias'),
    ...scorePair('mae'),
    correlation(priorScores),
    correlation(updatedScores),
  ];
}

function seriesOf(context: PageContext): PickerSeries[] {
  const { concentrations, periods, species, stations } = context.data;
  return concentrations.map((entry) => {
    const ofStations = stations.map((_, station) => scoresOf(context, entry, station));
    return {
      period: periods.findIndex(({ name }) => name === entry.period),
      species: species.findIndex(({ name }) => name === entry.species),
      start: entry.start.getTime(),
      stepSeconds: entry.stepSeconds,
      count: entry.observed.length / stations.length,
      step: 0,
      scores: ofStations,
    };
  });
}

/** Of values as the run has them; `fit` makes them those of the page. */
function unfittedData(context: PageContext): PickerData {
  const { caseName, periods, species, stations } = context.data;
  const markSize = stations.length > 800 ? 2 : stations.length > 250 ? 2.6 : 3.6;
  const tenths = (value: number): number => Math.round(10 * value) / 10;
  return {
    caseName,
    periods: periods.map(({ name }) => name),
    species: species.map(({ name, unit }) => ({ name, label: chemical(name), unit, unitLabel: unitText(unit) })),
    stations: stations.map(({ id, name, role, lon, lat }) => {
      const [x, y] = context.basemap.frame.place(lon, lat);
      return { id, ...(name === undefined ? {} : { name }), role, lon: rounded(lon), lat: rounded(lat), x: tenths(x), y: tenths(y) };
    }),
    roles: Object.fromEntries(ROLES.map(([role, meaning]) => [role, { meaning, mark: markPath(role, [0, 0], markSize) }])) as PickerData['roles'],
    markSize,
    series: seriesOf(context),
    colours: Array.from({ length: MAP_COLOURS }, (_, i) => cssColour(DIVERGING[Math.round((i * (DIVERGING.length - 1)) / (MAP_COLOURS - 1))])),
    coloursEnd: errorChanges(context).scale.domain[1],
  };
}

/** What the script is given, and the series of the stations, which together take at most `budget` bytes. */
export function fittedPicker(context: PageContext, budget: number): { data: PickerData; fitted: FittedSeries } {
  const data = unfittedData(context);
  const fitted = fitSeries(context.data, budget - Buffer.byteLength(JSON.stringify(data)) - SPARE);
  const series = data.series.map((unfitted, i) => ({
    ...unfitted,
    stepSeconds: unfitted.stepSeconds * fitted.averaged,
    count: Math.ceil(unfitted.count / fitted.averaged),
    step: fitted.steps[i],
  }));
  return { data: { ...data, series }, fitted };
}

/** How the page's values differ from the run's; nothing to say of left out stations where none is. */
function whatIsShown(context: PageContext, { averaged, lines, steps }: FittedSeries): Markup {
  const { concentrations, species, stations } = context.data;
  const rounding = species.flatMap(({ name, unit }) => {
    const i = concentrations.findIndex((entry) => entry.species === name);
    return i < 0 ? [] : [`${chemical(name)} to ${steps[i]} ${unitText(unit)}`];
  });
  const leftOut = lines.filter((line) => line === '').length;
  const hours = averaged * ((concentrations[0]?.stepSeconds ?? 3600) / 3600);
  return html`<p class="note">
    Values are rounded here (${joined(rounding)})${averaged > 1 && html` <b>and are means over ${hours} hours</b>, of the hours with an observation`};
    ${leftOut > 0 && html`<b>the series of ${leftOut} of ${stations.length} monitors are left out</b>, of withheld ones last, so that the page stays small; `}scores
    are of all values. <code>verify/pairs.nc</code> holds every value as it is, <code>verify/stations.csv</code> the scores. Times are the beginning
    of the ${hours === 24 ? 'day' : hours === 1 ? 'hour' : `${hours} hours that they are means of`}, UTC.
  </p>`;
}

function option(value: number | string, label: string): Markup {
  return html`<option value="${value}">${label}</option>`;
}

function controls(context: PageContext): Markup {
  const { concentrations, periods, species, stations } = context.data;
  const roles = ROLES.flatMap(([role]) => {
    const count = stations.filter((station) => station.role === role).length;
    return count > 0 ? [option(role, `${role} (${count})`)] : [];
  });
  return html`<div class="controls">
    <div class="control station-control">
      <label for="pick-station">Monitor</label>
      <div class="combined">
        <input id="pick-station" type="search" list="pick-stations" autocomplete="off" spellcheck="false" aria-describedby="pick-message" /><button
          type="button"
          id="pick-previous"
          aria-label="Previous monitor"
        >
          ‹</button
        ><button type="button" id="pick-next" aria-label="Next monitor">›</button>
      </div>
      <datalist id="pick-stations"></datalist>
    </div>
    <div class="control">
      <label for="pick-species">Species</label>
      <select id="pick-species">
        ${species.flatMap(({ name }, i) => (concentrations.some((entry) => entry.species === name) ? [option(i, chemical(name))] : []))}
      </select>
    </div>
    <div class="control">
      <label for="pick-period">Period</label>
      <select id="pick-period">
        ${periods.map(({ name }, i) => option(i, name))}
      </select>
    </div>
    <div class="control">
      <label for="pick-role">Monitors listed</label>
      <select id="pick-role">
        ${option('', `all (${stations.length})`)}${roles}
      </select>
    </div>
    <p id="pick-message" role="status"></p>
  </div>`;
}

/** Which mark is whose, of the roles that there are. */
function marksNote({ data }: PageContext): string {
  const marks = { used: 'Circles', watched: 'triangles', withheld: 'squares' };
  const present = (['used', 'watched', 'withheld'] as const).filter((role) => data.stations.some((station) => station.role === role));
  return present.length > 1 ? `${joined(present.map((role) => `${marks[role]}: ${role}`))}.` : '';
}

function stationMap(context: PageContext): Markup {
  const { width, height } = context.basemap.frame;
  return html`<div class="picker-map">
    <svg id="pick-map" viewBox="-1 -1 ${width + 2} ${(height + 2).toFixed(1)}" role="img" aria-label="Map of the monitors">
      <rect width="${width}" height="${height.toFixed(1)}" fill="${cssColour(GROUND)}" />
      ${basemapUse()}
      <g id="pick-marks" stroke="#111" stroke-width="${context.data.stations.length > MANY_STATIONS ? 0.35 : 0.7}"></g>
    </svg>
    <div id="pick-scale" class="scale" aria-hidden="true"><i></i><span></span><span>0</span><span></span></div>
    <p class="note">
      Choose a monitor by clicking it. Colour: change of MAE from prior to updated in this period, blue where the error fell. ${marksNote(context)}
    </p>
  </div>`;
}

/**
 * @param budget - bytes that the series may take
 * @returns nothing where there is no series
 */
export function stationPicker(context: PageContext, budget: number): { section: Markup; content: Markup } | undefined {
  const { concentrations, stations } = context.data;
  if (stations.length === 0 || concentrations.length === 0) return undefined;
  const { data, fitted } = fittedPicker(context, budget);
  const asJson = (value: unknown): Markup => trusted(JSON.stringify(value).replaceAll('<', '\\u003c'));
  const section = html`<section id="stations">
    <h2>Series at a monitor</h2>
    <p id="picker-missing">Choosing a monitor needs scripts, which this browser does not run here. The figures of this page need none.</p>
    <div id="picker" hidden>
      ${controls(context)}
      <div class="picker-body ${context.data.stations.length > MANY_STATIONS && 'many'}">
        ${stationMap(context)}
        <div class="picker-series">
          <h3 id="pick-title"></h3>
          <p id="pick-role-meaning" class="small"></p>
          <p id="pick-readout" class="readout"></p>
          <div id="pick-chart"></div>
          <div class="buttons">
            <button type="button" id="pick-in">Zoom in</button><button type="button" id="pick-out">Zoom out</button
            ><button type="button" id="pick-whole">Whole period</button><button type="button" id="pick-csv">Download as CSV</button>
          </div>
          <div id="pick-scores" class="table" tabindex="0" role="region" aria-label="Scores of the series"></div>
        </div>
      </div>
      ${whatIsShown(context, fitted)}
    </div>
  </section>`;
  const content = html`<script type="application/json" id="picker-data">
      ${asJson(data)}
    </script>
    <script type="application/json" id="picker-series">
      ${asJson(fitted.lines)}
    </script>`;
  return { section, content };
}
