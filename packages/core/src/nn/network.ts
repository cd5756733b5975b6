import type { Graph, Value } from '../graph/definition/graph';
import type { Mode } from '../graph/ops/normalisation/batch-norm';
import type { NetworkInputs } from './layers';
import { lstmUnet } from './lstm-unet';
import { resnet } from './resnet';
import { responseUnet } from './response-unet';
import type { NetworkSettings } from './settings';

/** The network that the settings name; see `lstmUnet`, `responseUnet` and `resnet`. @returns `[N, H, W, species]` */
export function network(g: Graph, inputs: NetworkInputs, settings: NetworkSettings, mode: Mode): Value {
  switch (settings.network) {
    case 'lstm-unet':
      return lstmUnet(g, inputs, settings, mode);
    case 'response-unet':
      return responseUnet(g, inputs, settings, mode);
    case 'resnet':
      return resnet(g, inputs, settings, mode);
  }
}
