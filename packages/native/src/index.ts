export * from './kernels';
export * from './netcdf';
export * from './transport';
