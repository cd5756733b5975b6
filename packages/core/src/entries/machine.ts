/** What this machine has, the choice of a device, and several processes (MPI). */
export {
  chooseDevice,
  describeDevice,
  DEVICE_CHOICES,
  DEVICE_PATTERN,
  MOST_THREADS,
  PRECISIONS,
  type Device,
  type DeviceChoice,
  type Precision,
} from '../base/device';
export { describeEnvironment, type Environment, type Finding } from '../base/environment';
export { ALONE, giveWay, joinRanks, launchedByMpi, type Launched, type Ranks } from '../base/process';
