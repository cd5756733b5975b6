/** netCDF files for `inspect`: an I/O API file, WRF output, columns of a satellite, a CF file, or none of these. */
import type { NetcdfFile } from '@retroplume/native';

import { RetroplumeError } from '../../../base/errors';
import { columnProductOf } from '../../../columns/products/column-file';
import { openNetcdf, reading } from '../../../files/netcdf/netcdf-access';
import { describeCf } from './cf';
import { describeColumns } from './columns';
import { shortList, type Inspection, type Oddity, type Described } from './inspection';
import { describeIoapi } from './ioapi';
import { numbersOf, rangesOf, textOf, type Ranges } from './ranges';
import { describeWrf } from './wrf';

const FORMATS = { classic: 'netCDF classic', '64bit': 'netCDF 64-bit offset', cdf5: 'netCDF CDF-5', netcdf4: 'netCDF-4' };

/** @throws {DataError} what `openNetcdf` throws, for a file that cannot be read at all */
export function inspectNetcdf(path: string): Omit<Inspection, 'path' | 'bytes'> {
  const file = openNetcdf(path);
  try {
    return reading(path, () => {
      const product = columnProductOf(file);
      if (product) return inspectColumns(path, file, product.name);
      file.tryValues();
      const ranges = file.variables.flatMap(({ name }) => (name === 'TFLAG' ? [] : (rangesOf(file, name) ?? [])));
      const { kind, facts = {}, grids = [], time, odd = [] } = describe(file, ranges);
      return {
        kind: `${kind}, ${FORMATS[file.format]}`,
        facts: { ...factsOf(file), ...facts, ...groupsOf(file) },
        grids,
        ...(time ? { time } : {}),
        variables: ranges.map(({ name, units, shape, min, max, mean, missing, values }) => ({ name, units, shape, min, max, mean, missing, values })),
        odd: [...odd, ...groupOddities(file)],
      };
    });
  } finally {
    file.close();
  }
}

function inspectColumns(path: string, file: NetcdfFile, product: string): Omit<Inspection, 'path' | 'bytes'> {
  try {
    const { kind, facts, grids = [], odd = [], ...rest } = describeColumns(path);
    return { kind: `${kind}, ${FORMATS[file.format]}`, facts: { ...factsOf(file), ...facts }, grids, odd, ...rest };
  } catch (error) {
    if (!(error instanceof RetroplumeError)) throw error;
    const odd = [{ code: error.code, text: error.message.replace(`${path}: `, '') }];
    return { kind: `${product} columns that cannot be read, ${FORMATS[file.format]}`, facts: factsOf(file), grids: [], variables: [], odd };
  }
}

function describe(file: NetcdfFile, ranges: Ranges[]): Described {
  const attributes = file.attributes();
  if (attributes.has('FTYPE') && attributes.has('GDTYP')) return describeIoapi(file, ranges);
  if (attributes.has('MAP_PROJ') && numbersOf(attributes.get('DX')).length > 0) return describeWrf(file, ranges);
  return describeCf(file, ranges);
}

function groupsOf({ groups }: NetcdfFile): Record<string, string> {
  return groups.length === 0
    ? {}
    : { groups: groups.map(({ name, variables }) => `${name}: ${shortList(variables.map((variable) => variable.name))}`).join('; ') };
}

function groupOddities({ groups }: NetcdfFile): Oddity[] {
  if (groups.length === 0) return [];
  const count = groups.reduce((sum, { variables }) => sum + variables.length, 0);
  const text = `${count} of its variables lie in groups, which are not read: take what is wanted out of them first (ncks -G : -v NAME)`;
  return [{ code: 'GROUPS', text }];
}

function factsOf(file: NetcdfFile): Record<string, string> {
  const attributes = file.attributes();
  const shown = ['title', 'TITLE', 'Conventions', 'FILEDESC'];
  const facts = shown.flatMap((name): [string, string][] => {
    const text = textOf(attributes.get(name)).replace(/\s+/g, ' ').replace(/\0/g, '');
    return text === '' ? [] : [[name, text.length > 160 ? `${text.slice(0, 160)}…` : text]];
  });
  return Object.fromEntries(facts);
}
