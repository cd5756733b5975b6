/** Graphs of ops: compiled for CPU and GPU, differentiated, written as ONNX. */
export * from '../graph';
