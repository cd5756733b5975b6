/**
 * An inventory in five sectors, made the way real ones are: a yearly total per sector and group, spread over the map by a
 * proxy (people, roads, stacks, fields), and over the hours by a profile of the sector.
 *
 * The densities are those of the North China Plain about 2013 (NOx 10, SO2 8, NH3 5, VOC 12, PM2.5 5 t km-2 a-1 of land;
 * Zheng et al. 2018, doi:10.5194/acp-18-14095-2018; CO 6 times NOx, coarse particles 0.45 of PM2.5 as there), so that the reference model's concentrations are realistic.
 */
import type { Group } from '../base/species';
import { smoothRandomField } from '../grid/correlation';
import { type Random } from '../base/random';
import { type DemoGeography } from './demo-geography';
import { localSolarHour } from './solar';
import { seasonalValue, type Season } from './demo-seasons';

const SECTORS = ['traffic', 'industry', 'power', 'residential', 'agriculture'] as const;
type Sector = (typeof SECTORS)[number];

/** Yearly emission per land area (t km-2 a-1) and its split over the sectors (fractions, in the order of SECTORS). */
const INVENTORY: Record<Group, { density: number; split: readonly [number, number, number, number, number] }> = {
  NOx: { density: 10, split: [0.36, 0.3, 0.27, 0.07, 0] },
  NH3: { density: 5, split: [0.03, 0.02, 0, 0.07, 0.88] },
  SO2: { density: 8, split: [0.02, 0.43, 0.35, 0.2, 0] },
  VOC: { density: 12, split: [0.24, 0.52, 0.01, 0.19, 0.04] },
  'PM2.5': { density: 5, split: [0.12, 0.42, 0.06, 0.36, 0.04] },
  CO: { density: 60, split: [0.2, 0.38, 0.02, 0.36, 0.04] },
  PMC: { density: 2.2, split: [0.15, 0.6, 0.12, 0.08, 0.05] },
  ISOP: { density: 1, split: [0, 0, 0, 0, 1] },
};

/** The groups that the demo's world may have. */
export const DEMO_GROUPS: readonly Group[] = Object.keys(INVENTORY);

/** Ratio to the yearly mean. Heating doubles what homes emit in winter; warm soils and crops more than double agriculture's ammonia in summer. */
const SEASONAL: Record<'winter' | 'summer', Record<Sector, number>> = {
  winter: { traffic: 1, industry: 1, power: 1.05, residential: 2, agriculture: 0.55 },
  summer: { traffic: 1, industry: 1, power: 1.05, residential: 0.5, agriculture: 1.6 },
};

function seasonal(sector: Sector, season: Season): number {
  return seasonalValue(SEASONAL.winter[sector], SEASONAL.summer[sector], season);
}

/** Weight of each local hour, 0 … 23; scaled to a mean of 1 where used. */
const DIURNAL: Record<Sector, readonly number[]> = {
  traffic: [4, 3, 2, 2, 3, 6, 10, 14, 15, 13, 12, 12, 12, 12, 13, 14, 15, 16, 15, 12, 10, 8, 7, 5],
  industry: [8, 8, 8, 8, 8, 9, 10, 11, 12, 13, 13, 13, 12, 13, 13, 13, 13, 12, 11, 10, 9, 9, 8, 8],
  power: [9, 9, 8, 8, 9, 9, 10, 11, 12, 12, 12, 12, 11, 11, 12, 12, 12, 12, 12, 12, 12, 11, 10, 9],
  residential: [6, 5, 5, 5, 6, 9, 13, 14, 11, 9, 9, 11, 11, 9, 8, 9, 12, 16, 18, 16, 13, 11, 9, 7],
  agriculture: [6, 6, 6, 6, 6, 7, 8, 10, 12, 14, 16, 17, 18, 18, 17, 15, 13, 11, 9, 8, 7, 7, 6, 6],
};

/** Saturday and Sunday against a working day; scaled to a mean of 1 over the week where used. */
const WEEKEND: Record<Sector, number> = { traffic: 0.82, industry: 0.9, power: 0.95, residential: 1.05, agriculture: 1 };

