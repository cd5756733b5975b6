export {
  DeviceFields,
  fromHalf,
  toHalf,
  windowMean,
  windowMeanAdjoint,
  windowMeanOfHalves,
  type DeviceFieldsShape,
  type HalfFields,
  type WindowMeanRequest,
} from './fields';
export * from './kernels';
export { allFinite, linearBounds, linearDescent, linearFactors, type LinearStretch } from './linear-control';
export { AddonError, loadAddon } from './load-addon';
export * from './mpi/mpi';
export * from './netcdf/netcdf';
export {
  DeviceTracers,
  TRACER_RATES,
  tracerRates,
  tracers,
  tracersAdjoint,
  tracerState,
  type DeviceTracerRequest,
  type TracerKind,
  type TracerRatesRequest,
  type TracerRequest,
} from './tracers';
export * from './transport/transport';
