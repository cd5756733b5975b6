/**
 * Winds from MCIP's WDIR10, against an implementation of MCIP's own formulas that shares nothing with wind.ts: setup_wrfem.f90 (cone factor), wind.f90 (direction,
 * longitudes as WRF has them), in the single precision in which MCIP works; the longitudes from Snyder's formulas (USGS Professional Paper 1395).
 */
import { join } from 'node:path';

import { Grid, type TimeAxis, dotGrid } from '../../grid/grid';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { readMeteorology, windSaid } from '../meteorology';
import { describeShared, failure, sharedFile, temporaryFolder } from '../../files/testing/shared-data';
import { gridConvergence, windToGrid } from '../../grid/wind';
import { windDirection } from './mcip-wind';
import { openWeather, type WeatherOptions } from '../open-weather';
import { windDoubt } from '../wind-comparison';

const folder = temporaryFolder();
const f32 = Math.fround;
const RAD = Math.PI / 180;
/** What the header of a file on a grid says of it. */
const headerOf = ({ definition: d }: Grid): Record<string, Float64Array> =>
  Object.fromEntries(
    Object.entries({ GDTYP: d.gdtyp, P_ALP: d.pAlp, P_BET: d.pBet, P_GAM: d.pGam }).map(([name, value]) => [name, Float64Array.of(value)]),
  );
const HOUR: TimeAxis = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 1 };
const SIDE = 6;

/** What a WRF run and MCIP know of a domain. */
interface Domain {
  mapProj: 1 | 2 | 3;
  standLon: number;
  cenLon: number;
  /** MOAD_CEN_LAT */
  cenLat: number;
  trueLats: [number, number];
  /** of the cell's outer corner and side, m */
  corner: [x: number, y: number];
  side: number;
}

const NORTH: Domain = { mapProj: 1, standLon: -97, cenLon: -79, cenLat: 38, trueLats: [33, 45], corner: [1.4e6, -6e5], side: 4e4 };
const SOUTH: Domain = { mapProj: 1, standLon: 133.302, cenLon: 148.63995, cenLat: -23, trueLats: [-15, -40], corner: [1.3e6, 2e5], side: 4e4 };
const TANGENT: Domain = { ...NORTH, trueLats: [40, 40.05] };
const DATE_LINE: Domain = { ...NORTH, standLon: 170, cenLon: -172, corner: [1e6, -6e5], side: 1e5 };
const POLAR: Domain = { ...NORTH, mapProj: 2, cenLat: 70, trueLats: [60, 60], corner: [8e5, -3.2e6] };
const ANTARCTIC: Domain = { ...POLAR, cenLat: -70, trueLats: [-60, -60], corner: [8e5, 3e6] };
const MERCATOR: Domain = { ...NORTH, mapProj: 3, cenLat: 5, trueLats: [0, 0], corner: [1.8e6, 3e5] };

/** MCIP's setup_wrfem.f90, the cone factor. */
function coneFactor({ mapProj, cenLat, trueLats: [tru1, tru2] }: Domain): number {
  if (mapProj === 2) return 1;
  if (mapProj === 3) return 0;
  const fac = cenLat < 0 ? -1 : 1;
  const log10 = (value: number): number => f32(Math.log10(f32(value)));
  if (Math.abs(tru1 - tru2) <= 0.1) return f32(fac * Math.sin(tru1 * RAD));
  const cosines = f32(log10(Math.cos(tru1 * RAD)) - log10(Math.cos(tru2 * RAD)));
  return f32(cosines / f32(log10(Math.tan((45 - (fac * tru1) / 2) * RAD)) - log10(Math.tan((45 - (fac * tru2) / 2) * RAD))));
}

/** MCIP's wind.f90. */
function mcipDirection(u: number, v: number, xlon: number, xlonc: number, xn: number): number {
  let wdir = f32(270 - f32(Math.atan2(v, u) * (180 / Math.PI)));
  let diff = f32(f32(xlonc - xlon) * xn);
  if (diff > 180) diff = f32(diff - 360);
  if (diff < -180) diff = f32(diff + 360);
  wdir = f32(wdir - diff);
  if (wdir > 360) wdir = f32(wdir - 360);
  if (wdir < 0) wdir = f32(wdir + 360);
  return wdir;
}

