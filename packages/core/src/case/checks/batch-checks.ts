/** Into what a batch must divide, as training itself would refuse it, but before the first job. */
import type { Case } from '../schema/case-schema';
import type { Breach } from './breach';
import { memberNames } from '../member-design';
import type { KeyPath } from '../source';

interface BatchOf {
  path: KeyPath;
  training: Case['training'];
  /** whether samples are pairs of runs */
  pairs: boolean;
}

export function checkBatches(c: Case): Breach[] {
  const pairs = c.surrogate.mode !== 'paper' && (memberNames(c).length > 0 || c.loop.passes > 1);
  const trainings: BatchOf[] = [
    { path: ['training'], training: c.training, pairs },
    ...(c.paperMode.run ? [{ path: ['paperMode', 'training'], training: c.paperMode.training, pairs: false }] : []),
  ];
  return trainings.flatMap((batchOf) =>
    batchOf.training.microBatches > 1 ? checkMicroBatches(batchOf, c.jobs.network.tasks) : checkRanks(batchOf, c.jobs.network.tasks),
  );
}

function samplesOf({ training: { batch }, pairs }: BatchOf): string {
  return `${batch} samples${pairs ? ', in pairs of runs,' : ''}`;
}

function checkMicroBatches(each: BatchOf, ranks: number): Breach[] {
  const path = [...each.path, 'microBatches'];
  const { batch, microBatches } = each.training;
  const unit = each.pairs ? 2 * microBatches : microBatches;
  const breaches: Breach[] = [];
  if (batch % unit !== 0) {
    const text = `${samplesOf(each)} do not divide into ${microBatches} micro-batches: set training.batch to a multiple of ${unit}, or fewer micro-batches`;
    breaches.push({ path, text });
  }
  if (microBatches % ranks !== 0) {
    const text = `${microBatches} micro-batches do not divide among the ${ranks} ranks of jobs.network.tasks: set a multiple of ${ranks}, or fewer ranks`;
    breaches.push({ path, text });
  }
  return breaches;
}

function checkRanks(batchOf: BatchOf, ranks: number): Breach[] {
  const unit = batchOf.pairs ? 2 * ranks : ranks;
  if (ranks === 1 || batchOf.training.batch % unit === 0) return [];
  const text = `${samplesOf(batchOf)} do not divide among the ${ranks} ranks of jobs.network.tasks: set a multiple of ${unit}, or fewer ranks`;
  return [{ path: [...batchOf.path, 'batch'], text }];
}
