/** One quantity against another (observed and simulated, true and found) as a density of pairs: tens of thousands of hours stay readable, and the figure stays small. */
import { quantile } from '../../base/vectors';
import { linearTicks, niceCeiling, tickLabel } from './colour-scale';
import { type Markup, html, trusted } from '../html/html';
import { DENSITY } from './palette';
import { encodePalettePng, pngDataUrl } from './png';

interface ScatterSpec {
  title: string;
  description: string;
  observed: ArrayLike<number>;
  simulated: ArrayLike<number>;
  /** both axes run from 0 to here; panels that are compared share it */
  end: number;
  xLabel: string;
  yLabel: string;
  /** short lines in the upper left corner, such as "MAE 3.1 ppb" */
  notes: string[];
}

const SIDE = 200;
const BINS = 50;
const LEFT = 46;
const TOP = 22;

/** One end of the axes for all series: the 99.9th percentile, rounded up. What lies beyond is counted in the last bin. */
export function scatterEnd(series: readonly ArrayLike<number>[]): number {
  const joined = new Float64Array(series.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const values of series) {
    joined.set(values, offset);
    offset += values.length;
  }
  return niceCeiling(quantile(joined, 0.999));
}

/** Counts per bin, logarithm of the count as colour. Row 0 is the top of the image. */
function densityImage({ observed, simulated, end }: ScatterSpec): string {
  const counts = new Uint32Array(BINS * BINS);
  const bin = (value: number): number => Math.min(BINS - 1, Math.max(0, Math.floor((value / end) * BINS)));
  for (let index = 0; index < observed.length; index++) {
    const [x, y] = [observed[index], simulated[index]];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    const binIndex = (BINS - 1 - bin(y)) * BINS + bin(x);
    counts[binIndex] = counts[binIndex] + 1;
  }
  const largest = counts.reduce((a, b) => Math.max(a, b), 1);
  const level = (count: number): number =>
    count === 0 ? 0 : 1 + Math.round((Math.log(count) / Math.log(Math.max(largest, 2))) * (DENSITY.length - 1));
  return pngDataUrl(encodePalettePng(Uint8Array.from(counts, level), BINS, BINS, DENSITY));
}

function axes({ end, xLabel, yLabel }: ScatterSpec): Markup {
  const position = (value: number): string => ((value / end) * SIDE).toFixed(1);
  return html`<g font-size="9.5" fill="currentColor"
    >${linearTicks(end, 4).map((tick) => {
      const label = tickLabel(tick);
      return html`<path
          d="M${position(tick)} ${SIDE}v3M0 ${(SIDE - (tick / end) * SIDE).toFixed(1)}h-3"
          stroke="currentColor"
          stroke-width="0.7"
        /><text x="${position(tick)}" y="${SIDE + 13}" text-anchor="middle">${label}</text
        ><text x="-5" y="${(SIDE - (tick / end) * SIDE + 3).toFixed(1)}" text-anchor="end">${label}</text>`;
    })}<text x="${SIDE / 2}" y="${SIDE + 27}" text-anchor="middle">${xLabel}</text
    ><text transform="translate(-35 ${SIDE / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text></g
  >`;
}

export function drawScatter(spec: ScatterSpec): Markup {
  const guide = (slope: number, dashes: string): Markup => {
    const [x, y] = slope >= 1 ? [SIDE / slope, 0] : [SIDE, SIDE * (1 - slope)];
    return html`<path d="M0 ${SIDE}L${x} ${y}" stroke="#333" stroke-width="0.8" stroke-dasharray="${dashes}" />`;
  };
  return html`<svg
    class="scatter"
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${LEFT + SIDE + 12} ${TOP + SIDE + 34}"
    width="${LEFT + SIDE + 12}"
    height="${TOP + SIDE + 34}"
    role="img"
    aria-label="${spec.title}: ${[spec.description, ...spec.notes].join('; ')}"
  >
    <text x="${LEFT}" y="14" font-size="11.5" font-weight="bold" fill="currentColor">${spec.title}</text>
    <g transform="translate(${LEFT} ${TOP})">
      <g class="density">
        <rect width="${SIDE}" height="${SIDE}" fill="#fff" stroke="#333" stroke-width="0.8" />
        <image class="cells" width="${SIDE}" height="${SIDE}" image-rendering="optimizeSpeed" href="${trusted(densityImage(spec))}" />
        ${guide(1, 'none')}${guide(2, '3 3')}${guide(0.5, '3 3')}
        <g font-size="10" fill="#111" stroke="#fff" stroke-width="3" paint-order="stroke">
          ${spec.notes.map((note, index) => html`<text x="6" y="${14 + 13 * index}">${note}</text>`)}
        </g>
      </g>
      ${axes(spec)}
    </g>
  </svg>`;
}
