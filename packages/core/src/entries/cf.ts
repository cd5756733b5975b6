/** CF files. */
export { readCf, writeCf, type CfAttributes, type CfContents, type CfData, type CfVariable, type CfWritten } from '../files/netcdf/netcdf-cf';
export type { CfLabels } from '../files/netcdf/cf-labels';
export type { TimeSpan } from '../files/netcdf/cf-time';
export type { NetcdfArray, NetcdfAttribute, NetcdfFormat } from '@retroplume/native';
