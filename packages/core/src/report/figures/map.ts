/**
 * One map on the model grid as SVG: cells (an embedded palette PNG, so that 232 x 182 cells stay small) or station marks, coasts, a net with its
 * degrees, and a colour bar with its unit. The same drawing serves the page and the PNG files.
 */
import { maskLines, type Basemap } from './basemap';
import type { ColourScale } from './colour-scale';
import type { Markup } from '../html/html';
import { html, trusted } from '../html/html';
import { drawMonitors, markPath, monitorLegend, placeIn, sharedMonitors, type Monitor } from './monitor-marks';
import { cssColour, GROUND } from './palette';
import { encodePalettePng, pngDataUrl } from './png';

interface StationMark extends Monitor {
  value: number;
}

export interface MapSpec {
  title: string;
  /** for readers who do not see it: what is drawn, its range, in words */
  description: string;
  unit: string;
  scale: ColourScale;
  /** `[H, W]`, rows south → north; NaN cells show the ground */
  field?: ArrayLike<number>;
  marks?: StationMark[];
  /** marked by their role, above the field */
  monitors?: readonly Monitor[];
  /** cells around which a line is drawn, `[H, W]`: those of 0.5 or more */
  outline?: ArrayLike<number>;
  rows: number;
  cols: number;
}

/** Pixels of a map's frame, without margins. */
export const MAP_WIDTH = 300;
const LEFT = 34;
const TOP = 24;
const RIGHT = 8;
const BAR_TOP = 24;
const BAR_HEIGHT = 9;
const BOTTOM = BAR_TOP + BAR_HEIGHT + 30;
const LEGEND = 19;

/** Id of the one path that all maps of a page share; see `basemapDefinition`. */
const SHARED_ID = 'basemap';

function basemapPaths(basemap: Basemap): Markup {
  return html`<path d="${trusted(basemap.graticule)}" fill="none" stroke="#000" stroke-opacity="0.16" stroke-width="0.5" /><path
      d="${trusted(basemap.lines)}"
      fill="none"
      stroke="#fff"
      stroke-opacity="0.55"
      stroke-width="1.8"
      stroke-linejoin="round"
    /><path d="${trusted(basemap.lines)}" fill="none" stroke="#111" stroke-width="0.7" stroke-linejoin="round" />`;
}

/** Stands once in the page; maps with `shared` refer to it instead of carrying the coast each. */
export function basemapDefinition(basemap: Basemap): Markup {
  return html`<svg width="0" height="0" style="position:absolute" aria-hidden="true">
    <defs><g id="${SHARED_ID}">${basemapPaths(basemap)}</g></defs>
  </svg>`;
}

/** The coast of the page's `basemapDefinition`. */
export function basemapUse(): Markup {
  return html`<use href="#${SHARED_ID}" />`;
}

function cells(spec: MapSpec, basemap: Basemap): Markup {
  const { field, rows, cols } = spec;
  if (!field) return html``;
  const indices = new Uint8Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) indices[(rows - 1 - row) * cols + col] = spec.scale.index(field[row * cols + col]);
  }
  const { width, height } = basemap.frame;
  const address = pngDataUrl(encodePalettePng(indices, cols, rows, spec.scale.palette));
  return html`<image
    class="cells"
    width="${width}"
    height="${height.toFixed(1)}"
    preserveAspectRatio="none"
    image-rendering="optimizeSpeed"
    href="${trusted(address)}"
  />`;
}

function mark({ role, value, ...location }: StationMark, size: number, spec: MapSpec, basemap: Basemap): Markup | undefined {
  const point = placeIn(basemap.frame, location);
  const fill = spec.scale.colour(value);
  if (!fill || !point) return undefined;
  // Withheld ones judge the result: their edge is dark.
  const edge = role === 'withheld' && { colour: '#111', width: Math.min(1, size / 3).toFixed(1) };
  return html`<path
    class="${role}"
    d="${trusted(markPath(role, point, size))}"
    fill="${fill}"
    stroke="${edge && edge.colour}"
    stroke-width="${edge && edge.width}"
  />`;
}

function outline({ outline: mask, ...grid }: MapSpec, { frame }: Basemap): Markup {
  if (!mask) return html``;
  return html`<path
    class="outline"
    d="${trusted(maskLines(grid, frame, mask))}"
    fill="none"
    stroke="#111"
    stroke-width="1.1"
    stroke-dasharray="3 1.5"
  />`;
}

