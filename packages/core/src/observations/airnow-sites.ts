/**
 * AirNow's own list of sites, monitoring_site_locations.dat: no header, 23 fields between bars, a row for each site and parameter; code page 850, or UTF-8.
 *
 * @see https://docs.airnowapi.org/docs/MonitoringSiteFactSheet.pdf
 */
import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { DataError } from '../base/errors';
import { readRegular } from '../base/whole-files';
import { firstLine, isGzipped } from '../files/tables/table-files';

/** Named as in the newer Monitoring_Site_Locations_V2.dat, which has a header. */
export const AIRNOW_SITE_COLUMNS = [
  'AQSID', 'Parameter', 'SiteCode', 'SiteName', 'Status', 'AgencyID', 'AgencyName', 'EPARegion', 'Latitude', 'Longitude', 'Elevation', 'GMTOffset',
  'CountryFIPS', 'CMSACode', 'CMSAName', 'MSACode', 'MSAName', 'StateCode', 'StateName', 'CountyCode', 'CountyName', 'CityCode', 'CityName',
]; // prettier-ignore

/** The letters of the bytes from 128 on. */
const CODE_PAGE_850 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0';

interface AirnowSites {
  encoding: 'UTF-8' | 'code page 850';
  /** of fields, in the order of {@link AIRNOW_SITE_COLUMNS} */
  rows: string[][];
}

/** Known by its first line. */
export async function isAirnowSiteList(path: string): Promise<boolean> {
  if (!existsSync(path) || /\.parquet$/i.test(path)) return false;
  const fields = (await firstLine(path)).split('|');
  return fields.length === AIRNOW_SITE_COLUMNS.length && [8, 9].every((i) => /^\s*-?\d+(\.\d+)?\s*$/.test(fields[i]));
}

/** @throws {DataError} `TABLE_UNREADABLE` for a row of another number of fields */
export function readAirnowSites(path: string): AirnowSites {
  const stored = readRegular(path);
  const bytes = isGzipped(path) ? gunzipSync(stored) : stored;
  const encoding = isUtf8(bytes) ? 'UTF-8' : 'code page 850';
  const text = encoding === 'UTF-8' ? bytes.toString('utf8') : fromCodePage850(bytes);
  const rows = text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const fields = line.split('|').map((field) => field.trim());
    if (fields.length === AIRNOW_SITE_COLUMNS.length) return [fields];
    throw new DataError(
      'TABLE_UNREADABLE',
      `${path}: the table cannot be read (expected ${AIRNOW_SITE_COLUMNS.length} fields but line ${i + 1} has ${fields.length}): mend the file`,
    );
  });
  return { encoding, rows };
}

const fromCodePage850 = (bytes: Buffer): string =>
  bytes.toString('latin1').replace(/[\x80-\xff]/g, (letter) => CODE_PAGE_850[letter.charCodeAt(0) - 128]);
