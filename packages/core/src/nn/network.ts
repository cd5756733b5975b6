import type { Graph, Mode, Value } from '../graph';
import type { NetworkInputs } from './head';
import { lstmUnet } from './lstm-unet';
import { resnet } from './resnet';
import type { NetworkSettings } from './settings';

/** The network that the settings name; see `lstmUnet` and `resnet`. @returns `[N, H, W, species]` */
export function network(g: Graph, inputs: NetworkInputs, settings: NetworkSettings, mode: Mode): Value {
  return settings.network === 'resnet' ? resnet(g, inputs, settings, mode) : lstmUnet(g, inputs, settings, mode);
}
