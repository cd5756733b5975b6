/** Networks: functions from values to values. */
export type { NetworkInputs } from './layers';
export { lstmUnet } from './lstm-unet';
export { network } from './network';
export { dependence, poolingBlock, receptiveField, type Interval, type ReceptiveField } from './settings';
export { resnet } from './resnet';
export { responseUnet } from './response-unet';
export {
  AUTHORS_LSTM_UNET,
  DEFAULT_LSTM_UNET,
  PAPER_LSTM_UNET,
  PAPER_RESNET,
  plainBranch,
  type Activation,
  type BranchSettings,
  type ConvSettings,
  type HeadSettings,
  type LstmUnetSettings,
  type NetworkSettings,
  type ResnetSettings,
  type ResponseUnetSettings,
  type TrunkSettings,
} from './settings';
