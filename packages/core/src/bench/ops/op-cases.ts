/**
 * What is measured op by op: the kernels of `timed` in the table of op cases (graph/ops), at the sizes that the workloads give them (workloads.ts). The
 * trunk's 182 rows are padded to 184, so that they can be halved twice; the branches' and the head's are not.
 */
import { timed as conv2d } from '../../graph/ops/convolution/conv2d.cases';
import { timed as maxpool2x2 } from '../../graph/ops/convolution/maxpool2x2.cases';
import { timed as upconv2x2 } from '../../graph/ops/convolution/upconv2x2.cases';
import { timed as prelu } from '../../graph/ops/elementwise/prelu.cases';
import { timed as lstm } from '../../graph/ops/lstm/lstm.cases';
import { timed as batchNorm } from '../../graph/ops/normalisation/batch-norm.cases';
import type { OpKernels, TimedOp } from '../../graph/ops/shared/op-case';
import { timed as dropout } from '../../graph/ops/training/dropout.cases';
import { timed as l1Loss } from '../../graph/ops/training/loss.cases';
import { timed as adam } from '../../graph/ops/training/updates.cases';

/** What is timed of an op at one size. */
export interface TimedCase extends Omit<OpKernels, 'title'> {
  readonly name: string;
  /** Which class of torch-peer/ops.py is the peer. */
  readonly kind: string;
}

/** Ops by kind, where they have a forward pass that is part of an inference. */
export const FORWARD = new Map([conv2d, upconv2x2, lstm, prelu, maxpool2x2].map(({ kind, forward }) => [kind, forward!]));

function timedCase<Sizes extends readonly unknown[]>(workload: string | undefined, op: TimedOp<Sizes>, ...sizes: Sizes): TimedCase {
  const { title, ...kernels } = op.kernels(...sizes);
  return { name: workload === undefined ? title : `${workload} ${title}`, kind: op.kind, ...kernels };
}

/** Rows, columns, channels in and out, size of the square kernel. */
type ConvolutionSizes = readonly [height: number, width: number, inChannels: number, outChannels: number, kernel: number];

function convolutions(workload: string, batch: number, sizes: readonly ConvolutionSizes[]): TimedCase[] {
  return sizes.map((caseSizes) => timedCase(workload, conv2d, batch, ...caseSizes));
}

/** The element-wise ops on the largest activation of a workload. */
function elementwise(workload: string, sizes: [batch: number, height: number, width: number, channels: number]): TimedCase[] {
  return [prelu, batchNorm, maxpool2x2, dropout, l1Loss].map((op) => timedCase(workload, op, ...sizes));
}

/** Every op at the sizes that the workloads give it. */
export const OP_CASES: readonly TimedCase[] = [
  timedCase('demo', lstm, true, 8, 16, 48 * 48, 15, 16),
  ...convolutions('demo', 8, [
    [48, 48, 256, 24, 3],
    [48, 48, 24, 24, 3],
    [24, 24, 24, 48, 3],
    [24, 24, 48, 48, 3],
    [12, 12, 48, 96, 3],
    [12, 12, 96, 96, 3],
    [48, 48, 48, 24, 3],
    [48, 48, 24, 64, 1],
    [48, 48, 64, 4, 1],
  ]),
  timedCase('demo', upconv2x2, 8, 12, 12, 96, 48),
  timedCase('demo', upconv2x2, 8, 24, 24, 48, 24),
  ...elementwise('demo', [8, 48, 48, 24]),
  timedCase(undefined, adam, 300000),
  timedCase('compact', lstm, true, 2, 8, 182 * 232, 13, 16),
  ...convolutions('compact', 2, [
    [184, 232, 128, 32, 3],
    [184, 232, 32, 32, 3],
    [184, 232, 64, 32, 3],
    [92, 116, 32, 64, 3],
    [92, 116, 64, 64, 3],
    [92, 116, 128, 64, 3],
    [46, 58, 64, 128, 3],
    [46, 58, 128, 128, 3],
    [182, 232, 4, 16, 3],
    [182, 232, 16, 16, 3],
    [182, 232, 64, 64, 1],
    [182, 232, 64, 4, 1],
  ]),
  timedCase('compact', upconv2x2, 2, 46, 58, 128, 64),
  timedCase('compact', upconv2x2, 2, 92, 116, 64, 32),
  ...elementwise('compact', [2, 184, 232, 32]),
  timedCase('authors', lstm, false, 1, 24, 182 * 232, 41, 64),
  ...convolutions('authors', 1, [
    [184, 232, 64, 64, 3],
    [184, 232, 128, 64, 3],
    [92, 116, 64, 128, 3],
    [92, 116, 128, 128, 3],
    [92, 116, 256, 128, 3],
    [46, 58, 128, 128, 3],
    [182, 232, 1, 8, 7],
    [182, 232, 8, 8, 3],
    [182, 232, 27, 32, 7],
    [182, 232, 32, 16, 3],
    [182, 232, 16, 8, 3],
    [182, 232, 80, 64, 1],
    [182, 232, 64, 1, 1],
  ]),
  timedCase('authors', upconv2x2, 1, 46, 58, 128, 128),
  timedCase('authors', upconv2x2, 1, 92, 116, 128, 64),
];
