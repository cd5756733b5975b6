/**
 * The world of the demo: everything that a team would bring (grid, geography, meteorology, inventory, monitors) and the planted
 * truth that no team has, for weeks of a made-up coast.
 */
import { join } from 'node:path';
import { GROUPS, SPECIES, type Group, type Species } from '../base/species';
import { writeFileAtomic } from '../files/checkpoint';
import type { TimeAxis } from '../grid/grid';
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
import { demoWeeks, type Season } from './demo-seasons';
import { DemoWeather, type WeatherHour } from './demo-weather';
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
  /** what is emitted, of those that the reference model knows; by default five groups */
  groups?: readonly Group[];
  /** what the monitors measure, likewise; by default four species */
  species?: readonly Species[];
  /** whether satellites see columns of the truth */
  columns?: boolean;
  /** 1 to 12, a week in each, instead of one in winter and one in summer */
  months?: readonly number[];
  /** those of them in which there are members; by default all */
  membersIn?: readonly number[];
}

/** All that networks such as China's measure, and the groups that they come from: those of the code of Huang et al. (2021). */
export const ALL_SPECIES: Required<Pick<DemoWorldOptions, 'groups' | 'species'>> = {
  groups: [...GROUPS, 'CO', 'PMC'],
  species: [...SPECIES, 'CO', 'PM10'],
};

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

/** Variables of a group in the emission files, each with its part; gases as moles of a molar mass (g mol-1), NOx counted as NO2. */
interface EmittedGroup {
  molarMass?: number;
  variables: { name: string; description: string; part: number }[];
}

const single = (name: string, description: string, molarMass?: number): EmittedGroup => ({ molarMass, variables: [{ name, description, part: 1 }] });

const EMITTED: Record<Group, EmittedGroup> = {
  NOx: {
    molarMass: 46.0055,
    variables: [
      { name: 'NO', description: 'nitrogen oxide, 90 % of NOx', part: 0.9 },
      { name: 'NO2', description: 'nitrogen dioxide, 10 % of NOx', part: 0.1 },
    ],
  },
  NH3: single('NH3', 'ammonia', 17.031),
  SO2: single('SO2', 'sulfur dioxide', 64.066),
  VOC: single('VOC', 'volatile organic compounds, 40 g/mol', 40),
  'PM2.5': single('PM25', 'primary fine particles'),
  CO: single('CO', 'carbon monoxide', 28.01),
  PMC: single('PMC', 'primary coarse particles'),
  ISOP: single('ISOP', 'isoprene', 68.119),
};

/** `emissions.groups` of the case. */
function groupsOfCase(groups: readonly Group[]): Record<Group, { variables: string[]; molarMass?: number }> {
  return Object.fromEntries(
    groups.map((group) => {
      const { molarMass, variables } = EMITTED[group];
      return [group, { variables: variables.map(({ name }) => name), ...(molarMass === undefined ? {} : { molarMass }) }];
    }),
  );
}

/**
 * Writes `case.yaml` and `inputs/` into `dir`. The same options give the same bytes of data (I/O API headers carry the date of writing).
 *
 * @returns the path of the case file
 */
export function writeDemoWorld(dir: string, options: DemoWorldOptions = {}): Promise<string> {
  const size = options.size ?? 'default';
  const { rows, cols, hours, spinUpHours, stations } = { ...DEMO_SIZES[size], ...dropUndefined(options) };
  const { seed = 1, groups = GROUPS, species = SPECIES, columns = false, nonIdentical = false } = options;
  const random = new Random(seed).fork('demo world');
  const inputs = join(dir, 'inputs');
  makeFolder(inputs);

  const geography = makeDemoGeography(rows, cols, random.fork('geography'));
  const inventory = makeDemoInventory(geography, groups, random.fork('inventory'));
  writeGriddesc(join(inputs, 'GRIDDESC'), geography.grid);
  writeGeography(join(inputs, 'GRIDCRO2D.nc'), geography);
  writeStations(join(inputs, 'stations.csv'), geography, inventory, stations, random.fork('stations'));
  const factors = new Map<string, Float32Array>();
  const weeks = demoWeeks(options.months, options.membersIn);
  for (const { season, start } of weeks) {
    const { name } = season;
    const weather = new DemoWeather(geography, season, start, hours, random.fork(`weather ${name}`));
    writeMeteorology(join(inputs, `METCRO2D_${name}.nc`), geography, weather, start, hours);
    writeEmissions(join(inputs, `EMIS_${name}.nc`), geography, inventory, groups, season, { start, stepSeconds: 3600, count: hours });
    const weights = new Map(groups.map((group) => [group, seasonMean(inventory, group, season)]));
    const planted = plantTruth(rows, cols, weights, 5.5, random.fork('truth'), random.fork(`truth ${name}`));
    factors.set(name, Float32Array.from(groups.flatMap((group) => [...planted.get(group)!])));
  }
  writeTruthFactors(join(inputs, 'truth_factors.nc'), geography.grid, factors, groups);
  const periods = weeks.map(({ season: { name }, start, members }) => ({
    name,
    start,
    hours,
    spinUpHours,
    ...(members === true ? {} : { members }),
  }));
  const casePath = join(dir, 'case.yaml');
  writeFileAtomic(
    casePath,
    demoCaseYaml({ size, nonIdentical, seed, grid: { rows, cols }, periods, groups: groupsOfCase(groups), species, columns }),
  );
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

function writeEmissions(
  path: string,
  geography: DemoGeography,
  inventory: DemoInventory,
  groups: readonly Group[],
  season: Season,
  time: TimeAxis,
): void {
  const { grid } = geography;
  const variables = groups.flatMap((group) => {
    const { molarMass, variables } = EMITTED[group];
    return variables.map(({ name, description }) => ({ name, description, units: molarMass === undefined ? 'g/s' : 'moles/s' }));
  });
  const writer = IoapiWriter.create(path, { grid, time, layers: 1, variables });
  const gramsPerCell = 1000 * grid.definition.xcell * grid.definition.ycell; // kg m-2 s-1 → g s-1
  for (let t = 0; t < time.count; t++) {
    for (const group of groups) {
      const { molarMass = 1, variables: ofGroup } = EMITTED[group];
      const grams = emissionAt(inventory, geography, group, season, time.start.getTime() + t * 3600e3).map((value) => value * gramsPerCell);
      const amounts = molarMass === 1 ? grams : grams.map((value) => value / molarMass);
      for (const { name, part } of ofGroup) writer.write(name, t, part === 1 ? amounts : amounts.map((value) => part * value));
    }
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
