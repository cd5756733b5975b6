/**
 * Projections against PROJ's own command-line tool. What it gave is kept here (PROJ 9.6.0), made with
 *
 *   echo LON LAT | proj -f %.4f <projString of the system>
 *
 * for the place and for XCENT, YCENT, one taken off the other; where the tool is installed it is asked again, all over each grid.
 */
import { execFileSync } from 'node:child_process';

import { describeWhere } from '../../../../test/testing/describe-where';
import { projString, projectionOf, type CoordinateSystem } from './projection';

const system = (gdtyp: number, pAlp: number, pBet: number, pGam: number, xcent: number, ycent: number): CoordinateSystem => ({ gdtyp, pAlp, pBet, pGam, xcent, ycent }); // prettier-ignore

/** A system, a place (longitude, latitude) far from its origin and what PROJ makes of it, m. */
const CASES: [name: string, system: CoordinateSystem, place: [number, number], xy: [number, number]][] = [
  ['Lambert', system(2, 25, 40, 110, 110, 34), [135.5, 49.25], [1902766.2613, 1937989.2318]],
  ['Lambert, origin beside the meridian', system(2, 25, 40, 110, 115, 30), [100.5, 12.25], [-1562859.086, -1965293.3458]],
  ['general Mercator', system(3, 0, 105, 0, 110, 10), [140.5, -38.25], [3390912.9372, -5726378.0089]],
  ['general Mercator on its side', system(3, 0, 108, 90, 110, 34), [116.5, 52.25], [393657.2576, 2061199.0309]],
  ['general stereographic', system(4, 50, 12, 0, 10, 50), [28.5, 61.25], [1027235.6341, 1359209.4109]],
  ['UTM 17 north', system(5, 17, 0, 0, 500000, 3900000), [-78.5, 35.75], [225504.3235, 75880.2488]],
  ['UTM 56 south', system(5, -56, 0, 0, 0, 0), [151.2, -33.9], [333954.5194, 6231136.2043]],
  ['polar stereographic, north', system(6, 1, 45, -98, -98, 90), [31.5, 42.25], [3713935.4617, 3061532.1357]],
  ['polar stereographic, south', system(6, -1, -71, 30, 100, -60), [131.5, -48.25], [1510913.4147, -2077995.5542]],
  ['polar stereographic, south, P_BET without its sign', system(6, -1, 71, 30, 100, -60), [131.5, -48.25], [1510913.4147, -2077995.5542]],
  ['equatorial Mercator', system(7, 20, 0, -98, -98, 5), [-60.5, 21.25], [3917724.424, 1749735.5699]],
  ['transverse Mercator', system(8, 0, 0.9999, 14, 15, 40), [20.5, 60.25], [273006.0782, 2268307.8236]],
  ['Albers', system(9, 29.5, 45.5, -96, -96, 23), [-70.5, 48.25], [1882644.8473, 3065353.7758]],
  ['Lambert azimuthal equal-area', system(10, 52, 0, 10, 10, 52), [-8.5, 37.25], [-1632870.0335, -1436417.5895]],
];

test.each(CASES)('%s: PROJ’s coordinates to a millimetre, and back to the place', (_, definition, place, [x, y]) => {
  const projection = projectionOf(definition);
  const found = projection.forward(...place);
  expect(Math.hypot(found[0] - x, found[1] - y)).toBeLessThan(1e-3); // what was kept is rounded to 1e-4
  const back = projection.inverse(x, y);
  expect(Math.hypot(back[0] - place[0], back[1] - place[1])).toBeLessThan(1e-8);
});

test.each<[CoordinateSystem, string]>([
  [system(3, 0, 105, 30, 110, 10), 'grid: a cylinder inclined by P_GAM 30° is not read for GDTYP 3: only 0 (Mercator) and 90 (transverse) are read'],
  [system(4, 50, 12, 5, 10, 50), 'grid: a y axis turned by P_GAM 5° is not read for GDTYP 4: only 0 is read'],
  [system(5, 61, 0, 0, 0, 0), 'grid: the UTM zone P_ALP 61 is not read for GDTYP 5: zones are 1 to 60, negative in the south'],
  [system(8, 0, 0, 14, 15, 40), 'grid: a scale factor P_BET 0 is not read for GDTYP 8: it is larger than 0, and mostly 1'],
])('refused: %o', (definition, said) => {
  expect(() => projectionOf(definition)).toThrow(
    expect.objectContaining({ code: 'GRID_PROJECTION', message: `${said}; mend the GRIDDESC or the file's header` }) as Error,
  );
});

describeWhere(hasProj(), 'no proj on this machine', 'PROJ itself', () => {
  test.each(CASES)('%s: within 1 m at 121 places', (_, definition, [lon, lat]) => {
    const utm = definition.gdtyp === 5;
    const places: [number, number][] = [utm ? [lon, lat] : [definition.xcent, definition.ycent]];
    for (let i = -5; i <= 5; i++) for (let j = -5; j <= 5; j++) places.push([lon + 0.9 * i, Math.min(lat + 0.9 * j, 89)]);
    const [zero, ...given] = proj(projString(definition) as string, places);
    // UTM's easting of 500 km, and northing of 10000 km in the south, are no part of what PROJ is asked.
    const [x0, y0] = utm ? [definition.xcent - 5e5, definition.ycent - (definition.pAlp < 0 ? 1e7 : 0)] : zero;
    const projection = projectionOf(definition);
    const distances = given.map(([x, y], i) => {
      const [ours, theirs] = [projection.forward(...places[i + 1]), [x - x0, y - y0]];
      return Math.hypot(ours[0] - theirs[0], ours[1] - theirs[1]);
    });
    expect(distances).toHaveLength(121);
    expect(Math.max(...distances)).toBeLessThan(1);
  });
});

function proj(definition: string, places: [number, number][]): [number, number][] {
  const input = places.map((place) => place.join(' ')).join('\n');
  const output = execFileSync('proj', ['-f', '%.6f', ...definition.split(' ')], { input, encoding: 'utf8' });
  return output
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).map(Number) as [number, number]);
}

function hasProj(): boolean {
  try {
    execFileSync('proj', [], { stdio: ['ignore', 'pipe', 'pipe'], input: '' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}
