/** `apply`: the updated inventory as emission files that the transport model reads. */
import { chosenLabels } from '../../case';
import { refuseOtherPeriods } from '../../assimilation/surrogate/trained-surrogate';
import { readRecord } from '../engine/record';
import { priorEmissionInputs, sectorSettings } from '../../inventory/reading/sector-files';
import type { Stage, StageContext } from '../engine/stage';

/** Of the posterior spread that goes into the fields, where the case asks for one. */
function uncertaintyKey(context: StageContext): string | undefined {
  const hasSpread = context.variant === 'default' && context.caseSettings.inversion.uncertainty.method !== 'none';
  return hasSpread ? readRecord(context.dirOf('uncertainty'))?.key : undefined;
}

function filesSettings({ caseSettings }: StageContext): object {
  const { emissions, periods } = caseSettings;
  return { groups: emissions.groups, periods, ...sectorSettings(caseSettings) };
}

/** Of what lies beside the files. */
function besideSettings(context: StageContext): object {
  const { regions, emissions } = context.caseSettings;
  return { regions, uncertainty: uncertaintyKey(context), hemco: emissions.hemco, labels: chosenLabels(emissions) };
}

export const applyStage: Stage = {
  name: 'apply',
  needs: ['prepare', 'invert'],
  takes: ({ inversion }) => (inversion.uncertainty.method === 'none' ? [] : ['uncertainty']),
  settings: (context) => ({ ...filesSettings(context), ...besideSettings(context) }),
  // Other regions, a spread and HEMCO change what lies beside the files that the transport model reads.
  expensiveSettings: filesSettings,
  inputs: ({ caseSettings }) => caseSettings.periods.flatMap(({ name }) => priorEmissionInputs(caseSettings, name)),
  refuse: refuseOtherPeriods,
  run: async (context) => (await import('../results/apply.js')).apply(context, uncertaintyKey(context) !== undefined),
};
