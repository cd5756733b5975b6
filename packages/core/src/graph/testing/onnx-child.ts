/** A model that doubles two numbers, exported and run in ONNX Runtime, as a process of its own. */
import { channelAffine, exportOnnx, Graph, OnnxModel } from '..';

async function main(): Promise<void> {
  const g = new Graph();
  const doubled = channelAffine(g, g.input('x', [1, 2]), g.constant(Float64Array.of(2, 2), [2]), g.constant(Float64Array.of(0, 0), [2]));
  const model = await OnnxModel.load(exportOnnx({ y: doubled }, { parameters: new Map() }));
  const { y } = await model.run({ x: { data: Float32Array.of(1, 2), shape: [1, 2] } });
  console.log(String(y.data));
}

void main();
