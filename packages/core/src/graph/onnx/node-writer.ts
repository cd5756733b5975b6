import type { FloatArray } from '../program';
import type { Value } from '../graph';
import type { FreeExtent, FreeGrid } from './free-grid';

/** An attribute of an ONNX node: whole numbers, floats (marked as such, since 1 could be either), or text. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/**
 * What an op sees while it writes itself as ONNX nodes. In the ONNX model the channels of values with four or more axes come before rows
 * and columns (layout.ts); values with fewer axes are as they are here.
 */
export interface OnnxNodeWriter {
  /** Name of a value in the ONNX model. */
  nameOf(value: Value): string;
  /** Numbers of a value that follows from parameters and constants alone. @throws {GraphError} if it does not */
  dataOf(value: Value): FloatArray;
  /** Adds a float tensor to the model's initialisers. @returns its name */
  floats(data: ArrayLike<number>, shape: readonly number[]): string;
  /** The grid, where its rows and columns are free in the model. */
  readonly grid?: FreeGrid;
  /** A list of whole numbers (shapes, axes): an initialiser, or nodes where some are known only when the model runs. @returns its name */
  integers(data: readonly (number | FreeExtent)[]): string;
  /** A name for a tensor between the nodes of one op. */
  temporary(): string;
  /** Appends a node; its name is made unique. An input or output '' is absent. */
  node(type: string, inputs: readonly string[], outputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): void;
}
