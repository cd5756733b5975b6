/** The transport model of a case. */
import { surfaceChannels } from '../case';
import { filesOfRun, layersBeside, layersNeeded, layerVariables, runsReferenceModel } from '../case/case-runs';
import type { Case } from '../case/schema/case-schema';
import type { Ctm } from './ctm';
import { ExternalCtm } from './external/external-ctm';
import type { OutputNames } from './surface-output';
import { existsSync } from 'node:fs';
import { expandGlobs } from '../files/glob';
import { filesWithin } from '../files/ioapi/ioapi-file';
import { gridOf } from '../case/gridded/regions';
import { runReferenceModel } from './reference/reference-model';
import { checkReferenceChannels } from './reference/reference-options';

/** The transport model that the case names. @throws {ConfigError} `CTM_GROUP`, `CTM_SPECIES` for what the reference model does not have */
export function createCtm(settings: Case): Ctm {
  const { ctm } = settings;
  const { groups, species, units } = surfaceChannels(settings);
  const variables = Object.fromEntries(species.map((name) => [name, settings.concentrations.variables[name]]));
  if (ctm.kind === 'command') {
    return new ExternalCtm({
      command: ctm.command,
      outputGlob: ctm.output,
      ...(layersNeeded(settings) ? { layers: { glob: ctm.layers!, variables: layerVariables(settings) } } : {}),
      timeoutHours: ctm.timeoutHours,
      caseFile: settings.file,
      grid: gridOf(settings),
      variables,
      units,
    });
  }
  // Where all runs are brought it makes none, and the case may name what it does not have.
  if (runsReferenceModel(settings)) checkReferenceChannels(groups, species);
  return {
    isMade: (output) => filesOfRun(settings, output).every((path) => existsSync(path)),
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
        groups: Object.fromEntries(groups.map((name) => [name, settings.emissions.groups[name]])),
        options: { ...ctm.options, ...modelError?.options },
        windError: modelError?.windError,
        variables: variables as OutputNames, // checked with the case: no sums here
        layers: layersNeeded(settings) ? { path: layersBeside(output), variables: layerVariables(settings) } : undefined,
        factors,
        threads,
        onProgress,
        signal,
      });
    },
  };
}
