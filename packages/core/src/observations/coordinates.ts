/** Coordinates that are on earth, but may be none: what files write for missing, and what a spreadsheet makes of an empty cell. */

/** @returns what is doubtful: `longitude -99` */
function placeDoubt(lon: number, lat: number): string | undefined {
  if (lon === -99) return 'longitude -99';
  if (lon === lat) return `longitude and latitude ${lon}`;
  return lon === 0 ? 'longitude 0' : lat === 0 ? 'latitude 0' : undefined;
}

/** Those of a list of stations: `S1: longitude -99`. */
export function doubtfulPlaces(stations: readonly { id: string; lon: number; lat: number }[]): string[] {
  return stations.flatMap(({ id, lon, lat }) => {
    const doubt = placeDoubt(lon, lat);
    return doubt === undefined ? [] : [`${id}: ${doubt}`];
  });
}

/** @param doubtful - of {@link doubtfulPlaces} @returns a sentence, or none */
export function doubtfulInWords(doubtful: readonly string[]): string[] {
  if (doubtful.length === 0) return [];
  const first = doubtful.slice(0, 3).join('; ') + (doubtful.length > 3 ? ' …' : '');
  return [`${doubtful.length} stations stand where a code for missing coordinates would put them, and are kept (${first}): check the list`];
}