/** The largest values last, so that they lie on top; withheld ones above the used ones. */
function marks(spec: MapSpec, basemap: Basemap): Markup {
  const isWithheld = ({ role }: StationMark): number => Number(role === 'withheld');
  const sortedMarks = [...(spec.marks ?? [])].sort((a, b) => isWithheld(a) - isWithheld(b) || Math.abs(a.value) - Math.abs(b.value));
  const size = sortedMarks.length > 800 ? 1.8 : sortedMarks.length > 250 ? 2.4 : 3.6;
  return html`<g stroke="#444" stroke-width="0.4">${sortedMarks.map((stationMark) => mark(stationMark, size, spec, basemap))}</g>`;
}

function netLabels(basemap: Basemap): Markup {
  return html`<g font-size="9.5" fill="currentColor"
    >${basemap.labels.map(({ x, y, text, side }) =>
      side === 'left'
        ? html`<text x="${-4}" y="${(y + 3).toFixed(1)}" text-anchor="end">${text}</text>`
        : html`<text x="${x.toFixed(1)}" y="${(y + 11).toFixed(1)}" text-anchor="middle">${text}</text>`,
    )}</g
  >`;
}

function colourBar(spec: MapSpec, top: number, width: number): Markup {
  const { palette, ticks } = spec.scale;
  const address = pngDataUrl(
    encodePalettePng(
      Uint8Array.from(palette, (_, index) => index + 1),
      palette.length,
      1,
      palette,
    ),
  );
  return html`<g transform="translate(0 ${top.toFixed(1)})"
    ><image width="${width}" height="${BAR_HEIGHT}" preserveAspectRatio="none" href="${trusted(address)}" /><rect
      width="${width}"
      height="${BAR_HEIGHT}"
      fill="none"
      stroke="#333"
      stroke-width="0.6"
    />
    <g font-size="10.5" fill="currentColor"
      >${ticks.map(({ position, label }) => {
        const x = (position * width).toFixed(1);
        const anchor = position < 0.03 ? 'start' : position > 0.97 ? 'end' : 'middle';
        return html`<path d="M${x} ${BAR_HEIGHT}v3" stroke="currentColor" stroke-width="0.6" /><text
            x="${x}"
            y="${BAR_HEIGHT + 13}"
            text-anchor="${anchor}"
            >${label}</text
          >`;
      })}<text x="${width / 2}" y="${BAR_HEIGHT + 26}" text-anchor="middle">${spec.unit}</text></g
    ></g
  >`;
}

/**
 * @param shared - refer to the page's one coastline (`basemapDefinition`) and one set of monitors (`monitorsDefinition`) instead of carrying them; false for
 *   files of their own
 * @returns an `<svg>` with title and description for readers who do not see it
 */
export function drawMap(spec: MapSpec, basemap: Basemap, shared: boolean): Markup {
  const { width, height } = basemap.frame;
  const marked = spec.monitors ?? spec.marks ?? [];
  const full = { width: LEFT + width + RIGHT, height: Math.ceil(TOP + height + BOTTOM + (marked.length > 0 ? LEGEND : 0)) };
  const monitors = spec.monitors && (shared ? sharedMonitors() : drawMonitors(spec.monitors, basemap.frame));
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${full.width} ${full.height}"
    width="${full.width}"
    height="${full.height}"
    color="#222"
    role="img"
    aria-label="${spec.title}: ${spec.description}"
  >
    <text x="${LEFT}" y="15" font-size="13.5" font-weight="bold" fill="currentColor">${spec.title}</text>
    <g transform="translate(${LEFT} ${TOP})">
      <rect width="${width}" height="${height.toFixed(1)}" fill="${cssColour(GROUND)}" />
      ${cells(spec, basemap)}${shared ? basemapUse() : basemapPaths(basemap)}${outline(spec, basemap)}${monitors}${marks(spec, basemap)}
      <rect width="${width}" height="${height.toFixed(1)}" fill="none" stroke="#333" stroke-width="0.8" />
      ${netLabels(basemap)}${colourBar(spec, height + BAR_TOP, width)}${monitorLegend(marked, width / 2, height + BOTTOM + 11, spec.marks === undefined)}
    </g>
  </svg>`;
}