interface City {
  x: number;
  y: number;
  /** relative to the largest city's 1 */
  people: number;
}

export interface DemoInventory {
  /** people per cell, any scale, `[rows, cols]` */
  people: Float64Array;
  /** yearly mean emission per sector and group, kg m-2 s-1, `[rows, cols]` */
  sectorMaps: Map<Sector, Map<Group, Float64Array>>;
}

/** Places cities, roads, stacks and fields on the land and spreads the yearly totals over them. */
export function makeDemoInventory(geography: DemoGeography, groups: readonly Group[], random: Random): DemoInventory {
  const cities = placeCities(geography, random.fork('cities'));
  const people = spreadPeople(geography, cities);
  const roads = drawRoads(geography, cities);
  const proxies: Record<Sector, Float64Array> = {
    traffic: people.map((p, i) => 0.65 * p + roads[i]),
    industry: industryProxy(geography, people, random.fork('industry')),
    power: placeStacks(geography, people, random.fork('power')),
    residential: people.map((p, i) => p ** 0.85 + 0.02 * geography.land[i]),
    agriculture: fieldsProxy(geography, people, random.fork('fields')),
  };
  const landCells = geography.land.reduce((sum, land) => sum + land, 0);
  const sectorMaps = new Map<Sector, Map<Group, Float64Array>>();
  SECTORS.forEach((sector, s) => {
    const total = proxies[sector].reduce((sum, value) => sum + value, 0);
    const maps = new Map<Group, Float64Array>();
    for (const group of groups) {
      const { density, split } = INVENTORY[group];
      // t km-2 a-1 = 1e3 kg / (1e6 m2 · 3.1536e7 s)
      const mean = (density * split[s] * 1e-3) / 3.1536e7;
      maps.set(
        group,
        proxies[sector].map((value) => (mean * landCells * value) / total),
      );
    }
    sectorMaps.set(sector, maps);
  });
  return { people, sectorMaps };
}

/**
 * Emission of one group in the hour that begins at `time` (milliseconds UTC).
 *
 * @returns `[rows, cols]` kg m-2 s-1; the whole domain keeps the clock of its central longitude, in steps of an hour
 */
export function emissionAt(inventory: DemoInventory, geography: DemoGeography, group: Group, season: Season, time: number): Float32Array {
  const out = new Float32Array(geography.land.length);
  const middle = localSolarHour(time + 1800e3, geography.grid.definition.xcent);
  const hour = Math.floor(middle);
  const localDay = new Date(time + 1800e3 + (geography.grid.definition.xcent / 15) * 3600e3).getUTCDay();
  for (const sector of SECTORS) {
    const profile = DIURNAL[sector];
    const diurnal = (24 * profile[hour]) / profile.reduce((sum, value) => sum + value, 0);
    const isWeekend = localDay === 0 || localDay === 6;
    const weekday = (7 * (isWeekend ? WEEKEND[sector] : 1)) / (5 + 2 * WEEKEND[sector]);
    const factor = seasonal(sector, season) * diurnal * weekday;
    const map = inventory.sectorMaps.get(sector)!.get(group)!;
    for (let i = 0; i < out.length; i++) out[i] += factor * map[i];
  }
  return out;
}

/** The weather-independent mean emission of a group over a season (kg m-2 s-1), for weights and maps. */
export function seasonMean(inventory: DemoInventory, group: Group, season: Season): Float64Array {
  const out = new Float64Array(inventory.people.length);
  for (const sector of SECTORS) {
    const map = inventory.sectorMaps.get(sector)!.get(group)!;
    for (let i = 0; i < out.length; i++) out[i] += seasonal(sector, season) * map[i];
  }
  return out;
}

