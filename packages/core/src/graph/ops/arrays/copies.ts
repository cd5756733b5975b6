/**
 * Ops that only move numbers: concat, slice, pad, crop, transpose, and reshape, which moves none. The kernel is one strided copy; a
 * box inside a larger array is described by the strides of the larger one. Where a part can lie in the larger array from the
 * beginning (parts.ts), nothing is copied.
 */
import { ShapeError } from '../../../base/errors';
import type { Graph, Node, Value, Op } from '../../definition/graph';
import { expectParts, expectShape, formatShape, sameShape, size, type Shape } from '../../definition/shape';
import { extentOf, paddingOf, fromOnnxOrder, hasImageAxes, toOnnxAxis, toOnnxOrder, toOnnxShape } from '../../definition/onnx-layout';
import { sumOf } from '../elementwise/arithmetic';
import { boxAt, copyBox, located } from '../shared/memory-layout';
import { ofFirst } from '../../tangents';

export interface ConcatAttributes {
  readonly axis: number;
}
export interface BoxAttributes {
  /** First index along every axis of the larger array. */
  readonly begin: readonly number[];
}
interface TransposeAttributes {
  readonly order: readonly number[];
}

/**
 * Joins arrays along one axis (the channels unless told otherwise).
 *
 * @throws {ShapeError} if another extent differs, or there are no parts or no such axis
 */
export function concat(g: Graph, parts: readonly Value[], axis: number = (parts[0]?.shape.length ?? 0) - 1): Value {
  expectParts('concat', parts);
  const shape = [...parts[0].shape];
  if (!(axis in shape))
    throw new ShapeError('SHAPE_RANGE', `concat: expected one of the axes of ${formatShape(shape)}, from 0 on, but received ${axis}`);
  for (const part of parts.slice(1)) {
    if (part.shape.length !== shape.length || part.shape.some((extent, i) => i !== axis && extent !== shape[i])) {
      const shapes = parts.map((part) => formatShape(part.shape)).join(' and ');
      throw new ShapeError('SHAPE_MISMATCH', `concat: expected shapes that differ only along axis ${axis} but received ${shapes}`);
    }
  }
  shape[axis] = parts.reduce((total, part) => total + part.shape[axis], 0);
  return parts.length === 1 ? parts[0] : g.apply(concatOp, parts, { axis }, [shape])[0];
}

/** The entries `begin … end − 1` along one axis. @throws {ShapeError} if they are not there */
export function slice(g: Graph, input: Value, axis: number, begin: number, end: number): Value {
  const extent = input.shape[axis];
  if (!(Number.isInteger(begin) && Number.isInteger(end) && 0 <= begin && begin < end && end <= extent)) {
    throw new ShapeError(
      'SHAPE_RANGE',
      `slice: expected a range of whole numbers within 0…${extent} of axis ${axis} of ${formatShape(input.shape)} but received ${begin}…${end}`,
    );
  }
  if (end - begin === extent) return input;
  return box(
    g,
    input,
    input.shape.map((_, i) => (i === axis ? begin : 0)),
    input.shape.map((n, i) => (i === axis ? end - begin : n)),
  );
}

/** The first `height` rows and `width` columns of `[N, H, W, C]`. @throws {ShapeError} if it is of another rank, or they are not there */
export function crop(g: Graph, input: Value, height: number, width: number): Value {
  expectShape('crop', 'input', input, ['N', 'H', 'W', 'C']);
  return slice(g, slice(g, input, 1, 0, height), 2, 0, width);
}

/** Index range along the channels that holds all parts whose gradient is asked for, where `value` was joined from several; else all of it. */
export function wantedChannels(value: Value, isWanted: (value: Value) => boolean): [begin: number, end: number] {
  const wholeRange: [number, number] = [0, value.shape[value.shape.length - 1]];
  if (value.node?.op !== concatOp) return wholeRange;
  const node = value.node as Node<ConcatAttributes>;
  if (node.attributes.axis !== value.shape.length - 1) return wholeRange;
  const ends = begins(node).map((begin, i) => begin + node.inputs[i]!.shape[node.attributes.axis]);
  const parts = node.inputs.flatMap((part, i) => (part && isWanted(part) ? [i] : []));
  return [begins(node)[parts[0]], ends[parts[parts.length - 1]]];
}

