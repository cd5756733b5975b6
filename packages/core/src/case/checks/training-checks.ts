/** Rules of `training`, of the case and of the paper's mode; and into what a batch must divide, as training itself would refuse it, but before the first job. */
import type { Case } from '../schema/case-schema';
import type { Breach } from '../problems';
import { memberNames, testCandidates, testMembers, trainedPeriods } from '../case-runs';
import type { KeyPath } from '../source';

export function checkTraining(c: Case): Breach[] {
  const runs = memberNames(c).length;
  if (runs > 0 && c.training.batch % 2 !== 0)
    return [{ path: ['training', 'batch'], text: `${c.training.batch} is odd, but with members samples come in pairs of runs: make it even` }];
  if (runs === 0 && c.training.differenceWeight > 0) {
    return [
      {
        path: ['training', 'differenceWeight'],
        text: 'the loss on differences needs members, and there are none: set members.count, or training.differenceWeight: 0',
      },
    ];
  }
  return [];
}

/** The loss is divided by the sum of the weights. */
export function checkSpeciesWeights(c: Case): Breach[] {
  const trainings: [KeyPath, Case['training']][] = [
    [['training'], c.training],
    [['paperMode', 'training'], c.paperMode.training],
  ];
  return trainings.flatMap(([path, { speciesWeights }]) =>
    Object.values(speciesWeights).some((weight) => weight > 0)
      ? []
      : [{ path: [...path, 'speciesWeights'], text: 'all weights are 0, so that there is nothing to learn: give one species a weight above 0' }],
  );
}

/** A member that is kept for the test is not trained on: one at least has to be left, beside the prior run. */
export function checkTestMembers(c: Case): Breach[] {
  if (c.paperMode.training.testMembers) {
    const text = "the paper's mode learns from the prior run alone and has no members: remove it, days are kept by testFraction";
    return [{ path: ['paperMode', 'training', 'testMembers'], text }];
  }
  const { testMembers: testCount = 0 } = c.training;
  const candidates = testCandidates(c).length;
  if (testCount === 0 || testCount < candidates) return [];
  const text = `${testCount} are to be kept for the test, but of ${candidates} that could be one at least has to be trained on: lower it`;
  return [{ path: ['training', 'testMembers'], text }];
}

/** A surrogate learns somewhere; and where members only judge, training keeps one. */
export function checkPeriodsWithMembers(c: Case): Breach[] {
  if (trainedPeriods(c).length === 0)
    return [{ path: ['periods'], text: 'no period has members: true, so that there is nothing to train on: set it for one' }];
  if (testMembers(c).length > 0) return [];
  return c.periods.flatMap(({ members }, p): Breach[] => {
    const text =
      'judge: no member is kept for the test, by which the surrogate could be judged: set training.testMembers to 1 or more, or members to true or false';
    return members === 'judge' ? [{ path: ['periods', p, 'members'], text }] : [];
  });
}

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

function checkMicroBatches(batchOf: BatchOf, ranks: number): Breach[] {
  const path = [...batchOf.path, 'microBatches'];
  const { batch, microBatches } = batchOf.training;
  const unit = batchOf.pairs ? 2 * microBatches : microBatches;
  const breaches: Breach[] = [];
  if (batch % unit !== 0) {
    const text = `${samplesOf(batchOf)} do not divide into ${microBatches} micro-batches: set training.batch to a multiple of ${unit}, or fewer micro-batches`;
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
