/**
 * The world of the demo: everything that a team would bring (grid, geography, meteorology, inventory, monitors) and the planted
 * truth that no team has, for a winter and a summer week of a made-up coast.
 */
import { join } from 'node:path';
import { GROUPS, type Group } from '../base/species';
import { writeFileAtomic } from '../files/checkpoint';
import { IoapiWriter } from '../files/ioapi/ioapi-writer';
import { makeFolder } from '../files/disk';
import { gridConvergence, windFromGrid } from '../grid/wind';
import { writeGriddesc } from '../grid/griddesc';
import { Random } from '../base/random';
import { DEMO_SIZES, demoCaseYaml, type DemoSize } from './demo-case';
import { type DemoInventory, emissionAt, makeDemoInventory, seasonMean } from './demo-emissions';
import { type DemoGeography, makeDemoGeography } from './demo-geography';
import { placeStations } from './demo-stations';
import { plantTruth } from './demo-truth';
import { DemoWeather, type Season, type WeatherHour } from './demo-weather';
import { writeTruthFactors } from './truth-factors';

interface DemoWorldOptions {
  size?: DemoSize;
  /** grid cells south to north; by default 48 */
  rows?: number;
  /** grid cells west to east; by default 48 */
  cols?: number;
  /** hours per period, spin-up included; by default 216 */
  hours?: number;
  spinUpHours?: number;
  stations?: number;
  seed?: number;
  /** whether the truth's transport model differs from that of the other runs */
  nonIdentical?: boolean;
}

/** Monday 00:00 UTC of a January and a July week. */
const SEASONS: { season: Season; start: Date }[] = [
  { season: 'winter', start: new Date('2026-01-05T00:00:00Z') },
  { season: 'summer', start: new Date('2026-07-06T00:00:00Z') },
];

const MET_VARIABLES = [
  { name: 'TEMP2', units: 'K', description: 'temperature at 2 m' },
  { name: 'Q2', units: 'KG/KG', description: 'mixing ratio at 2 m' },
  { name: 'PRSFC', units: 'Pascal', description: 'surface pressure' },
  { name: 'PBL', units: 'M', description: 'PBL height' },
  { name: 'RGRND', units: 'WATTS/M**2', description: 'solar rad reaching sfc' },
  { name: 'RN', units: 'CM', description: 'nonconvec. pcpn per met TSTEP' },
  { name: 'RC', units: 'CM', description: 'convective pcpn per met TSTEP' },
  { name: 'WSPD10', units: 'M/S', description: 'wind speed at 10 m' },
  { name: 'WDIR10', units: 'DEGREES', description: 'wind direction at 10 m' },
];

const EMISSION_VARIABLES = [
  { name: 'NO', units: 'moles/s', description: 'nitrogen oxide, 90 % of NOx' },
  { name: 'NO2', units: 'moles/s', description: 'nitrogen dioxide, 10 % of NOx' },
  { name: 'NH3', units: 'moles/s', description: 'ammonia' },
  { name: 'SO2', units: 'moles/s', description: 'sulfur dioxide' },
  { name: 'VOC', units: 'moles/s', description: 'volatile organic compounds, 40 g/mol' },
  { name: 'PM25', units: 'g/s', description: 'primary fine particles' },
];

/** Molar masses of the case file, g mol-1; NOx is counted as NO2. */
const MOLAR_MASS = { NOx: 46.0055, NH3: 17.031, SO2: 64.066, VOC: 40 } as const;

/**
 * Writes `case.yaml` and `inputs/` into `dir`. The same options give the same bytes of data (I/O API headers carry the date of writing).
 *
 * @returns the path of the case file
 */