/** `part` as the channels from `begin` on of an array of `channels` channels, the others 0. */
export function embedChannels(g: Graph, part: Value, begin: number, channels: number): Value {
  const shape = [...part.shape.slice(0, -1), channels];
  return part.shape[shape.length - 1] === channels ? part : embed(g, part, [...shape.slice(1).map(() => 0), begin], shape);
}

/** A box of `shape` that begins at `begin`; of a box among zeros, a part that lies within it is taken from it. */
function box(g: Graph, input: Value, begin: readonly number[], shape: Shape): Value {
  if (input.node?.op === embedOp) {
    const inner = input.node.inputs[0]!;
    const offsets = (input.node as Node<BoxAttributes>).attributes.begin.map((first, axis) => begin[axis] - first);
    if (sameShape(inner.shape, shape) && offsets.every((first) => first === 0)) return inner;
    if (offsets.every((first, axis) => first >= 0 && first + shape[axis] <= inner.shape[axis])) return box(g, inner, offsets, shape);
  }
  return g.apply(boxOp, [input], { begin }, [shape], 'slice')[0];
}

/** Zeros after the last row and column of `[N, H, W, C]`. @throws {ShapeError} if it is of another rank, or less than none are asked for */
export function pad(g: Graph, input: Value, rows: number, columns: number): Value {
  expectShape('pad', 'input', input, ['N', 'H', 'W', 'C']);
  if (!(rows >= 0 && columns >= 0))
    throw new ShapeError('SHAPE_RANGE', `pad: expected 0 or more rows and columns but received ${rows} and ${columns}; crop what is too large`);
  if (rows === 0 && columns === 0) return input;
  const [batch, height, width, channels] = input.shape;
  return embed(g, input, [0, 0, 0, 0], [batch, height + rows, width + columns, channels]);
}

/** `input` as a box that begins at `begin` in an array of zeros. */
function embed(g: Graph, input: Value, begin: readonly number[], shape: Shape): Value {
  return g.apply(embedOp, [input, g.constant(0)], { begin }, [shape], 'pad')[0];
}

/** Axes in another order: axis a of the result is axis `order[a]` of `input`. @throws {ShapeError} if that is no order of its axes */
export function transpose(g: Graph, input: Value, order: readonly number[]): Value {
  if ([...order].sort().some((axis, i) => axis !== i) || order.length !== input.shape.length || order.length > 5) {
    throw new ShapeError(
      'SHAPE_ORDER',
      `transpose: expected an order of the ${input.shape.length} axes (at most 5) but received ${formatShape(order)}`,
    );
  }
  return g.apply(transposeOp, [input], { order }, [order.map((axis) => input.shape[axis])])[0];
}

/** The same numbers under another shape; costs nothing. @throws {ShapeError} if the sizes differ */
export function reshape(g: Graph, input: Value, shape: Shape): Value {
  if (size(shape) !== size(input.shape)) {
    throw new ShapeError(
      'SHAPE_SIZE',
      `reshape: expected ${size(input.shape)} elements as in ${formatShape(input.shape)} but received ${formatShape(shape)}`,
    );
  }
  return g.apply(reshapeOp, [input], {}, [shape])[0];
}

export const concatOp: Op<ConcatAttributes> = {
  name: 'concat',
  gradient(node, [gradOutput], wanted) {
    if (!gradOutput) return [];
    const { axis } = node.attributes;
    return begins(node).map((begin, i) => {
      const extent = node.inputs[i]!.shape[axis];
      return wanted[i] ? slice(gradOutput.graph, gradOutput, axis, begin, begin + extent) : undefined;
    });
  },
  tangent(node, parts) {
    if (parts.every((part) => part !== undefined)) return concat(parts[0].graph, parts, node.attributes.axis);
    const { shape } = node.outputs[0];
    const places = begins(node).map((first) => shape.map((_, axis) => (axis === node.attributes.axis ? first : 0)));
    return sumOf(parts.map((part, i) => part && embed(part.graph, part, places[i], shape)));
  },
  boxes(node) {
    const [whole] = node.outputs;
    return begins(node).map((first, i) => ({
      part: node.inputs[i]!,
      whole,
      begin: whole.shape.map((_, axis) => (axis === node.attributes.axis ? first : 0)),
    }));
  },
  spreadInput: () => 'box',
  spreadOutput: () => 'box',
  lower(node, emitter) {
    for (const { part, whole, begin } of concatOp.boxes!(node)) {
      copyBox(emitter, located(emitter, part), boxAt(located(emitter, whole), begin), part.shape);
    }
  },
  onnx(node, writer) {
    const output = node.outputs[0];
    const axis = toOnnxAxis(node.attributes.axis, output.shape.length);
    writer.node(
      'Concat',
      (node.inputs as Value[]).map((part) => writer.nameOf(part)),
      [writer.nameOf(output)],
      { axis },
    );
  },
};