/** About one city per 90 land cells, at least three, well apart, rather low and near the coast; sizes fall as rank^−0.7. */
function placeCities(geography: DemoGeography, random: Random): City[] {
  const { land, height, inlandKm, x, y } = geography;
  const landCells = land.reduce((sum, value) => sum + value, 0);
  const wanted = Math.max(3, Math.round(landCells / 90));
  const cities: City[] = [];
  for (let attempt = 0; attempt < 4000 && cities.length < wanted; attempt++) {
    const i = random.integer(land.length);
    const comfort = land[i] * Math.exp(-height[i] / 500) * (0.35 + Math.exp(-inlandKm[i] / 250));
    if (random.uniform() > comfort) continue;
    const apart = cities.every((city) => Math.hypot(city.x - x[i], city.y - y[i]) > (attempt < 2000 ? 115e3 : 70e3));
    if (!apart) continue;
    cities.push({ x: x[i], y: y[i], people: (cities.length + 1) ** -0.7 });
  }
  return cities;
}

/** A dense core and a wide sprawl for each city (both wider in larger ones) over a thin rural population in the lowlands. */
function spreadPeople(geography: DemoGeography, cities: City[]): Float64Array {
  const { land, height, x, y } = geography;
  return Float64Array.from(land, (isLand, i) => {
    let people = 0.012 * Math.exp(-height[i] / 600);
    for (const city of cities) {
      const distance = Math.hypot(x[i] - city.x, y[i] - city.y);
      const core = 22e3 + 16e3 * city.people;
      const sprawl = 60e3 + 40e3 * city.people;
      people += city.people * (0.6 * Math.exp(-0.5 * (distance / core) ** 2) + 0.1 * Math.exp(-0.5 * (distance / sprawl) ** 2));
    }
    return isLand * people;
  });
}

/** Trunk roads from each city to its two nearest neighbours, straight, weighted by both ends. */
function drawRoads(geography: DemoGeography, cities: City[]): Float64Array {
  const { grid, land } = geography;
  const roads = new Float64Array(land.length);
  for (const source of cities) {
    const near = cities
      .filter((city) => city !== source)
      .sort((a, b) => Math.hypot(a.x - source.x, a.y - source.y) - Math.hypot(b.x - source.x, b.y - source.y))
      .slice(0, 2);
    for (const neighbour of near) {
      const steps = Math.ceil(Math.hypot(neighbour.x - source.x, neighbour.y - source.y) / 5000);
      for (let k = 0; k <= steps; k++) {
        const col = Math.floor((source.x + ((neighbour.x - source.x) * k) / steps) / 27000 + grid.cols / 2);
        const row = Math.floor((source.y + ((neighbour.y - source.y) * k) / steps) / 27000 + grid.rows / 2);
        if (row >= 0 && row < grid.rows && col >= 0 && col < grid.cols)
          roads[row * grid.cols + col] += 0.006 * Math.sqrt(source.people * neighbour.people);
      }
    }
  }
  return roads.map((value, i) => value * land[i]);
}

/** Works stand about cities, more in some districts than in others. */
function industryProxy(geography: DemoGeography, people: Float64Array, random: Random): Float64Array {
  const { grid } = geography;
  const district = smoothRandomField(grid.rows, grid.cols, 2.5, random);
  return people.map((p, i) => p ** 0.8 * Math.exp(0.5 * district[i]));
}

/** Power plants: one per 18 land cells, mostly within reach of people, sizes from 0.3 to 1.6. */
function placeStacks(geography: DemoGeography, people: Float64Array, random: Random): Float64Array {
  const stacks = people.map((p) => 0.02 * p);
  const wanted = Math.max(3, Math.round(geography.land.reduce((sum, land) => sum + land, 0) / 18));
  for (let placed = 0; placed < wanted;) {
    const i = random.integer(people.length);
    if (geography.land[i] === 0 || random.uniform() > 0.15 + 4 * people[i]) continue;
    stacks[i] += 0.3 + 1.3 * random.uniform() ** 2;
    placed++;
  }
  return stacks;
}

/** Fields and stables: the lowlands outside the cities, uneven. */
function fieldsProxy(geography: DemoGeography, people: Float64Array, random: Random): Float64Array {
  const { grid, land, height } = geography;
  const soil = smoothRandomField(grid.rows, grid.cols, 4, random);
  return people.map((p, i) => land[i] * Math.exp(-height[i] / 500 + 0.45 * soil[i]) * (0.25 + Math.min(1, 12 * p)) * Math.exp(-2.5 * p));
}
