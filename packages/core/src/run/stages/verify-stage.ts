/** `verify`: the transport model run again on the updated emissions, and compared with every monitor, withheld ones apart. */
import { join } from 'node:path';
import { givenOutput } from '../transport-runs/output-hashes';
import { independentFiles, type IndependentSettings } from '../../assimilation/observed/independent';
import { withholdingKey } from '../../assimilation/observed/withheld-by-name';
import { ctmIdentity } from '../../transport/ctm';
import { readAgain } from '../../transport/external/collection-note';
import { ownInversion } from '../inversions/cross-validation';
import { refuseOtherPeriods } from '../../assimilation/surrogate/trained-surrogate';
import type { Stage, StageContext } from '../engine/stage';
import type { Case } from '../../case';
import { outputFiles } from '../../inventory/reading/sector-files';

function comparedSettings({ caseSettings }: StageContext): object {
  return { ctm: ctmIdentity(caseSettings.ctm), ...withholdingKey(caseSettings) };
}

/** What stands in its files is known by their hashes. */
function comparedEntry({ files: _files, ...entry }: IndependentSettings): object {
  return { ...entry, stations: { ...entry.stations, file: undefined } };
}

function givenInputs(settings: Case, period: string): string[] {
  const output = givenOutput(settings, period);
  return output ? outputFiles(settings, output, period) : [];
}

export const verifyStage: Stage = {
  name: 'verify',
  needs: ['apply', 'invert', 'prepare', 'simulate'],
  settings: (context) => {
    const { regions, scores, observations } = context.caseSettings;
    const { lengthKm, space } = ownInversion(context);
    return {
      ...comparedSettings(context),
      regions,
      scores,
      siteType: observations.stations.type,
      siteName: observations.stations.name,
      ...(observations.independent.length > 0 ? { independent: observations.independent.map(comparedEntry) } : {}),
      lengthKm,
      space,
    };
  },
  // Another region, cut-off or name needs no further run of the transport model, and neither do observations that only judge.
  expensiveSettings: comparedSettings,
  cheapInputs: ({ caseSettings }) => independentFiles(caseSettings),
  readsAgain: true,
  inputs: ({ caseSettings }) => [...caseSettings.periods.flatMap(({ name }) => givenInputs(caseSettings, name)), ...independentFiles(caseSettings)],
  refuse: refuseOtherPeriods,
  damaged: ({ dir }, products) => products.forEach((product) => readAgain(join(dir, product))),
  run: async (context) => (await import('../results/verify.js')).verify(context),
};