/** WRF's XLONG of a cell: from -180 to 180. On a sphere the longitude needs no radius in conic projections but that of the pole. */
function xlong(domain: Domain, row: number, col: number): number {
  const { mapProj, standLon, trueLats, corner, side, cenLat } = domain;
  const [x, y] = [corner[0] + (col + 0.5) * side, corner[1] + (row + 0.5) * side];
  const radius = 6370000;
  const folded = (lon: number): number => f32(lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon);
  if (mapProj === 3) return folded(standLon + x / radius / RAD);
  const south = cenLat < 0;
  if (mapProj === 2) return folded(standLon + Math.atan2(x, south ? y : -y) / RAD);
  // Snyder 14-9, 15-1 to 15-3, with the sign of the hemisphere
  const sign = south ? -1 : 1;
  const [one, two] = trueLats.map((lat) => sign * lat * RAD);
  const t = (lat: number): number => Math.tan(Math.PI / 4 + lat / 2);
  const n = Math.log(Math.cos(one) / Math.cos(two)) / Math.log(t(two) / t(one));
  const pole = (radius * Math.cos(one) * t(one) ** n) / n / t(sign * originOf(domain) * RAD) ** n;
  return folded(standLon + Math.atan2(x, pole - sign * y) / n / RAD);
}

const originOf = ({ trueLats: [a, b] }: Domain): number => (a + b) / 2;

function gridOf(domain: Domain): Grid {
  const { mapProj, standLon, trueLats, corner, side, cenLat } = domain;
  const sorted = [...trueLats].sort((a, b) => a - b);
  const projection = {
    1: { gdtyp: 2, pAlp: sorted[0], pBet: sorted[1], ycent: originOf(domain) },
    2: { gdtyp: 6, pAlp: cenLat < 0 ? -1 : 1, pBet: trueLats[0], ycent: cenLat < 0 ? -90 : 90 },
    3: { gdtyp: 7, pAlp: 0, pBet: 0, ycent: 0 },
  }[mapProj];
  return new Grid({ name: 'made', ...projection, pGam: standLon, xcent: standLon, xorig: corner[0], yorig: corner[1], xcell: side, ycell: side, cols: SIDE, rows: SIDE }); // prettier-ignore
}

const SPEED = 10;
type Wind = (cell: number) => [u: number, v: number];
/** The wind along WRF's grid, of each cell another. */
const windOf: Wind = (cell) => [SPEED * Math.cos(cell), SPEED * Math.sin(cell)];

function fileDescription(version: string, model = 'WRF ARW V4.1.1'): string {
  const line = (text: string): string => text.padEnd(80);
  return [
    'US EPA COMMUNITY MULTISCALE AIR QUALITY MODEL', 'METEOROLOGY-CHEMISTRY INTERFACE PROCESSOR', '', `MCIP ${version}  FROZEN 06/20/2017`, '', '',
    `INPUT METEOROLOGY DATA FROM ${model}`,
  ].map(line).join(''); // prettier-ignore
}

interface Made {
  domain: Domain;
  description?: string;
  upnam?: string;
  /** the longitude by which MCIP turned; by default STAND_LON */
  about?: number;
  wind?: Wind;
  name?: string;
  time?: TimeAxis;
}

/** METCRO2D as MCIP makes it. */
function metcro(made: Made): string {
  const { domain, description = '', upnam = 'METCRO', about = domain.standLon, wind = windOf, name = 'METCRO2D', time = HOUR } = made;
  const cells = Array.from({ length: SIDE * SIDE * time.count }, (_, i) => i % (SIDE * SIDE));
  const direction = cells.map((cell) => {
    const place = xlong(domain, Math.floor(cell / SIDE), cell % SIDE);
    return mcipDirection(...wind(cell), place, about, coneFactor(domain));
  });
  const path = join(folder.path, name);
  const writer = IoapiWriter.create(path, {
    grid: gridOf(domain),
    time,
    layers: 1,
    variables: [
      { name: 'WSPD10', units: 'M/S' },
      { name: 'WDIR10', units: 'DEGREES' },
    ],
    attributes: { FILEDESC: description, UPNAM: upnam, EXEC_ID: '????????????????' },
  });
  writer.write(
    'WSPD10',
    0,
    Float32Array.from(cells, () => SPEED),
  );
  writer.write('WDIR10', 0, Float32Array.from(direction));
  writer.close();
  return path;
}

