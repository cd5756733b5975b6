import { RetroplumeError } from '../../base/errors';

/** A graph or a program is used in a way that has no meaning: a value of another graph, a phase out of order, an unknown name. */
export class GraphError extends RetroplumeError {
  readonly exitCode = 1;
}