/** Where each part begins along the axis. */
function begins(node: Node<ConcatAttributes>): number[] {
  let start = 0;
  return node.inputs.map((part) => {
    const begin = start;
    start += part!.shape[node.attributes.axis];
    return begin;
  });
}

export const boxOp: Op<BoxAttributes> = {
  name: 'slice',
  accumulates: true,
  gradient(node, [gradOutput]) {
    return [gradOutput && embed(gradOutput.graph, gradOutput, node.attributes.begin, node.inputs[0]!.shape)];
  },
  tangent: ofFirst((node, tangent) => box(tangent.graph, tangent, node.attributes.begin, node.outputs[0].shape)),
  boxes: (node) => [{ part: node.outputs[0], whole: node.inputs[0]!, begin: node.attributes.begin }],
  spreadInput: () => 'box',
  spreadOutput: () => 'box',
  lower(node, emitter) {
    const [output] = node.outputs;
    const source = boxAt(located(emitter, node.inputs[0]!), node.attributes.begin);
    copyBox(emitter, source, located(emitter, output), output.shape, emitter.accumulate());
  },
  onnx(node, writer) {
    const { shape } = node.inputs[0]!;
    const output = node.outputs[0];
    // Only axes that are cut are named: the batch may be of any size.
    const cut = shape.map((_, axis) => axis).filter((axis) => output.shape[axis] !== shape[axis]);
    const { begin } = node.attributes;
    const ranges = [
      cut.map((axis) => begin[axis]),
      cut.map((axis) => (begin[axis] === 0 ? extentOf(writer.grid, shape.length, axis, output.shape[axis]) : begin[axis] + output.shape[axis])),
      cut.map((axis) => toOnnxAxis(axis, shape.length)),
    ];
    writer.node('Slice', [writer.nameOf(node.inputs[0]!), ...ranges.map((list) => writer.integers(list))], [writer.nameOf(output)]);
  },
};

/** Boxes that fill what the box of `inner` at `begin` leaves of `outer`: before and behind it along each axis, within it along the axes before. */
function surroundingBoxes(inner: Shape, begin: readonly number[], outer: Shape): { begin: number[]; shape: number[] }[] {
  return outer.flatMap((extent, axis) => {
    const besideBox = (first: number, length: number): { begin: number[]; shape: number[] } => ({
      begin: outer.map((_, a) => (a < axis ? begin[a] : a === axis ? first : 0)),
      shape: outer.map((n, a) => (a < axis ? inner[a] : a === axis ? length : n)),
    });
    const end = begin[axis] + inner[axis];
    return [besideBox(0, begin[axis]), besideBox(end, extent - end)].filter(({ shape }) => size(shape) > 0);
  });
}