/** METDOT3D with the same wind in all cells of its lowest layer. */
function metdot(domain: Domain, [u, v]: [u: number, v: number]): string {
  const grid = dotGrid(gridOf(domain));
  const path = join(folder.path, 'METDOT3D');
  const winds = { UWINDC: u, VWINDC: v };
  const writer = IoapiWriter.create(path, {
    grid,
    time: HOUR,
    layers: 2,
    variables: Object.keys(winds).map((name) => ({ name, units: 'M/S' })),
    attributes: { FILEDESC: fileDescription('V4.2'), VGLVLS: Float32Array.of(1, 0.99, 0.97) },
  });
  const cells = grid.rows * grid.cols;
  for (const [name, value] of Object.entries(winds))
    writer.write(
      name,
      0,
      Float32Array.from({ length: 2 * cells }, (_, i) => (i < cells ? value : 99)),
    );
  writer.close();
  return path;
}

/** u and v of the first hour as stages read them. */
function read(paths: string[], domain: Domain, options: WeatherOptions = {}): { u: number[]; v: number[]; reader: ReturnType<typeof openWeather> } {
  const reader = openWeather(paths, { grid: gridOf(domain), ...options });
  try {
    const values = [...readMeteorology(reader, HOUR, ['u', 'v'])];
    return { u: values.filter((_, i) => i % 2 === 0), v: values.filter((_, i) => i % 2 === 1), reader };
  } finally {
    reader.close();
  }
}

/** The largest vector difference to {@link windOf}, m/s. */
const errorOf = ({ u, v }: { u: number[]; v: number[] }): number =>
  Math.max(...u.map((east, cell) => Math.hypot(east - windOf(cell)[0], v[cell] - windOf(cell)[1])));

describe('WDIR10 of MCIP V4.4 and later', () => {
  test.each<[string, Domain]>([
    ['Lambert, north', NORTH],
    ['Lambert, south', SOUTH],
    ['Lambert, tangent', TANGENT],
    ['Lambert across the date line, where MCIP does not wrap', DATE_LINE],
    ['polar stereographic, north', POLAR],
    ['polar stereographic, south', ANTARCTIC],
    ['Mercator', MERCATOR],
  ])('%s', (_, domain) => {
    for (const version of ['V4.4', 'V4.5', 'V5.0', 'V5.1.2', 'V5.3.3', 'V5.5']) {
      expect(errorOf(read([metcro({ domain, description: fileDescription(version) })], domain))).toBeLessThan(0.01);
    }
  });
});

const CEN_LON = 'up to V4.3 MCIP turns by n (lon - CEN_LON), and no header holds CEN_LON of the WRF run';
const DOTS = 'give METDOT3D beside it, whose winds lie along the grid';

describe('WDIR10 of MCIP up to V4.3', () => {
  test.each<[string, Domain]>([
    ['Lambert, north', NORTH],
    ['Lambert, south', SOUTH],
    ['polar stereographic, south', ANTARCTIC],
  ])('%s, with CEN_LON', (_, domain) => {
    for (const version of ['V3.4.1', 'V4.0', 'V4.2', 'V4.3']) {
      const path = metcro({ domain, about: domain.cenLon, description: fileDescription(version) });
      expect(errorOf(read([path], domain, { cenLon: domain.cenLon }))).toBeLessThan(0.01);
    }
  });

  test('without CEN_LON it is refused, unless METDOT3D is there or nothing was turned', () => {
    const path = metcro({ domain: SOUTH, about: SOUTH.cenLon, description: fileDescription('V4.3') });
    expect(() => read([path], SOUTH)).toThrow(
      failure('WIND_DIRECTION', `${path}: WDIR10 of MCIP V4.3 cannot be turned to the grid: ${CEN_LON}: set meteorology.cenLon, or ${DOTS}`),
    );
    const { u, v, reader } = read([path, metdot(SOUTH, [3, -4])], SOUTH);
    expect([u[7], v[7]]).toEqual([3, -4]);
    expect(windSaid(reader)).toBe(
      `the wind is UWINDC, VWINDC of METDOT3D's lowest layers: WDIR10 of MCIP V4.3 cannot be turned to the grid: ${CEN_LON}`,
    );
    const level = metcro({ domain: MERCATOR, about: MERCATOR.cenLon, description: fileDescription('V4.3') });
    expect(errorOf(read([level], MERCATOR))).toBeLessThan(0.01);
  });

  test('CEN_LON of a later version is told to be of no use', () => {
    const { reader } = read([metcro({ domain: SOUTH, description: fileDescription('V5.1') })], SOUTH, { cenLon: SOUTH.cenLon });
    expect(windSaid(reader)).toBe(
      'WDIR10 of MCIP V5.1 is turned back by n (lon - STAND_LON), n 0.4655, STAND_LON 133.302 (P_GAM, not meteorology.cenLon, which is of MCIP up to V4.3)',
    );
  });

  test('of MM5 the projection has the same longitude', () => {
    const path = metcro({ domain: NORTH, description: fileDescription('V3.6', 'MM5 V3.7') });
    expect(errorOf(read([path], NORTH))).toBeLessThan(0.01);
  });
});