export function writeDemoWorld(dir: string, options: DemoWorldOptions = {}): Promise<string> {
  const size = options.size ?? 'default';
  const { rows, cols, hours, spinUpHours, stations } = { ...DEMO_SIZES[size], ...dropUndefined(options) };
  const seed = options.seed ?? 1;
  const random = new Random(seed).fork('demo world');
  const inputs = join(dir, 'inputs');
  makeFolder(inputs);

  const geography = makeDemoGeography(rows, cols, random.fork('geography'));
  const inventory = makeDemoInventory(geography, random.fork('inventory'));
  writeGriddesc(join(inputs, 'GRIDDESC'), geography.grid);
  writeGeography(join(inputs, 'GRIDCRO2D.nc'), geography);
  writeStations(join(inputs, 'stations.csv'), geography, inventory, stations, random.fork('stations'));
  const factors = new Map<string, Float32Array>();
  for (const { season, start } of SEASONS) {
    const weather = new DemoWeather(geography, season, start, hours, random.fork(`weather ${season}`));
    writeMeteorology(join(inputs, `METCRO2D_${season}.nc`), geography, weather, start, hours);
    writeEmissions(join(inputs, `EMIS_${season}.nc`), geography, inventory, season, start, hours);
    const weights = new Map(GROUPS.map((group) => [group, seasonMean(inventory, group, season)]));
    const planted = plantTruth(rows, cols, weights, 5.5, random.fork('truth'), random.fork(`truth ${season}`));
    factors.set(season, Float32Array.from(GROUPS.flatMap((group) => [...planted.get(group)!])));
  }
  writeTruthFactors(join(inputs, 'truth_factors.nc'), geography.grid, factors);
  const periods = SEASONS.map(({ season, start }) => ({ name: season, start, hours, spinUpHours }));
  const casePath = join(dir, 'case.yaml');
  writeFileAtomic(casePath, demoCaseYaml({ size, nonIdentical: options.nonIdentical ?? false, seed, grid: { rows, cols }, periods }));
  return Promise.resolve(casePath);
}

function writeGeography(path: string, geography: DemoGeography): void {
  const fields = [
    { name: 'LAT', units: 'DEGREES', description: 'latitude (south negative)', data: geography.lat },
    { name: 'LON', units: 'DEGREES', description: 'longitude (west negative)', data: geography.lon },
    { name: 'HT', units: 'M', description: 'terrain elevation', data: geography.height },
    { name: 'LWMASK', units: 'CATEGORY', description: 'land-water mask (1=land, 0=water)', data: geography.land },
    { name: 'MSFX2', units: '(M/M)**2', description: 'squared map-scale factor (CROSS)', data: new Float32Array(geography.land.length).fill(1) },
  ];
  const writer = IoapiWriter.create(path, {
    grid: geography.grid,
    time: { start: new Date(0), stepSeconds: 0, count: 1 },
    layers: 1,
    variables: fields.map(({ name, units, description }) => ({ name, units, description })),
  });
  fields.forEach(({ name, data }) => writer.write(name, 0, data));
  writer.close();
}

function writeMeteorology(path: string, geography: DemoGeography, weather: DemoWeather, start: Date, hours: number): void {
  const time = { start, stepSeconds: 3600, count: hours };
  const writer = IoapiWriter.create(path, { grid: geography.grid, time, layers: 1, variables: MET_VARIABLES });
  const convergence = gridConvergence(geography.grid);
  for (let t = 0; t < hours; t++) {
    const fields = mcipFields(weather.hour(t), convergence);
    for (const { name } of MET_VARIABLES) writer.write(name, t, fields[name]);
  }
  writer.close();
}

function mcipFields(hour: WeatherHour, convergence: Float64Array): Record<string, Float32Array> {
  const { u, v, ...rest } = hour;
  const { speed, direction } = windFromGrid(u, v, convergence);
  return { ...rest, WSPD10: speed, WDIR10: direction };
}

function writeEmissions(path: string, geography: DemoGeography, inventory: DemoInventory, season: Season, start: Date, hours: number): void {
  const { grid } = geography;
  const time = { start, stepSeconds: 3600, count: hours };
  const writer = IoapiWriter.create(path, { grid, time, layers: 1, variables: EMISSION_VARIABLES });
  const gramsPerCell = 1000 * grid.definition.xcell * grid.definition.ycell; // kg m-2 s-1 → g s-1
  for (let t = 0; t < hours; t++) {
    const time = start.getTime() + t * 3600e3;
    const grams = (group: Group): Float32Array => emissionAt(inventory, geography, group, season, time).map((value) => value * gramsPerCell);
    const nox = grams('NOx').map((value) => value / MOLAR_MASS.NOx);
    writer.write(
      'NO',
      t,
      nox.map((value) => 0.9 * value),
    );
    writer.write(
      'NO2',
      t,
      nox.map((value) => 0.1 * value),
    );
    for (const gas of ['NH3', 'SO2', 'VOC'] as const)
      writer.write(
        gas,
        t,
        grams(gas).map((value) => value / MOLAR_MASS[gas]),
      );
    writer.write('PM25', t, grams('PM2.5'));
  }
  writer.close();
}

function writeStations(path: string, geography: DemoGeography, inventory: DemoInventory, count: number, random: Random): void {
  const lines = placeStations(geography, inventory.people, count, random).map(({ id, lon, lat }) => `${id},${lon.toFixed(5)},${lat.toFixed(5)}`);
  writeFileAtomic(path, `id,lon,lat\n${lines.join('\n')}\n`);
}

function dropUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
