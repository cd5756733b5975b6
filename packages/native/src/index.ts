export * from './kernels';
export * from './netcdf';
export * from './transport';
export { AddonError, loadAddon } from './load-addon';