export const embedOp: Op<BoxAttributes> = {
  name: 'pad',
  accumulates: true,
  gradient(node, [gradOutput]) {
    return [gradOutput && box(gradOutput.graph, gradOutput, node.attributes.begin, node.inputs[0]!.shape)];
  },
  tangent: ofFirst((node, tangent) => embed(tangent.graph, tangent, node.attributes.begin, node.outputs[0].shape)),
  boxes: (node) => [{ part: node.inputs[0]!, whole: node.outputs[0], begin: node.attributes.begin }],
  spreadInput: (index) => (index === 0 ? 'box' : undefined),
  spreadOutput: () => 'box',
  lower(node, emitter) {
    const [input, zero] = node.inputs as [Value, Value];
    const [output] = node.outputs;
    const target = located(emitter, output);
    const accumulate = emitter.accumulate();
    if (!accumulate) {
      const nothing = { offset: emitter.at(zero), strides: output.shape.map(() => 0) };
      for (const { begin, shape } of surroundingBoxes(input.shape, node.attributes.begin, output.shape))
        copyBox(emitter, nothing, boxAt(target, begin), shape);
    }
    copyBox(emitter, located(emitter, input), boxAt(target, node.attributes.begin), input.shape, accumulate);
  },
  onnx(node, writer) {
    const input = node.inputs[0] as Value;
    const output = node.outputs[0];
    const { begin } = node.attributes;
    const rank = begin.length;
    const paddingAfter = begin.map((first, axis) => paddingOf(writer.grid, rank, axis, first + input.shape[axis], output.shape[axis]));
    const pads = writer.integers([...toOnnxShape(begin), ...toOnnxOrder(rank).map((axis) => paddingAfter[axis])]);
    writer.node('Pad', [writer.nameOf(input), pads], [writer.nameOf(output)], { mode: 'constant' });
  },
};

const transposeOp: Op<TransposeAttributes> = {
  name: 'transpose',
  accumulates: true,
  gradient(node, [gradOutput]) {
    const { order } = node.attributes;
    return [
      gradOutput &&
        transpose(
          gradOutput.graph,
          gradOutput,
          order.map((_, axis) => order.indexOf(axis)),
        ),
    ];
  },
  tangent: ofFirst((node, tangent) => transpose(tangent.graph, tangent, node.attributes.order)),
  spreadInput: () => 'box',
  spreadOutput: () => 'box',
  lower(node, emitter) {
    const { offset, strides } = located(emitter, node.inputs[0]!);
    const [output] = node.outputs;
    const source = { offset, strides: node.attributes.order.map((axis) => strides[axis]) };
    copyBox(emitter, source, located(emitter, output), output.shape, emitter.accumulate());
  },
  onnx(node, writer) {
    const { order } = node.attributes;
    const fromOnnx = fromOnnxOrder(order.length);
    const perm = toOnnxOrder(order.length).map((axis) => fromOnnx[order[axis]]);
    writer.node('Transpose', [writer.nameOf(node.inputs[0]!)], [writer.nameOf(node.outputs[0])], { perm });
  },
};

const reshapeOp: Op = {
  name: 'reshape',
  view: true,
  gradient(node, [gradOutput]) {
    return [gradOutput && reshape(gradOutput.graph, gradOutput, node.inputs[0]!.shape)];
  },
  tangent: ofFirst((node, tangent) => reshape(tangent.graph, tangent, node.outputs[0].shape)),
  lower() {},
  onnx(node, writer) {
    const input = node.inputs[0] as Value;
    const output = node.outputs[0];
    const [shapeIn, shapeOut] = [input.shape, output.shape];
    // 0 keeps an extent, whatever its size: batch, rows, columns.
    const target = (oldShape: Shape, newShape: Shape): string =>
      writer.integers(newShape.map((extent, axis) => (extent === oldShape[axis] ? 0 : extent)));
    if (hasImageAxes(shapeIn.length) && hasImageAxes(shapeOut.length) && sameShape(shapeIn.slice(-3), shapeOut.slice(-3))) {
      // Images stay whole; mostly it is one step of several that loses its axis, or gets it again.
      const type = shapeIn.length === 5 && shapeIn[1] === 1 ? 'Squeeze' : shapeOut.length === 5 && shapeOut[1] === 1 ? 'Unsqueeze' : 'Reshape';
      const operand = type === 'Reshape' ? target(toOnnxShape(shapeIn), toOnnxShape(shapeOut)) : writer.integers([1]);
      writer.node(type, [writer.nameOf(input), operand], [writer.nameOf(output)]);
      return;
    }
    const inner = writer.temporary();
    const outer = writer.temporary();
    writer.node('Transpose', [writer.nameOf(input)], [inner], { perm: fromOnnxOrder(input.shape.length) });
    writer.node('Reshape', [inner, target(shapeIn, shapeOut)], [outer]);
    writer.node('Transpose', [outer], [writer.nameOf(output)], { perm: toOnnxOrder(output.shape.length) });
  },
};
