/** Rules of `training`, of the case and of the paper's mode. */
import type { Case } from '../schema/case-schema';
import type { Breach } from './breach';
import { memberNames, testCandidates } from '../member-design';
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
  const { testMembers: asked = 0 } = c.training;
  const candidates = testCandidates(c).length;
  if (asked === 0 || asked < candidates) return [];
  const text = `${asked} are to be kept for the test, but of ${candidates} that could be one at least has to be trained on: lower it`;
  return [{ path: ['training', 'testMembers'], text }];
}
