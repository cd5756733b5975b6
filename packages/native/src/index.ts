export { DeviceFields, type DeviceFieldsShape } from './device-fields';
export { DeviceTracers, type DeviceTracerRequest } from './device-tracers';
export * from './kernels';
export { allFinite, linearBounds, linearDescent, linearFactors, type LinearStretch } from './linear-control';
export * from './mpi/mpi';
export * from './netcdf/netcdf';
export * from './peak';
export {
  TRACER_RATES,
  tracerRates,
  tracers,
  tracersAdjoint,
  tracerState,
  type TracerKind,
  type TracerRatesRequest,
  type TracerRequest,
} from './tracers';
export * from './transport/transport';
export * from './half-precision';
export * from './window-mean';
export { AddonError, loadAddon } from './load-addon';
