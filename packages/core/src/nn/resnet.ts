/**
 * The paper's baseline: all steps stacked as channels, tracers beside them, then residual blocks x ← P-ReLU(x + norm(conv(P-ReLU(norm(conv x))))).
 *
 * @see He et al. (2016), arXiv:1512.03385; Huang et al. (2021), doi:10.5194/gmd-14-4641-2021, section 3.1
 */
import { add } from '../graph/ops/elementwise/arithmetic';
import { concat, reshape, transpose } from '../graph/ops/arrays/copies';
import type { Graph, Value } from '../graph/definition/graph';
import type { Mode } from '../graph/ops/normalisation/batch-norm';
import { expectShape } from '../graph/definition/shape';
import { head, type NetworkInputs, block, convLayer, normLayer, preluLayer } from './layers';
import type { ResnetSettings } from './settings';

/**
 * Builds the network; inputs, mode and result as for `lstmUnet`.
 *
 * @returns `[N, H, W, species]`, normalised concentrations
 * @throws {ShapeError} if the inputs do not belong together
 */
export function resnet(g: Graph, inputs: NetworkInputs, settings: ResnetSettings, mode: Mode): Value {
  expectShape('resnet', 'steps', inputs.steps, ['N', 'T', 'H', 'W', 'C']);
  const options = { ...settings, mode };
  const inputsSeen = [stackSteps(g, inputs.steps), ...(inputs.tracers ? [inputs.tracers] : [])];
  let x = block(g, concat(g, inputsSeen), 'resnet.stem', settings.width, options);
  for (let i = 0; i < settings.blocks; i++) x = residual(g, x, `resnet.block${i}`, settings, mode);
  return head(g, x, inputs, settings, mode);
}

/** `[N, T, H, W, C]` → `[N, H, W, T·C]`, oldest step first. */
function stackSteps(g: Graph, steps: Value): Value {
  const [batch, time, height, width, channels] = steps.shape;
  return reshape(g, transpose(g, steps, [0, 2, 3, 1, 4]), [batch, height, width, time * channels]);
}

function residual(g: Graph, input: Value, name: string, settings: ResnetSettings, mode: Mode): Value {
  const inner = block(g, input, `${name}.0`, settings.width, { ...settings, mode });
  const convolved = convLayer(g, inner, `${name}.1.conv`, { kernel: 3, width: settings.width });
  const normalized = settings.batchNorm ? normLayer(g, convolved, `${name}.1.norm`, mode) : convolved;
  return preluLayer(g, add(g, input, normalized), `${name}.1.prelu`);
}
