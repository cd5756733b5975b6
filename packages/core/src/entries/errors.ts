/** The error family, and what is told of any error. */
export {
  ConfigError,
  DataError,
  DeviceError,
  errorFigures,
  type ErrorFigures,
  GateError,
  GridError,
  InterruptedError,
  NumericalError,
  RetroplumeError,
  ShapeError,
  toldError,
  TransportError,
  UnitError,
} from '../base/errors';
