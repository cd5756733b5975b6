/**
 * What `verify` compared, at every monitor, as one CF file: `observed`, `prior` and `updated` on (species, time, station), and what each station is.
 *
 * Periods follow each other along time, in which they do not overlap: no hour is compared in two of them.
 */
import type { CaseChannels } from '../../base/species';
import { SLAB, writeCfInParts } from '../../files/netcdf/cf-in-parts';
import type { CfLabels } from '../../files/netcdf/cf-labels';
import type { CfVariable, CfWritten } from '../../files/netcdf/netcdf-cf';
import { Role } from '../../inversion/cost/cost';
import type { Station } from '../../observations/stations';
import type { ComparedPeriod } from './score-table';

export const PAIRS_FILE = 'pairs.nc';
/** Of entries of `observations.independent`, by their names. */
export const INDEPENDENT_PAIRS = /^pairs-.+\.nc$/;
export const independentPairs = (name: string): string => `pairs-${name}.nc`;

/** What stands along species, time and stations in every file. */
const AUXILIARY = ['unit', 'period', 'lat', 'lon', 'row', 'col', 'role'];
/** What the stations file may say of a station. */
const OF_STATIONS: Record<string, (station: Station) => string | undefined> = {
  station_name: ({ name }) => name,
  site_type: ({ type }) => type,
};

/** What the inversion did with a station. */
export type StationRole = keyof typeof Role;
const ROLES = Object.keys(Role) as StationRole[];

/** A station as it was compared. */
export interface ComparedStation extends Station {
  role: StationRole;
  /** counted from 0 in the south-west */
  row: number;
  col: number;
}

/** The stations of a period, in the order of its series. */
export function comparedStations({ grid, monitors, prior }: Pick<ComparedPeriod, 'grid' | 'monitors' | 'prior'>): ComparedStation[] {
  const { withheld, watched, observations } = monitors;
  const listed = new Map(observations.stations.map((station) => [station.id, station]));
  return prior.stations.map(({ id, cell }) => ({
    ...listed.get(id)!,
    role: withheld.has(id) ? 'withheld' : watched.has(id) ? 'watched' : 'used',
    row: Math.floor(cell / grid.cols),
    col: cell % grid.cols,
  }));
}

/** @param channels - species of the case with their units @throws as {@link writeCfInParts} */
export function writePairs(path: string, compared: readonly ComparedPeriod[], channels: Pick<CaseChannels, 'species' | 'units'>): void {
  const periods = [...compared].sort((a, b) => a.prior.times[0].getTime() - b.prior.times[0].getTime());
  const ofPeriods = periods.map(comparedStations);
  const stations = [...new Map(ofPeriods.flat().map((station) => [station.id, station])).values()];
  const species = channels.species.filter((name) => periods.some(({ prior }) => prior.observed.has(name)));
  const dimensions = ['species', 'time', 'station'];
  const contents = contentsOf(periods, stations, { species, units: channels.units });
  const coordinates = [...AUXILIARY, ...(contents.labels ?? []).map(({ name }) => name).filter((name) => name in OF_STATIONS)];
  const part = (name: string, long_name: string): { name: string; dimensions: string[]; attributes: Record<string, string> } => ({
    name,
    dimensions,
    attributes: { long_name, cell_methods: 'time: mean', coordinates: coordinates.join(' ') },
  });
  const parts = [
    part('observed', 'observed concentration'),
    part('prior', "concentration in the station's cell, with the prior emissions"),
    part('updated', "concentration in the station's cell, with the updated emissions"),
  ];
  const places = new Map(stations.map(({ id }, i) => [id, i]));
  writeCfInParts(path, contents, parts, (file) => {
    species.forEach((name, s) => {
      let begin = 0;
      periods.forEach(({ prior, updated }, p) => {
        const stationPlaces = ofPeriods[p].map(({ id }) => places.get(id)!);
        const series = [prior.observed, prior.simulated, updated.simulated].map((bySpecies) => bySpecies.get(name));
        for (let first = 0; first < prior.times.length; first += SLAB) {
          const count = Math.min(SLAB, prior.times.length - first);
          parts.forEach(({ name: variable }, k) => {
            file.write(variable, [s, begin + first, 0], [1, count, stations.length], spread(series[k], first, count, stationPlaces, stations.length));
          });
        }
        begin += prior.times.length;
      });
    });
  });
}

