/** The transport model of a case. */
import type { Case } from '../case/schema/case-schema';
import type { Ctm } from './ctm';
import { ExternalCtm } from './external/external-ctm';
import type { OutputNames } from './surface-output';
import { existsSync } from 'node:fs';
import { expandGlobs } from '../files/glob';
import { filesWithin } from '../files/ioapi/ioapi-file';
import { gridOf } from '../case/gridded/regions';
import { runReferenceModel } from './reference/reference-model';

/** The transport model that the case names. */
export function createCtm(settings: Case): Ctm {
  const { ctm } = settings;
  if (ctm.kind === 'command') {
    return new ExternalCtm({
      command: ctm.command,
      outputGlob: ctm.output,
      timeoutHours: ctm.timeoutHours,
      caseFile: settings.file,
      grid: gridOf(settings),
      variables: settings.concentrations.variables,
    });
  }
  return {
    isMade: existsSync,
    run: async ({ period, emissionFiles, sectors, output, factors, modelError, threads, onProgress, signal }) => {
      const time = { start: period.start, stepSeconds: 3600, count: period.hours };
      await runReferenceModel({
        grid: gridOf(settings),
        emissionFiles,
        sectors,
        meteorologyFiles: filesWithin(expandGlobs(settings.meteorology.files, period.name), time),
        meteorology: settings.meteorology,
        geographyFiles: settings.geography && expandGlobs(settings.geography.files, period.name),
        output,
        period,
        groups: settings.emissions.groups,
        options: { ...ctm.options, ...modelError?.options },
        windError: modelError?.windError,
        variables: settings.concentrations.variables as OutputNames, // checked with the case: no sums here
        factors,
        threads,
        onProgress,
        signal,
      });
    },
  };
}
