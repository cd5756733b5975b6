/** By which settings an inversion, and the training before it, are known to be up to date. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCase, type Case } from '../../case';
import { TINY_CASE } from '../../case/testing/tiny-case';
import { temporaryFolder } from '../../files/testing/shared-data';
import { canonicalJson } from '../../files/json';
import type { Stage, StageContext } from '../engine/stage';
import { trainStage } from './train-stage';
import { invertStage } from './invert-stage';

const folder = temporaryFolder();

function caseWith(...set: string[]): Case {
  const path = join(folder.path, 'case.yaml');
  writeFileSync(path, TINY_CASE);
  return loadCase(path, set);
}

const settingsOf = (stage: Stage, settings: Case): unknown =>
  stage.settings({ caseSettings: settings, settings, variant: 'default', dir: folder.path, threads: 1, device: 'cpu' } as unknown as StageContext);

const keyOf = (stage: Stage, ...set: string[]): string => canonicalJson(settingsOf(stage, caseWith(...set)));

it.each([
  ['inversion.checkpointEvery=3', invertStage],
  ['training.checkpointEvery=7', trainStage],
  ['inversion.saturation.share=0.01', invertStage],
  ['inversion.blockKm=100', invertStage],
])('%s changes nothing that is kept', (set, stage) => {
  expect(keyOf(stage, set)).toBe(keyOf(stage));
});

it.each<[set: string, stage: Stage, ...others: string[]]>([
  ['inversion.iterations=3', invertStage],
  ['training.evaluateEvery=7', trainStage],
  ['inversion.saturation.onFailure=refuse', invertStage],
  ['inversion.saturation.share=0.01', invertStage, 'inversion.saturation.onFailure=refuse'],
  ['inversion.blockKm=100', invertStage, 'inversion.space=blocks'],
])('%s does', (set, stage, ...others) => {
  expect(keyOf(stage, ...others, set)).not.toBe(keyOf(stage, ...others));
});