/** Times of a period's series among all stations; NaN where it does not have one. */
function spread(series: Float32Array | undefined, first: number, count: number, stationPlaces: readonly number[], stations: number): Float32Array {
  const out = new Float32Array(count * stations).fill(Number.NaN);
  if (!series) return out;
  for (let t = 0; t < count; t++) stationPlaces.forEach((place, j) => (out[t * stations + place] = series[(first + t) * stationPlaces.length + j]));
  return out;
}

function contentsOf(
  periods: readonly ComparedPeriod[],
  stations: readonly ComparedStation[],
  { species, units }: Pick<CaseChannels, 'species' | 'units'>,
): CfWritten {
  const times = periods.flatMap(({ prior }) => prior.times.map((time) => time.getTime()));
  const lengths = periods.flatMap(({ prior, monitors }) => prior.times.map(() => monitors.observations.time.stepSeconds));
  const start = new Date(times[0]);
  const seconds = times.map((time) => (time - start.getTime()) / 1000);
  const labels: CfLabels[] = [
    { name: 'station', dimension: 'station', values: stations.map(({ id }) => id), attributes: { long_name: 'station' } },
    { name: 'species', dimension: 'species', values: species },
    { name: 'unit', dimension: 'species', values: species.map((name) => units[name]), attributes: { long_name: 'unit of the species' } },
    { name: 'period', dimension: 'time', values: periods.flatMap(({ name, prior }) => prior.times.map(() => name)) },
    ...Object.entries(OF_STATIONS).flatMap(([name, textOfStation]) => textOf(name, stations, textOfStation)),
  ];
  return {
    dimensions: { species: species.length, time: times.length, station: stations.length, bnds: 2 },
    coordinates: [
      {
        name: 'time',
        dimensions: ['time'],
        data: Float64Array.from(seconds),
        attributes: {
          standard_name: 'time',
          long_name: 'beginning of the hour or day of which values are means, UTC',
          units: `seconds since ${start.toISOString().replace('T', ' ').replace('.000Z', '')}`,
          calendar: 'standard',
          axis: 'T',
          bounds: 'time_bnds',
        },
      },
    ],
    variables: [
      { name: 'time_bnds', dimensions: ['time', 'bnds'], data: Float64Array.from(seconds.flatMap((begin, i) => [begin, begin + lengths[i]])) },
      ...placesOf(stations),
    ],
    labels,
    attributes: {
      title: 'Concentrations observed and simulated at the monitors, with prior and with updated emissions',
      source: 'Retroplume',
      comment: 'Values of a species are in its unit. NaN is a missing value.',
    },
  };
}

/** Where each station lies, and what it was for. */
function placesOf(stations: readonly ComparedStation[]): CfVariable[] {
  const stationVariable = (name: string, data: CfVariable['data'], attributes: CfVariable['attributes']): CfVariable => ({
    name,
    dimensions: ['station'],
    data,
    attributes,
  });
  const degrees = (coordinate: 'lat' | 'lon'): Float64Array => Float64Array.from(stations, (station) => station[coordinate]);
  const counted = (coordinate: 'row' | 'col'): Int32Array => Int32Array.from(stations, (station) => station[coordinate]);
  return [
    stationVariable('lat', degrees('lat'), { standard_name: 'latitude', units: 'degrees_north' }),
    stationVariable('lon', degrees('lon'), { standard_name: 'longitude', units: 'degrees_east' }),
    stationVariable('row', counted('row'), { long_name: "row of the station's cell, counted from 0 in the south" }),
    stationVariable('col', counted('col'), { long_name: "column of the station's cell, counted from 0 in the west" }),
    stationVariable(
      'role',
      Int8Array.from(stations, ({ role }) => Role[role]),
      {
        long_name: 'what the inversion did with the station: its values are in the cost, only chose the step that is kept, or were never seen',
        flag_values: Int8Array.from(ROLES, (role) => Role[role]),
        flag_meanings: ROLES.join(' '),
      },
    ),
  ];
}

/** Absent where no station has one. */
function textOf(name: string, stations: readonly Station[], textOfStation: (station: Station) => string | undefined): CfLabels[] {
  const values = stations.map((station) => textOfStation(station) ?? '');
  return values.some((value) => value !== '') ? [{ name, dimension: 'station', values }] : [];
}