describe('what a header does not say', () => {
  test('a file that MCIP did not make is against true north, whatever else stands in it', () => {
    for (const description of ['', 'Synthetic weather in the form of MCIP  WRF ARW V4.1.1']) {
      // clockwise from true north, which n (lon - STAND_LON) is in the north
      const { u, v, reader } = read([metcro({ domain: NORTH, description, upnam: 'SYNTHETIC' })], NORTH);
      expect(errorOf({ u, v })).toBeLessThan(0.01);
      expect(windSaid(reader)).toBe('WDIR10 is taken against true north: by its header the file is not of MCIP');
      const grid = gridOf(SOUTH);
      const south = read([metcro({ domain: SOUTH, description, upnam: 'SYNTHETIC' })], SOUTH);
      const file = IoapiFile.open(join(folder.path, 'METCRO2D'));
      expect(south.u).toEqual([...windToGrid(file.read('WSPD10'), file.read('WDIR10'), gridConvergence(grid)).u]);
      file.close();
    }
  });

  test('MCIP without a version, by its routine or the first lines alone', () => {
    const unknown = 'up to V4.3 MCIP turns by CEN_LON of the WRF run, later by STAND_LON, and which version it was is not said';
    for (const made of [{ upnam: 'METCRO' }, { upnam: 'M3XTRACT', description: 'METEOROLOGY-CHEMISTRY INTERFACE PROCESSOR' }]) {
      const path = metcro({ domain: NORTH, ...made });
      expect(() => read([path], NORTH)).toThrow(
        failure(
          'WIND_DIRECTION',
          `${path}: WDIR10 of an MCIP whose version no header says cannot be turned to the grid: ${unknown}: set meteorology.cenLon, or ${DOTS}`,
        ),
      );
      expect(errorOf(read([path], NORTH, { cenLon: NORTH.standLon }))).toBeLessThan(0.01);
    }
  });

  test('a projection that MCIP does not have, and a run whose hemisphere is not known', () => {
    const refusal = (grid: Grid): string => windDirection([{ ...headerOf(grid), FILEDESC: fileDescription('V5.3.3') }], grid).description;
    const albers = new Grid({ ...gridOf(NORTH).definition, gdtyp: 9 });
    expect(refusal(albers)).toBe('WDIR10 of MCIP V5.3.3 cannot be turned to the grid: MCIP has no formula for the projection GDTYP 9');
    const beyond = new Grid({ ...gridOf(NORTH).definition, yorig: -6.5e6 });
    expect(refusal(beyond)).toMatch(/the sign of n follows from MOAD_CEN_LAT of the WRF run, and the grid lies across the equator from its true lat/);
    const [xorig, equator] = gridOf(NORTH).toXY(NORTH.standLon, 0);
    const across = new Grid({ ...gridOf(NORTH).definition, xorig, yorig: equator - 4e4 });
    expect(refusal(across)).toMatch(/turned back by .* with MOAD_CEN_LAT of the WRF run north of the equator as the middle of the grid$/);
  });

  test('files of two versions: alike where they turn alike, else refused', () => {
    const next: TimeAxis = { ...HOUR, start: new Date('2017-01-01T01:00Z') };
    const [old, late, later] = [
      metcro({ domain: NORTH, about: NORTH.cenLon, description: fileDescription('V4.3'), name: 'a' }),
      metcro({ domain: NORTH, description: fileDescription('V4.5'), name: 'b' }),
      metcro({ domain: NORTH, description: fileDescription('V5.1'), name: 'c', time: next }),
    ];
    expect(errorOf(read([late, later], NORTH))).toBeLessThan(0.01);
    expect(() => read([old, later], NORTH, { cenLon: NORTH.cenLon })).toThrow(
      /the files do not have their wind directions alike \(.*V4\.3.*; .*V5\.1.*\): give files of one kind, or give METDOT3D/,
    );
  });
});

