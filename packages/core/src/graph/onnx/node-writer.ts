import type { Value } from '../graph';

/** An attribute of an ONNX node. */
export type OnnxAttribute = number | string | readonly number[] | { float: number };

/** What an op sees while it writes itself as ONNX nodes. Fields are channels-first there; see export-onnx.ts. */
export interface OnnxNodeWriter {
  /** Name of a value in the ONNX model. */
  nameOf(value: Value): string;
}
