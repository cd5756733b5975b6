export * from './kernels';
export * from './mpi';
export * from './netcdf';
export * from './peak';
export * from './tracers';
export * from './transport';
export * from './half-precision';
export * from './window-mean';
export { AddonError, loadAddon } from './load-addon';
