/** Monitors on maps: one shape a role, the same on all maps, and the legend that tells which is which. */
import type { ReportStation } from '../data/report-data';
import type { Markup } from '../html/html';
import { html, trusted } from '../html/html';
import type { MapFrame } from './map-frame';

export type Monitor = Pick<ReportStation, 'lon' | 'lat' | 'role'>;

const ROLES = ['used', 'watched', 'withheld'] as const satisfies readonly Monitor['role'][];

/** Id of the monitors that all maps of emissions of a page share; see {@link monitorsDefinition}. */
const SHARED_ID = 'monitors';

/** Marks cover this part of a map at most, so that the field beneath stays readable; px. */
const MOST_COVERED = 0.06;
const LARGEST = 2.2;
const SMALLEST = 0.8;

/** A circle where used, a triangle where watched, a square where withheld; all of about the same area. @param size - radius of the circle, px */
export function markPath(role: Monitor['role'], [x, y]: readonly [number, number], size: number): string {
  const short = (value: number): string => String(Number(value.toFixed(1)));
  const r = short(size);
  if (role === 'used') return `M${short(x - size)} ${short(y)}a${r} ${r} 0 1 0 ${short(2 * size)} 0a${r} ${r} 0 1 0 ${short(-2 * size)} 0z`;
  const side = short(1.9 * size);
  if (role === 'withheld') return `M${short(x - 0.95 * size)} ${short(y - 0.95 * size)}h${side}v${side}h-${side}z`;
  return `M${short(x)} ${short(y - 1.5 * size)}l${short(1.35 * size)} ${short(2.3 * size)}h-${short(2.7 * size)}z`;
}

/** Position in a map's frame; undefined outside it. */
export function placeIn(frame: MapFrame, { lon, lat }: Pick<Monitor, 'lon' | 'lat'>): [x: number, y: number] | undefined {
  const [x, y] = frame.place(lon, lat);
  return x >= 0 && x <= frame.width && y >= 0 && y <= frame.height ? [x, y] : undefined;
}

/** What is withheld is black, as it judges the result; the others are white. */
function fillOf(role: Monitor['role']): string {
  return role === 'withheld' ? '#111' : '#fff';
}

/** Small marks without values. One path a role: a map of a thousand monitors stays small. */
export function drawMonitors(monitors: readonly Monitor[], frame: MapFrame): Markup {
  const placed = monitors.flatMap(({ role, ...location }) => {
    const point = placeIn(frame, location);
    return point ? [{ role, point }] : [];
  });
  const room = Math.sqrt((MOST_COVERED * frame.width * frame.height) / Math.PI / Math.max(1, placed.length));
  const size = Math.min(LARGEST, Math.max(SMALLEST, room));
  return html`<g class="monitors" stroke="#111" stroke-width="${size > 1.5 ? 0.6 : 0.35}"
    >${ROLES.map((role) => {
      const paths = placed.filter((monitor) => monitor.role === role).map(({ point }) => markPath(role, point, size));
      return paths.length > 0 && html`<path class="${role}" fill="${fillOf(role)}" d="${trusted(paths.join(''))}" />`;
    })}</g
  >`;
}

/** Stands once in the page; maps refer to it with {@link sharedMonitors}. */
export function monitorsDefinition(monitors: readonly Monitor[], frame: MapFrame): Markup {
  return html`<svg width="0" height="0" style="position:absolute" aria-hidden="true">
    <defs><g id="${SHARED_ID}">${drawMonitors(monitors, frame)}</g></defs>
  </svg>`;
}

export function sharedMonitors(): Markup {
  return html`<use href="#${SHARED_ID}" />`;
}

/** Width of an entry of the legend, px. */
const ENTRY = 62;

/** One line of the roles that there are, centred at `x`. */
export function monitorLegend(monitors: readonly Pick<Monitor, 'role'>[], x: number, y: number, filled: boolean): Markup {
  const roles = ROLES.filter((role) => monitors.some((monitor) => monitor.role === role));
  if (roles.length === 0) return html``;
  const first = x - ((roles.length - 1) * ENTRY) / 2 - 22;
  return html`<g class="legend" font-size="10" fill="currentColor"
    >${roles.map((role, index) => {
      const leftEdge = first + index * ENTRY;
      return html`<path
          d="${trusted(markPath(role, [leftEdge, y - 3.5], 3))}"
          fill="${filled ? fillOf(role) : 'none'}"
          stroke="currentColor"
          stroke-width="0.7"
        /><text x="${(leftEdge + 7).toFixed(1)}" y="${y}">${role}</text>`;
    })}</g
  >`;
}
