/** netCDF files made by ncgen from CDL: an input that no code of ours wrote. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** ncgen's words for the forms of netCDF. */
export const FORMS = ['classic', '64-bit offset', '64-bit data', 'netCDF-4'] as const;

/** @returns the path */
export function ncgen(path: string, cdl: string, form: (typeof FORMS)[number] = 'classic'): string {
  writeFileSync(`${path}.cdl`, cdl);
  execFileSync('ncgen', ['-k', form, '-o', path, `${path}.cdl`]);
  return path;
}

export interface IoapiCdl {
  cols: number;
  rows: number;
  layers?: number;
  /** [YYYYDDD, HHMMSS] of each record */
  flags: [number, number][];
  /** declarations and values of variables on (TSTEP, LAY, ROW, COL), by name */
  variables: Record<string, { type: 'float' | 'int' | 'double'; values: (number | string)[]; attributes?: string[] }>;
  /** changes of the header, as CDL values */
  header?: Record<string, string | number>;
}

/** An I/O API file as CDL. Text attributes are written as they are given, padding and all. */
export function ioapiCdl({ cols, rows, layers = 1, flags, variables, header = {} }: IoapiCdl): string {
  const names = Object.keys(variables);
  const all: Record<string, string | number> = {
    FTYPE: 1, SDATE: flags[0][0], STIME: flags[0][1], TSTEP: 10000, NTHIK: 1, NCOLS: cols, NROWS: rows, NLAYS: layers, NVARS: names.length,
    GDTYP: 2, P_ALP: '25.', P_BET: '40.', P_GAM: '110.', XCENT: '110.', YCENT: '34.', XORIG: '-30000.', YORIG: '10000.', XCELL: '10000.', YCELL: '10000.',
    VGTYP: 7, VGTOP: '5000.f', VGLVLS: Array.from({ length: layers + 1 }, (_, i) => `${(1 - i / (2 * layers)).toFixed(3)}f`).join(', '),
    GDNAM: '"TEST            "', 'VAR-LIST': `"${names.map((name) => name.padEnd(16)).join('')}"`, ...header,
  }; // prettier-ignore
  const declared = Object.entries(variables).map(([name, { type, attributes = [] }]) =>
    [
      `  ${type} ${name}(TSTEP, LAY, ROW, COL) ;`,
      `    ${name}:units = "m               " ;`,
      ...attributes.map((text) => `    ${name}:${text} ;`),
    ].join('\n'),
  );
  return `netcdf test {
dimensions: TSTEP = UNLIMITED ; DATE-TIME = 2 ; LAY = ${layers} ; VAR = ${names.length} ; ROW = ${rows} ; COL = ${cols} ;
variables:
  int TFLAG(TSTEP, VAR, DATE-TIME) ;
${declared.join('\n')}
${Object.entries(all)
  .map(([name, value]) => `  :${name} = ${value} ;`)
  .join('\n')}
data:
  TFLAG = ${flags.flatMap((flag) => names.flatMap(() => flag)).join(', ')} ;
${Object.entries(variables)
  .map(([name, { values }]) => `  ${name} = ${values.join(', ')} ;`)
  .join('\n')}
}
`;
}
