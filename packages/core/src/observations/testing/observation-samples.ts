/** Tables of observations in a folder that every test finds empty. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ObservationsSpec } from '../observation-layouts';
import { readObservations, type Observations, type ObservationsOptions } from '../observations';
import type { QualityRules } from '../quality-rules';
import { temporaryFolder } from '../../files/testing/shared-data';

export const STATIONS = 'id,lon,lat\nA,116.1,39.1\nB,116.9,39.9\nC,110.5,30.5\nD,,\nE,-,-\nF,0,0\nG,95,30\n';
export const ug = (column: string): { column: string; unit: string } => ({ column, unit: 'ug m-3' });

export const NO_RULES: QualityRules = { stuckSteps: 0, minimumHours: 0 };

/** All values of a species at a station, in time. */
export const series = (observations: Observations, species: string, station: string): number[] => {
  const index = observations.stations.findIndex(({ id }) => id === station);
  return [...(observations.values.get(species) as Float32Array)].filter((_, i) => i % observations.stations.length === index);
};

interface ObservationTables {
  /** path of a file of the folder */
  pathOf: (name: string) => string;
  write: (name: string, content: string | Buffer) => string;
  /** hourly tables in the long layout, as the case would describe them, with changes */
  spec: (change?: Partial<ObservationsSpec>) => ObservationsSpec;
  /** reads `rows` of the long layout `station,time,no2,pm25` */
  read: (rows: string, change?: Partial<ObservationsSpec>, options?: ObservationsOptions) => Promise<Observations>;
}

export function observationTables(): ObservationTables {
  const folder = temporaryFolder();
  const pathOf = (name: string): string => join(folder.path, name);
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(pathOf(name), content);
    return pathOf(name);
  };
  const spec = (change: Partial<ObservationsSpec> = {}): ObservationsSpec => ({
    stations: { file: pathOf('stations.csv'), id: 'id', lon: 'lon', lat: 'lat' },
    files: pathOf('obs*'),
    layout: 'long',
    resolution: 'hourly',
    timeZone: 'UTC',
    columns: { station: 'station', time: 'time', species: { NO2: ug('no2'), 'PM2.5': ug('pm25') } },
    gasReference: { temperature: 273.15, pressure: 101325 },
    ...change,
  });
  const read = (rows: string, change: Partial<ObservationsSpec> = {}, options: ObservationsOptions = {}): Promise<Observations> => {
    write('stations.csv', STATIONS);
    write('obs.csv', `station,time,no2,pm25\n${rows}`);
    return readObservations(spec(change), options);
  };
  return { pathOf, write, spec, read };
}
