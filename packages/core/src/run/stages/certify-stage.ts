/** `certify`: the surrogate held against the transport model's own finite differences, before any inversion trusts it. */
import { ctmIdentity } from '../../transport/ctm';
import { hourlyFiles, judgedPeriods, responseRun, trainedPeriods } from '../../case/case-runs';
import { broughtOutput, filesOf, givenSectors, outputFiles } from '../../inventory/reading/sector-files';
import type { Case, CertificateSettings } from '../../case';
import { expandGlob } from '../../files/glob';
import { comparedHourStep, initialConcentrationsOf, refuseOtherSurrogate } from '../../assimilation/surrogate/trained-surrogate';
import { preparedAsParts, runsAsParts, simulatedHash } from '../transport-runs/output-hashes';
import type { Stage } from '../engine/stage';
import { judgedIn } from './evaluate-stage';

/** Files of sensitivities that the case names. */
function sensitivityInputs({ certificate, ...settings }: Case): string[] {
  return certificate.sensitivities.flatMap(({ files, mask }) => [
    ...trainedPeriods(settings).flatMap(({ name }) => hourlyFiles(settings, files, name)),
    ...(mask ? expandGlob(mask.file) : []),
  ]);
}

/** The regions that sensitivities name, where any do: what they are decides the certificate. */
function sensitivityRegions({ sensitivities }: CertificateSettings, regions: Case['regions']): { regions?: Case['regions'] } {
  const used = sensitivities.flatMap(({ region }) => (region === undefined ? [] : [region]));
  return used.length > 0 ? { regions: Object.fromEntries(used.map((region) => [region, regions[region]])) } : {};
}

export const certifyStage: Stage = {
  name: 'certify',
  needs: ['train', 'prepare', 'simulate', 'evaluate'],
  reads: (settings) => ({
    simulate: runsAsParts(settings, settings.response.groups.map(responseRun)),
    prepare: preparedAsParts(settings, judgedPeriods(settings)),
  }),
  settings: (context) => {
    const { certificate, response, ctm, regions } = context.caseSettings;
    return {
      certificate: { ...certificate, onFailure: undefined },
      response,
      periods: judgedIn(context.caseSettings),
      simulated: simulatedHash(context, response.groups.map(responseRun)),
      ctm: ctmIdentity(ctm),
      hourStep: comparedHourStep(context.settings.surrogate),
      ...sensitivityRegions(certificate, regions),
      ...initialConcentrationsOf(context),
    };
  },
  readsAgain: true,
  inputs: ({ caseSettings }) => [
    ...caseSettings.certificate.runs.flatMap(({ emissions, ...output }) =>
      trainedPeriods(caseSettings).flatMap(({ name }) => [
        ...filesOf(givenSectors(caseSettings, emissions, name)),
        ...outputFiles(caseSettings, broughtOutput(caseSettings, output, name), name),
      ]),
    ),
    ...sensitivityInputs(caseSettings),
  ],
  refuse: refuseOtherSurrogate,
  run: async (context) => (await import('../learning/certify.js')).certify(context),
};
