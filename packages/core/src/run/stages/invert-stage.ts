/** `invert`: from the misfit at the monitors to factors on the emissions. */
import { nuisanceFiles } from '../../assimilation/observed/nuisance';
import { observationFiles } from '../../assimilation/observed/monitors';
import { withholdingKey } from '../../assimilation/observed/withheld-by-name';
import { seesRegions } from '../../assimilation/prior/prior-covariance';
import { initialConcentrationsOf, refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { caseChannels, columnEntries, type InversionSettings } from '../../case';
import { TRUTH } from '../../case/case-runs';
import { precisionSetting, type Stage, type StageContext } from '../engine/stage';
import { earlierPasses } from '../inversions/loop-pass';
import { certificateHash, simulatedHash } from '../transport-runs/output-hashes';

/** What decides the result of an inversion beside its inputs: a part of the settings of stages that invert. */
export function inversionKey(context: StageContext, inversion: InversionSettings): object {
  const { observations, certificate, regions, tileCells, ctm } = context.caseSettings;
  const { space, blockKm, saturation, observed } = inversion;
  const biases = columnEntries(context.caseSettings).map(({ bias }) => bias);
  return {
    inversion: {
      ...inversion,
      uncertainty: undefined,
      observed: observed && new Set(observed).size < caseChannels(context.caseSettings).species.length ? observed : undefined,
      checkpointEvery: undefined,
      blockKm: space === 'blocks' ? blockKm : undefined,
      // An alarm that only warns changes nothing that is kept; one that refuses decides whether anything is.
      saturation: saturation.onFailure === 'refuse' ? saturation : undefined,
    },
    ...(seesRegions(inversion) ? { regions } : {}),
    ...(tileCells > 0 ? { tileCells } : {}),
    ...(biases.some((bias) => bias > 0) ? { columnBiases: biases } : {}),
    ...withholdingKey(context.caseSettings),
    // Of a type that no error depends on nothing does.
    ...(Object.keys(inversion.siteTypeError).length > 0 ? { siteType: observations.stations.type } : {}),
    // The reference model gives the same truth again; made by a command it may be another one with the same key.
    ...(observations.twin && ctm.kind === 'command' ? { simulated: simulatedHash(context, [TRUTH]) } : {}),
    onFailure: certificate.onFailure,
    ...(inversion.surrogateError === 'certificate'
      ? { certified: certificateHash(context.dirOf('certify'), ({ pairs, joint }) => ({ pairs, joint })) }
      : {}),
    ...initialConcentrationsOf(context),
    ...precisionSetting(context),
  };
}

/** The files of an inversion from outside the run folder. */
export function inversionInputs(context: StageContext): string[] {
  return [...observationFiles(context.caseSettings), ...nuisanceFiles(context)];
}

export const invertStage: Stage = {
  name: 'invert',
  onAllRanks: true,
  keepsLast: true,
  needs: ['train', 'prepare', 'simulate', 'certify', 'export'],
  takes: ({ crossValidation }) => (crossValidation.apply ? ['crossvalidate'] : []),
  settings: (context) => ({
    ...inversionKey(context, context.settings.inversion),
    ...(context.pass ? { pass: context.pass, earlier: earlierPasses(context) } : {}),
  }),
  inputs: inversionInputs,
  refuse: refuseOtherSurrogate,
  run: async (context) => (await import('../inversions/run-inversion.js')).runInversion(context),
};
