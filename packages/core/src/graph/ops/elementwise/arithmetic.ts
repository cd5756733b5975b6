/** Sums and products of whole arrays. There is no broadcasting: shapes must be equal. */
import type { Graph, Value, Op } from '../../definition/graph';
import { pixelStride } from '../shared/memory-layout';
import { expectParts, expectShape, size } from '../../definition/shape';
import { elementwise } from '../../tangents';

type BinaryKind = 'add' | 'subtract' | 'multiply';
const KINDS: readonly BinaryKind[] = ['add', 'subtract', 'multiply'];

export interface BinaryAttributes {
  readonly kind: BinaryKind;
}
interface ScaleAttributes {
  readonly alpha: number;
}

function binary(g: Graph, a: Value, b: Value, kind: BinaryKind): Value {
  expectShape(kind, 'b', b, a.shape);
  return g.apply(binaryOp, [a, b], { kind }, [a.shape], kind)[0];
}

/** a + b. @returns shape of both @throws {ShapeError} if they differ */
export const add = (g: Graph, a: Value, b: Value): Value => binary(g, a, b, 'add');
/** a − b. @returns shape of both @throws {ShapeError} if they differ */
export const subtract = (g: Graph, a: Value, b: Value): Value => binary(g, a, b, 'subtract');
/** a · b by element. @returns shape of both @throws {ShapeError} if they differ */
export const multiply = (g: Graph, a: Value, b: Value): Value => binary(g, a, b, 'multiply');

/** alpha · input, alpha a fixed number. @returns shape of `input` */
export function scale(g: Graph, input: Value, alpha: number): Value {
  return g.apply(scaleOp, [input], { alpha }, [input.shape])[0];
}

/**
 * Sum of any number of arrays of one shape. Where a part is used by nothing else, the node that makes it adds straight into the sum
 * (storage.ts); this is how gradients of a value with several users accumulate.
 *
 * @throws {ShapeError} if the shapes differ, or there are no arrays
 */
export function sum(g: Graph, parts: readonly Value[]): Value {
  expectParts('sum', parts);
  parts.forEach((part, i) => expectShape('sum', `part ${i}`, part, parts[0].shape));
  return g.apply(sumOp, parts, {}, [parts[0].shape])[0];
}

/** Of the terms that there are. */
export function sumOf(terms: readonly (Value | undefined)[]): Value {
  const present = terms.filter((term) => term !== undefined);
  return present.length === 1 ? present[0] : sum(present[0].graph, present);
}

const binaryOp: Op<BinaryAttributes> = {
  name: 'binary',
  inPlace: 0,
  spreadInput: () => 'pixels',
  spreadOutput: () => 'pixels',
  gradient(node, [gradOutput], wanted) {
    if (!gradOutput) return [];
    const [a, b] = node.inputs as [Value, Value];
    const g = a.graph;
    switch (node.attributes.kind) {
      case 'add':
        return [gradOutput, gradOutput];
      case 'subtract':
        return [gradOutput, wanted[1] ? scale(g, gradOutput, -1) : undefined];
      case 'multiply':
        return [wanted[0] ? multiply(g, gradOutput, b) : undefined, wanted[1] ? multiply(g, gradOutput, a) : undefined];
    }
  },
  tangent(node, [da, db]) {
    const [a, b] = node.inputs as [Value, Value];
    const g = a.graph;
    const { kind } = node.attributes;
    const terms =
      kind === 'multiply' ? [da && multiply(g, da, b), db && multiply(g, a, db)] : [da, kind === 'subtract' ? db && scale(g, db, -1) : db];
    return sumOf(terms);
  },
  lower(node, emitter) {
    const [a, b] = node.inputs as [Value, Value];
    const [output] = node.outputs;
    const elements = size(a.shape);
    const [aStride, bStride, outputStride] = [a, b, output].map((value) => pixelStride(emitter.strides(value), value.shape));
    const channels = a.shape.at(-1)!;
    const spread = [aStride, bStride, outputStride].some((stride) => stride !== channels);
    const params = { elements, kind: KINDS.indexOf(node.attributes.kind), ...(spread && { channels, aStride, bStride, outputStride }) };
    emitter.emit('binary', { a: emitter.at(a), b: emitter.at(b), output: emitter.at(output) }, params);
  },
  onnx(node, writer) {
    const type = { add: 'Add', subtract: 'Sub', multiply: 'Mul' }[node.attributes.kind];
    writer.node(
      type,
      (node.inputs as Value[]).map((input) => writer.nameOf(input)),
      [writer.nameOf(node.outputs[0])],
    );
  },
};

const scaleOp: Op<ScaleAttributes> = {
  name: 'scale',
  inPlace: 0,
  gradient(node, [gradOutput]) {
    return [gradOutput && scale(gradOutput.graph, gradOutput, node.attributes.alpha)];
  },
  tangent: elementwise,
  lower(node, emitter) {
    const input = node.inputs[0] as Value;
    const params = { elements: size(input.shape), alpha: node.attributes.alpha };
    emitter.emit('scale', { input: emitter.at(input), output: emitter.at(node.outputs[0]) }, params);
  },
  onnx(node, writer) {
    const alpha = writer.floats([node.attributes.alpha], []);
    writer.node('Mul', [writer.nameOf(node.inputs[0]!), alpha], [writer.nameOf(node.outputs[0])]);
  },
};

export const sumOp: Op = {
  name: 'sum',
  gradient(node, [gradOutput]) {
    return node.inputs.map(() => gradOutput);
  },
  tangent: (_, parts) => sumOf(parts),
  lower(node, emitter) {
    const output = emitter.at(node.outputs[0]);
    const elements = size(node.outputs[0].shape);
    // Parts that lie where the sum lies have already been added there.
    const remaining = (node.inputs as Value[]).filter((part) => emitter.at(part) !== output);
    const begun = remaining.length < node.inputs.length;
    remaining.forEach((part, i) => {
      if (i === 0 && !begun) emitter.emit('scale', { input: emitter.at(part), output }, { elements, alpha: 1 });
      else emitter.emit('axpy', { input: emitter.at(part), output }, { elements, alpha: 1 });
    });
  },
  onnx(node, writer) {
    writer.node(
      'Sum',
      (node.inputs as Value[]).map((part) => writer.nameOf(part)),
      [writer.nameOf(node.outputs[0])],
    );
  },
};
