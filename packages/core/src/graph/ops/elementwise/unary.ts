/**
 * Functions of one number, by element. Derivatives, with y the output: relu 1 if y > 0 else 0; softplus 1 − e⁻ʸ; sigmoid y(1 − y); tanh 1 − y²;
 * exp y; abs sign(x), 0 at 0; square 2x.
 */
import type { Graph, Value, Op } from '../../definition/graph';
import { size } from '../../definition/shape';
import { elementwise } from '../../tangents';

type UnaryKind = 'relu' | 'softplus' | 'sigmoid' | 'tanh' | 'exp' | 'abs' | 'square';
const KINDS: readonly UnaryKind[] = ['relu', 'softplus', 'sigmoid', 'tanh', 'exp', 'abs', 'square'];

export interface UnaryAttributes {
  readonly kind: UnaryKind;
}

function unary(g: Graph, input: Value, kind: UnaryKind): Value {
  return g.apply(unaryOp, [input], { kind }, [input.shape], kind)[0];
}

/** max(x, 0). @returns shape of `input` */
export const relu = (g: Graph, input: Value): Value => unary(g, input, 'relu');
/** ln(1 + eˣ), computed without overflow. @returns shape of `input` */
export const softplus = (g: Graph, input: Value): Value => unary(g, input, 'softplus');
/** 1 / (1 + e⁻ˣ). @returns shape of `input` */
export const sigmoid = (g: Graph, input: Value): Value => unary(g, input, 'sigmoid');
/** Hyperbolic tangent. @returns shape of `input` */
export const tanh = (g: Graph, input: Value): Value => unary(g, input, 'tanh');
/** eˣ. @returns shape of `input` */
export const exp = (g: Graph, input: Value): Value => unary(g, input, 'exp');
/** |x|. @returns shape of `input` */
export const abs = (g: Graph, input: Value): Value => unary(g, input, 'abs');
/** x². @returns shape of `input` */
export const square = (g: Graph, input: Value): Value => unary(g, input, 'square');

function params(value: Value, kind: UnaryKind): Record<string, number> {
  return { elements: size(value.shape), kind: KINDS.indexOf(kind) };
}

export const unaryOp: Op<UnaryAttributes> = {
  name: 'unary',
  inPlace: 0,
  gradient(node, [gradOutput]) {
    if (!gradOutput) return [];
    const input = node.inputs[0] as Value;
    // Where the output says enough, the input need not be kept for the reverse pass.
    const { kind } = node.attributes;
    const reused = kind === 'abs' || kind === 'square' ? input : node.outputs[0];
    return input.graph.apply(unaryBackwardOp, [reused, node.outputs[0], gradOutput], node.attributes, [input.shape], node.label);
  },
  tangent: elementwise,
  lower(node, emitter) {
    const input = node.inputs[0] as Value;
    emitter.emit('unaryForward', { input: emitter.at(input), output: emitter.at(node.outputs[0]) }, params(input, node.attributes.kind));
  },
  onnx(node, writer) {
    const input = writer.nameOf(node.inputs[0]!);
    const { kind } = node.attributes;
    if (kind === 'square') writer.node('Mul', [input, input], [writer.nameOf(node.outputs[0])]);
    else writer.node(kind[0].toUpperCase() + kind.slice(1), [input], [writer.nameOf(node.outputs[0])]);
  },
};

export const unaryBackwardOp: Op<UnaryAttributes> = {
  name: 'unaryBackward',
  inPlace: 2,
  accumulates: true,
  lower(node, emitter) {
    const [input, output, gradOutput] = node.inputs as [Value, Value, Value];
    const operands = {
      input: emitter.at(input),
      output: emitter.at(output),
      gradOutput: emitter.at(gradOutput),
      gradInput: emitter.at(node.outputs[0]),
    };
    emitter.emit('unaryBackward', operands, { ...params(input, node.attributes.kind), accumulate: emitter.accumulate() });
  },
  onnx(node, writer) {
    const [input, output, gradOutput] = (node.inputs as Value[]).map((value) => writer.nameOf(value));
    const number = (value: number): string => writer.floats([value], []);
    const compute = (type: string, ...operands: string[]): string => {
      const result = writer.temporary();
      writer.node(type, operands, [result]);
      return result;
    };
    const derivatives: Record<Exclude<UnaryKind, 'relu'>, () => string> = {
      softplus: () => compute('Sub', number(1), compute('Exp', compute('Neg', output))),
      sigmoid: () => compute('Mul', output, compute('Sub', number(1), output)),
      tanh: () => compute('Sub', number(1), compute('Mul', output, output)),
      exp: () => output,
      abs: () => compute('Sign', input),
      square: () => compute('Mul', number(2), input),
    };
    const { kind } = node.attributes;
    const result = [writer.nameOf(node.outputs[0])];
    if (kind === 'relu') writer.node('Where', [compute('Greater', output, number(0)), gradOutput, number(0)], result);
    else writer.node('Mul', [gradOutput, derivatives[kind]()], result);
  },
};