describe('WDIR10 beside METDOT3D', () => {
  const wind: [u: number, v: number] = [6, 8];
  const doubt = (domain: Domain, made: Partial<Made>, dots = wind, options: WeatherOptions = {}): string | undefined => {
    const paths = [metcro({ domain, wind: () => wind, description: fileDescription('V4.3'), ...made }), metdot(domain, dots)];
    const reader = openWeather(paths, { grid: gridOf(domain), ...options });
    try {
      return windDoubt(reader, HOUR);
    } finally {
      reader.close();
    }
  };

  test('nothing is said of winds that agree, also where the mean of some layers is asked for and another one there', () => {
    const cenLon = SOUTH.cenLon;
    expect(doubt(SOUTH, { about: cenLon }, wind, { cenLon })).toBeUndefined();
    expect(doubt(SOUTH, { about: cenLon }, wind, { cenLon, layers: 2 })).toBeUndefined();
    expect(doubt(POLAR, { description: fileDescription('V5.5') })).toBeUndefined();
  });

  test('an angle that is wrong, also where its errors cancel over the grid; winds of another run', () => {
    // n 0.465 by 15.3°: what the mistake costs
    const swapped = doubt(SOUTH, { about: SOUTH.cenLon }, wind, { cenLon: SOUTH.standLon });
    expect(swapped).toBe(
      "the wind of WDIR10 and that of UWINDC, VWINDC in METDOT3D's lowest layer lie 7.1° apart, as a mean of cells, where runs of WRF have less than 1°: WDIR10 was turned by another angle than is taken, or the files are of two runs; METDOT3D's wind is turned by nothing",
    );
    const symmetric: Domain = { ...SOUTH, corner: [-1.5e6, 2e5], side: 5e5 };
    expect(doubt(symmetric, { description: 'of nobody', upnam: '' })).toMatch(/ lie 6\.4° apart/);
    expect(doubt(NORTH, { description: fileDescription('V5.1') }, [8, -6])).toMatch(/ lie 90\.0° apart/);
  });

  test('where the angle is not known there is nothing to compare: METDOT3D is taken', () => {
    expect(doubt(NORTH, { about: NORTH.cenLon })).toBeUndefined();
  });
});

describeShared('a real day in the south, of MCIP V4.2', () => {
  /** CEN_LON of the WRF files. */
  const cenLon = 148.63995;
  const hours = ['00', '06'];
  const wrf = (hour: string): string => sharedFile(`wrf-mcip/WRFOUT_d01_2022-12-07T${hour}00Z.nc`);

  test("u and v of METCRO2D are those of WRF's own files to 0.01 m/s, and so are the other channels", () => {
    const met = IoapiFile.open(sharedFile('mcip-au/METCRO2D*'));
    const { grid } = met;
    const mcip = openWeather([met.path], { grid, cenLon });
    const names = ['u', 'v', 'TEMP2', 'RGRND', 'Q2', 'PRSFC'];
    const tolerance: Record<string, number> = { u: 0.01, v: 0.01, TEMP2: 1e-3, RGRND: 0.01, Q2: 1e-6, PRSFC: 0.1 };
    for (const hour of hours) {
      const theirs = openWeather([wrf(hour)], { grid });
      const ours = readMeteorology(mcip, { ...met.time, start: new Date(`2022-12-07T${hour}:00Z`), count: 1 }, names);
      names.forEach((name, channel) => {
        const worst = theirs.read(name).reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i * names.length + channel])), 0);
        expect([name, worst < tolerance[name], worst]).toEqual([name, true, worst]);
      });
      theirs.close();
    }
    mcip.close();
    met.close();
  });

  test('without CEN_LON it is refused', () => {
    const path = sharedFile('mcip-au/METCRO2D*');
    const reader = openWeather([path]);
    expect(() => readMeteorology(reader, { ...reader.time, count: 1 }, ['u'])).toThrow(
      failure('WIND_DIRECTION', `${path}: WDIR10 of MCIP V4.2 cannot be turned to the grid: ${CEN_LON}: set meteorology.cenLon, or ${DOTS}`),
    );
    reader.close();
  });
});
