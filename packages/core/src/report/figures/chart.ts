/** Line charts by echarts, drawn to SVG text on the server. */
import { createRequire } from 'node:module';
import type * as Echarts from 'echarts';
import { niceCeiling, niceFloor } from './colour-scale';
import { significant } from '../html/format';
import type { Markup } from '../html/html';
import { html, trusted } from '../html/html';

const load = createRequire(__filename);

/** Loaded with the first chart: a tenth of a second that no other command should wait for. A page is made without waiting, so it is no import(). */
function echarts(): typeof Echarts {
  return load('echarts') as typeof Echarts;
}

export interface ChartLine {
  name: string;
  /** NaN leaves a gap */
  points: [x: number, y: number][];
  colour: string;
  dashed?: boolean;
  width?: number;
}

interface ChartSpec {
  title: string;
  /** for readers who do not see it: what is drawn, in words; the figures of the lines follow by themselves */
  description: string;
  lines: ChartLine[];
  xName: string;
  yName: string;
  /** x are milliseconds since 1970, UTC; labels are days of a zone so many hours ahead of UTC */
  time?: { utcOffsetHours: number };
  logarithmic?: boolean;
  /** x are whole numbers: no label between them */
  whole?: boolean;
  /** the y axis begins near the smallest value, not at 0 */
  fitted?: boolean;
  width?: number;
  height?: number;
}

const HEIGHT = 250;
const WIDTH = 520;
/** Of html/page-style.ts, for light and dark; echarts hands them on as they are. */
const TEXT = 'var(--ink)';
const HOUR = 3600e3;
const DAY = 24 * HOUR;
/** Pixels between the entries of a legend: echarts takes letters to be narrower than most fonts' are. */
const LEGEND_GAP = 28;

function axisLook(name: string, gap: number): object {
  return {
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: { color: TEXT, fontSize: 11 },
    axisLabel: { color: TEXT, fontSize: 10, hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: 'var(--soft)' } },
    splitLine: { lineStyle: { color: 'var(--grid)' } },
  };
}

function xAxis({ xName, time, whole, lines }: ChartSpec): object {
  if (!time) return { type: 'value', ...axisLook(xName, 24), min: 'dataMin', max: 'dataMax', ...(whole ? { minInterval: 1 } : {}) };
  const shift = time.utcOffsetHours * HOUR;
  // Labels are of days, so the axis begins with one: echarts counts its steps from there, and labels the end of the data as well, which is within a day.
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const { min, max } = extent(xs);
  const begin = Math.floor((min + shift) / DAY) * DAY - shift;
  const interval = dayStep(lines);
  const formatter = (value: number): string => ((value - begin) % interval === 0 ? new Date(value + shift).toISOString().slice(5, 10) : '');
  const look = axisLook(xName, 24);
  return {
    type: 'value',
    ...look,
    min: begin,
    max: Math.max(max, begin + HOUR), // an axis of one instant would have no length
    interval,
    axisLabel: { color: TEXT, fontSize: 10, hideOverlap: true, formatter },
  };
}

/** Of hours of many years, which are more than a call takes arguments. */
function extent(values: readonly number[]): { min: number; max: number } {
  return values.reduce(({ min, max }, value) => ({ min: Math.min(min, value), max: Math.max(max, value) }), { min: Infinity, max: -Infinity });
}

/** Ends close to the data: echarts would go to whole decades and leave half of the chart empty. */
function logExtent(lines: ChartLine[]): { min: number; max: number } {
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y).filter((y) => y > 0 && Number.isFinite(y)));
  const { min, max } = extent(values);
  return { min: niceFloor(min), max: niceCeiling(max) };
}

/** Whole days between the labels of a time axis, about eight labels. */
function dayStep(lines: ChartLine[]): number {
  const { min, max } = extent(lines.flatMap(({ points }) => points.map(([x]) => x)));
  const days = (max - min) / DAY;
  return Math.max(1, Math.ceil(days / 8)) * DAY;
}

function series(line: ChartLine, logarithmic: boolean): object {
  const drawable = (y: number): number | null => (Number.isFinite(y) && (!logarithmic || y > 0) ? y : null);
  return {
    type: 'line',
    name: line.name,
    data: line.points.map(([x, y]) => [x, drawable(y)]),
    showSymbol: line.points.length === 1,
    lineStyle: { color: line.colour, width: line.width ?? 1.6, type: line.dashed ? 'dashed' : 'solid' },
    itemStyle: { color: line.colour },
  };
}

/** What a reader takes from the lines: of a series its mean, else where each begins and ends. */
function reading({ lines, time }: ChartSpec): string {
  const words = lines.flatMap(({ name, dashed, points }) => {
    const values = points.map(([, y]) => y).filter(Number.isFinite);
    if (values.length === 0) return [];
    const label = dashed ? `${name} (dashed)` : name;
    if (time) return [`${label} ${significant(values.reduce((sum, value) => sum + value, 0) / values.length)} on average`];
    const [begin, end] = [values[0], values[values.length - 1]].map((value) => significant(value));
    return [values.length === 1 ? `${label} ${begin}` : `${label} from ${begin} to ${end}`];
  });
  return words.join(', ');
}

/**
 * @returns nothing where no line has a point
 */
export function drawChart(spec: ChartSpec): Markup {
  const lines = spec.lines.filter(({ points }) => points.length > 0);
  if (lines.length === 0) return html``;
  const [width, height] = [spec.width ?? WIDTH, spec.height ?? HEIGHT];
  const chart = echarts().init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit' },
      legend: {
        top: 0,
        left: 50,
        itemGap: LEGEND_GAP,
        itemWidth: 22,
        itemHeight: 8,
        textStyle: { color: TEXT, fontSize: 11 },
        icon: 'path://M0 3h22v2h-22z',
      },
      grid: { left: 58, right: 16, top: 30, bottom: 40 },
      xAxis: xAxis({ ...spec, lines }),
      yAxis: {
        type: spec.logarithmic ? 'log' : 'value',
        scale: spec.fitted ?? false,
        ...(spec.logarithmic ? logExtent(lines) : {}),
        ...axisLook(spec.yName, 44),
      },
      series: lines.map((line) => series(line, spec.logarithmic ?? false)),
    });
    const svg = chart.renderToSVGString();
    return html`<figure class="chart" role="img" aria-label="${spec.title}: ${spec.description}; ${reading({ ...spec, lines })}">
      ${trusted(svg)}
      <figcaption>${spec.title}</figcaption>
    </figure>`;
  } finally {
    chart.dispose(); // an undisposed chart keeps Node alive
  }
}
