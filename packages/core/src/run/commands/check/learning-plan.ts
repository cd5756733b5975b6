/** What of a case decides whether its surrogate can be trained and run, without a look at its files: hours, crops and tiles. */
import { caseChannels, testMembers, type Case } from '../../../case';
import { trainedPeriods } from '../../../case/case-runs';
import type { Grid } from '../../../grid/grid';
import { networkSettings } from '../../../surrogate/model/surrogate-settings';
import { cropSize } from '../../../surrogate/training/sampler';
import { tilesOf } from '../../../surrogate/model/tiles';
import { trainingHours } from '../../../surrogate/training/training-hours';
import type { Findings } from './findings';

/** Training comes after all runs of the transport model, and tiles after training. @param grid - where it could be read */
export async function checkLearning(findings: Findings, settings: Case, grid: Grid | undefined): Promise<void> {
  const problemsBefore = findings.problems.length;
  const variants = [
    { path: [], surrogate: settings.surrogate, training: settings.training, wholeRuns: testMembers(settings).length > 0 },
    ...(settings.paperMode.run ? [{ path: ['paperMode'], ...settings.paperMode, wholeRuns: false }] : []),
  ];
  for (const { path, surrogate, training, wholeRuns } of variants) {
    if (findings.problems.length > problemsBefore) return; // the paper's mode would mostly say the same again
    for (const period of trainedPeriods(settings)) {
      await findings.attempt([...path, 'training'], () => trainingHours(period, surrogate, training, wholeRuns));
    }
    if (!grid) continue;
    await findings.attempt([...path, 'training', 'crop'], () => cropSize(grid.rows, grid.cols, training.crop));
    const { tileCells } = settings;
    if (tileCells > 0)
      await findings.attempt(['tileCells'], () => tilesOf(networkSettings(surrogate, caseChannels(settings).species.length), grid, tileCells));
  }
  if (findings.problems.length === problemsBefore) findings.right.push('training: hours to train and test on');
}
