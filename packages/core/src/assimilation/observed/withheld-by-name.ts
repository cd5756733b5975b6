/**
 * Monitors that the case withholds by name or by network, beside those that are drawn in blocks. They judge the result, and nothing that they measure enters it; a used
 * monitor may stand in the same cell.
 */
import { ConfigError, DataError } from '../../base/errors';
import { readRegular, requireUtf8 } from '../../base/whole-files';
import type { Case } from '../../case';
import { nearestKey } from '../../case/problems';
import { placeColumns, readStations, type Station } from '../../observations/stations';
import type { WithheldChoice } from '../../inversion/observations/withheld';

type Withholding = Pick<Case, 'withheld' | 'observations'>;

/** The file of names, where the case has one. */
export function withheldFiles({ withheld: { stations } }: Pick<Case, 'withheld'>): string[] {
  return stations === undefined || Array.isArray(stations) ? [] : [stations.file];
}

/** What of the settings decides which monitors there are and which are withheld: a part of the keys of stages. What stands in files is known by their hashes. */
export function withholdingKey({ withheld, observations, columns = {} }: Withholding & Partial<Pick<Case, 'columns'>>): object {
  const { stations, networks } = withheld;
  return {
    observations: { ...observations, files: undefined, independent: undefined, stations: placeColumns(observations.stations) },
    withheld: {
      ...withheld,
      stations: Array.isArray(stations) ? stations : undefined,
      columns: Object.keys(columns).length > 0 ? withheld.columns : undefined,
    },
    ...(networks === undefined ? {} : { stationNetwork: observations.stations.network }),
  };
}

/**
 * Ids of the stations that are withheld by name or network, whether or not they have values in the grid. Empty where the case names none.
 *
 * @throws {ConfigError} `WITHHELD_UNKNOWN` for a name that no station, or no network, of the list of stations has
 * @throws {DataError} `FILE_UNREADABLE`, `FILE_ENCODING`, `FILE_EMPTY`, and what {@link readStations} throws
 */
export async function namedStations({ withheld, observations }: Withholding): Promise<Set<string>> {
  const { stations: names, networks = [] } = withheld;
  if (names === undefined && networks.length === 0) return new Set();
  const { file } = observations.stations;
  const { stations, withoutCoordinates } = await readStations(observations.stations);
  const knownIds = new Set([...stations.map(({ id }) => id), ...withoutCoordinates]);
  const chosen = names === undefined ? [] : Array.isArray(names) ? names : readNames(names.file);
  const unknown = chosen.filter((name) => !knownIds.has(name));
  if (unknown.length > 0) {
    const label = Array.isArray(names) ? 'withheld.stations' : names!.file;
    const remedy = nearestInWords(unknown[0], [...knownIds]) ?? 'write the identifiers alike, with their leading zeros';
    throw new ConfigError('WITHHELD_UNKNOWN', `${label}: ${unknown.length} of its ${chosen.length} names are of no station in ${file} (such as "${unknown[0]}"): ${remedy}`); // prettier-ignore
  }
  expectNetworks(networks, stations, file);
  const ofNetworks = stations.flatMap(({ id, network }) => (network !== undefined && networks.includes(network) ? [id] : []));
  return new Set([...chosen, ...ofNetworks]);
}

function expectNetworks(networks: readonly string[], stations: readonly Station[], file: string): void {
  const knownNetworks = [...new Set(stations.flatMap(({ network }) => network ?? []))].sort();
  const unknown = networks.find((network) => !knownNetworks.includes(network));
  if (unknown === undefined) return;
  const remedy = nearestInWords(unknown, knownNetworks) ?? 'mend the name, or name their column in observations.stations.network';
  throw new ConfigError(
    'WITHHELD_UNKNOWN',
    `withheld.networks: no station in ${file} is of the network "${unknown}"; networks are ${knownNetworks.slice(0, SHOWN).join(', ') || 'not given'}${knownNetworks.length > SHOWN ? ' …' : ''}: ${remedy}`,
  );
}

const SHOWN = 20;

function nearestInWords(name: string, knownNames: readonly string[]): string | undefined {
  const near = nearestKey(name, knownNames);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** One a line; empty lines and those that begin with # say nothing. */
function readNames(path: string): string[] {
  let text: Buffer;
  try {
    text = readRegular(path);
  } catch (cause) {
    throw new DataError('FILE_UNREADABLE', `${path}: the list of withheld stations cannot be read (${(cause as Error).message}): check the path in withheld.stations.file, and its permissions`, { cause }); // prettier-ignore
  }
  requireUtf8(path, text);
  const lines = text.toString('utf8').replace(/^\ufeff/, '').split(/\r\n|\n|\r/); // prettier-ignore
  const names = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (names.length === 0) throw new DataError('FILE_EMPTY', `${path}: it names no station: write one identifier a line, or remove withheld.stations`);
  return names;
}

/**
 * The stations that are withheld: those drawn, as without names, and those named.
 *
 * @param named - of {@link namedStations}
 * @throws {DataError} `WITHHELD_UNHEARD` if no named one has a value inside the grid; `WITHHELD_ALL` if none is left to use
 */
export function withNamed({ withheld: drawn, block }: WithheldChoice, named: ReadonlySet<string>): WithheldChoice {
  if (named.size === 0) return { withheld: drawn, block };
  const heard = [...named].filter((id) => block.has(id));
  if (heard.length === 0) {
    throw new DataError(
      'WITHHELD_UNHEARD',
      `withheld: none of the ${named.size} stations that are named has a value inside the grid (such as ${[...named][0]}): name others, or remove withheld.stations and withheld.networks`,
    );
  }
  const withheld = new Set([...drawn, ...heard]);
  if (withheld.size < block.size) return { withheld, block };
  throw new DataError(
    'WITHHELD_ALL',
    `withheld: all ${block.size} stations with values inside the grid are withheld, ${heard.length} of them by name, so that none is left to use: name fewer, or lower withheld.fraction`,
  );
}
