/** Tables that somebody gives to `init`: lists of stations and observations, told apart by their columns. */
import { ConfigError } from '../../../base/errors';
import { SPECIES_IN_FILES } from '../../../base/names-in-files';
import { speciesOfTable, type Species } from '../../../base/species';
import { identifier, TableStore } from '../../../files/tables/table-store';
import { rawFormatOf, type LayoutName } from '../../../observations/observation-layouts';
import { aqsSiteColumns, isAirnowSiteList, LIST_IDS } from '../../../observations/stations';
import { isAirnow, LAT, layoutOf, LON, STATION, timeColumn } from '../inspect/table';

interface SpeciesColumn {
  column: string;
  unit: string;
  /** whether the column's name says the unit */
  saysUnit: boolean;
}

export interface GivenTable {
  path: string;
  /** of observations */
  layout?: LayoutName;
  daily?: boolean;
  /** of the long layout */
  columns?: { station: string; time: string; species: Partial<Record<Species, SpeciesColumn>> };
  /** whether times say their offset from UTC, or a network's layout does */
  zoned?: boolean;
  /** columns of a list of stations; nothing where those of a network's list are known */
  places?: { id: string; lon: string; lat: string } | 'known';
  /** mean longitude of its rows, degrees east, where it says places */
  meanLon?: number;
}

function unitInName(column: string): string | undefined {
  if (/ppb/i.test(column)) return 'ppb';
  if (/ppm/i.test(column)) return 'ppm';
  return /[uµμ]g/i.test(column) ? 'ug m-3' : /mg/i.test(column) ? 'mg m-3' : undefined;
}

function speciesColumns(columns: readonly string[]): Partial<Record<Species, SpeciesColumn>> {
  return Object.fromEntries(
    Object.entries(SPECIES_IN_FILES).flatMap(([species, { column: pattern }]) => {
      const column = columns.find((name) => pattern.test(name.trim()));
      if (column === undefined) return [];
      const unit = unitInName(column);
      return [[species, { column, unit: unit ?? speciesOfTable(species).unit, saysUnit: unit !== undefined }]];
    }),
  );
}

/** @throws {ConfigError} `INIT_TABLE` for a table that is neither @throws {DataError} what reading throws */
export async function lookAtTable(path: string): Promise<GivenTable> {
  if (await isAirnowSiteList(path)) return { path, places: 'known' };
  const store = await TableStore.open();
  try {
    const airnow = await isAirnow(path);
    const columns = await store.view('held', [path], airnow ? rawFormatOf('airnow') : undefined);
    const layout = airnow ? 'airnow' : layoutOf(columns);
    if (layout !== undefined) {
      const [lon, lat] = [LON, LAT].map((pattern) => columns.find((name) => pattern.test(name)));
      const places = aqsSiteColumns(columns) && lon ? 'known' : layout === 'openaq' && lon && lat ? { id: 'location_id', lon, lat } : undefined;
      return { path, layout, daily: layout === 'aqs' && columns.includes('Arithmetic Mean'), zoned: true, ...(places ? { places } : {}) };
    }
    return await ofOwnColumns(path, columns, store);
  } finally {
    store.close();
  }
}

async function ofOwnColumns(path: string, columns: string[], store: TableStore): Promise<GivenTable> {
  const siteColumns = aqsSiteColumns(columns) ?? LIST_IDS.find((name) => columns.includes(name));
  const station = columns.find((name) => STATION.test(name));
  const [lon, lat] = [LON, LAT].map((pattern) => columns.find((name) => pattern.test(name)));
  const species = speciesColumns(columns);
  const time = await timeColumn(store, columns);
  const hasPlaces = lon !== undefined && lat !== undefined && (siteColumns !== undefined || station !== undefined);
  const places = !hasPlaces ? undefined : siteColumns !== undefined ? 'known' : { id: station!, lon, lat };
  const meanLon = lon === undefined ? undefined : await meanOf(store, lon);
  const located: Pick<GivenTable, 'places' | 'meanLon'> = { ...(places ? { places } : {}), ...(meanLon === undefined ? {} : { meanLon }) };
  if (Object.keys(species).length === 0 && places) return { path, ...located };
  const shown = columns.slice(0, 12).join(', ');
  if (time === undefined)
    throw new ConfigError(
      'INIT_TABLE',
      `${path}: ${places || Object.keys(species).length > 0 ? 'a table of values without a column of time' : 'neither a list of stations (an identifier, lon, lat) nor observations (station, time, species)'}; it holds ${shown}: name its columns so, or leave the file out`,
    );
  if (station === undefined)
    throw new ConfigError('INIT_TABLE', `${path}: observations without a column of the station; it holds ${shown}: name it station`);
  if (Object.keys(species).length === 0)
    throw new ConfigError(
      'INIT_TABLE',
      `${path}: no column is of ${Object.keys(SPECIES_IN_FILES).join(', ')}; it holds ${shown}: name the columns so, or leave the file out`,
    );
  const texts = (await store.rows(`SELECT ${identifier(time)} FROM held WHERE trim(${identifier(time)}) <> '' LIMIT 50`)).map(([text]) =>
    String(text).trim(),
  );
  const zoned = texts.every((text) => /(Z|[+-]\d\d:?\d\d)$/.test(text) && /\d[T ]\d/.test(text));
  const daily = texts.every((text) => /^\d{4}[-/]?\d\d[-/]?\d\d$/.test(text));
  return { path, layout: 'long', daily, zoned, columns: { station, time, species }, ...located };
}

async function meanOf(store: TableStore, column: string): Promise<number | undefined> {
  const [[mean]] = await store.rows(`SELECT avg(TRY_CAST(trim(${identifier(column)}) AS DOUBLE)) FROM held`);
  return mean === null ? undefined : Number(mean);
}
