/** The times of WRF's records. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError } from '../../base/errors';
import { holdsNumbers } from '../../files/netcdf/netcdf-access';
import { parseCfTimes } from '../cf/cf-time';

/** The time of a record that has none: of the year 0, as WPS writes it. */
const TIMELESS = Date.parse('0000-01-01T00:00:00Z');

/** Whether a file holds fields without time, as geo_em does. @param times - of {@link wrfTimes} */
export const isTimeless = (times: readonly number[]): boolean => times[0] === TIMELESS;

/**
 * From `Times` (`2017-01-01_00:00:00`), else XTIME (`minutes since …`).
 *
 * @returns ms since 1970; of a file without time (geo_em, whose `Times` is of the year 0) one record, see {@link isTimeless}
 * @throws {DataError} `WRF_TIME`
 */
export function wrfTimes(file: NetcdfFile, path: string): number[] {
  const times = textTimes(file, path) ?? elapsedTimes(file, path);
  if (!times || times.length === 0) {
    throw new DataError('WRF_TIME', `${path}: there is no Times or XTIME with a date in its units: give WRF's own output, with all its coordinates`);
  }
  return times;
}

function textTimes(file: NetcdfFile, path: string): number[] | undefined {
  if (file.variable('Times')?.type !== 'char' || file.shape('Times').length !== 2) return undefined;
  const [records, width] = file.shape('Times');
  const bytes = file.read<Uint8Array>('Times');
  const texts = Array.from({ length: records }, (_, record) => Buffer.from(bytes.subarray(record * width, (record + 1) * width)).toString('latin1').replace(/[\s\0]+$/, '')); // prettier-ignore
  if (texts.length === 1 && texts[0].startsWith('0000')) return [TIMELESS];
  return texts.map((text) => {
    const time = /^\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text.replace('_', 'T')}Z`) : Number.NaN;
    if (!Number.isNaN(time)) return time;
    throw new DataError('WRF_TIME', `${path}: Times holds "${text}", which is no date such as 2017-01-01_00:00:00: make the file again`);
  });
}

function elapsedTimes(file: NetcdfFile, path: string): number[] | undefined {
  const variable = file.variable('XTIME');
  const units = variable && holdsNumbers(variable) && file.attributes('XTIME').get('units');
  if (typeof units !== 'string' || !/ since /.test(units)) return undefined;
  const values = file.read('XTIME');
  return parseCfTimes(Array.from<number | bigint, number>(values as Iterable<number | bigint>, Number), units, undefined, `${path}: XTIME`);
}
