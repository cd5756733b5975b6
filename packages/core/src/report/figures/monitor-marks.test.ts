import type { MapFrame } from './map-frame';
import { drawMonitors, markPath, monitorLegend, type Monitor } from './monitor-marks';

/** Degrees are pixels. */
const frame: MapFrame = { width: 300, height: 200, place: (lon, lat) => [lon, lat] };
const monitor = (lon: number, lat: number, role: Monitor['role'] = 'used'): Monitor => ({ lon, lat, role });

/** Circles are drawn from their left, by an arc with the radius. */
function radiusOf(text: string): number {
  return Number(/a([\d.]+) \1 0 1 0/.exec(text)?.[1]);
}

it('has another shape for each role, and a legend of those that there are', () => {
  const shapes = (['used', 'watched', 'withheld'] as const).map((role) => markPath(role, [10, 10], 2));
  expect(new Set(shapes).size).toBe(3);
  expect(markPath('withheld', [10, 10], 2)).toBe('M8.1 8.1h3.8v3.8h-3.8z');
  const legend = monitorLegend([monitor(1, 1), monitor(2, 2, 'withheld')], 150, 10, true).text;
  expect(legend).toMatch(/used[^]*withheld/);
  expect(legend).not.toContain('watched');
  expect(monitorLegend([], 150, 10, true).text).toBe('');
});

it('leaves out what lies outside the map', () => {
  const text = drawMonitors([monitor(10, 20), monitor(301, 20), monitor(NaN, NaN)], frame).text;
  expect(text.match(/a2.2 2.2/g)).toHaveLength(2); // one circle, of two arcs
});

it('covers no more than a part of the map with a thousand monitors', () => {
  const many = Array.from({ length: 1000 }, (_, i) => monitor(5 + (i % 40) * 7, 5 + Math.floor(i / 40) * 7));
  const radius = radiusOf(drawMonitors(many, frame).text);
  expect((1000 * Math.PI * radius ** 2) / (300 * 200)).toBeLessThan(0.07);
  expect(radius).toBeGreaterThan(0.7);
});
