/** The workloads on a few cells, odd in rows and columns, with every part of their networks. */
import type { Workload } from '../workloads/workloads';
import { WORKLOADS } from '../workloads/workloads';

function shrunk({ name, network, tracers, ...workload }: Workload): Workload {
  const [hidden, steps, channels, geography] = [3, 3, 7, 3];
  return {
    ...workload,
    name: `tiny ${name}`,
    rows: 9,
    cols: 14,
    steps,
    channels,
    geography,
    ...(tracers === undefined ? {} : { tracers: 4 }),
    network: { ...network, hidden, widths: [4, 6, 8], headWidth: 8 },
    batch: { train: 2, invert: 2, infer: 1 },
    memory: { batch: 1, peers: true, unasked: true },
  };
}

export const TINY_WORKLOADS: readonly Workload[] = Object.values(WORKLOADS).map(shrunk);
