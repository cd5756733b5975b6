/** `simulate`: the runs of the transport model that the case does not bring. */
import { join } from 'node:path';
import { placeColumns } from '../../observations/stations';
import { ctmIdentity } from '../../transport/ctm';
import { readAgain } from '../../transport/external/collection-note';
import { geographyFiles, layersNeeded, layerVariables, meteorologyFiles, weatherSettings } from '../../case/case-runs';
import { designedRegions } from '../../transport/members';
import { runParts, truthModelOf } from '../transport-runs/run-keys';
import { priorEmissionInputs, sectorSettings } from '../../inventory/reading/sector-files';
import type { Stage } from '../engine/stage';
import { twinColumnSettings } from '../../worlds/satellites/twin-columns';
import { twinFileSettings } from '../../worlds/twin-observations';

export const simulateStage: Stage = {
  name: 'simulate',
  needs: [],
  settings: ({ caseSettings }) => ({
    grid: caseSettings.grid.name,
    periods: caseSettings.periods,
    weather: weatherSettings(caseSettings),
    emissions: caseSettings.emissions.groups,
    ...sectorSettings(caseSettings),
    ctm: ctmIdentity(caseSettings.ctm),
    concentrations: caseSettings.concentrations.variables,
    ...(layersNeeded(caseSettings) ? { layers: layerVariables(caseSettings) } : {}),
    layersOutput: caseSettings.ctm.kind === 'command' ? caseSettings.ctm.layers : undefined,
    output: caseSettings.ctm.kind === 'command' ? caseSettings.ctm.output : undefined,
    members: caseSettings.members,
    regions: designedRegions(caseSettings),
    response: caseSettings.response,
    truthModel: truthModelOf(caseSettings),
    nuisance:
      caseSettings.inversion.nuisance.runs.length > 0
        ? caseSettings.inversion.nuisance.runs.map(({ name, options, windErrors }) => ({ name, options, windErrors }))
        : undefined,
    twin: caseSettings.observations.twin,
    stations: caseSettings.observations.twin && placeColumns(caseSettings.observations.stations),
    twinFile: twinFileSettings(caseSettings),
    twinColumns: twinColumnSettings(caseSettings),
  }),
  inputs: ({ caseSettings }) => [
    caseSettings.grid.griddesc,
    ...geographyFiles(caseSettings),
    ...(caseSettings.truth ? [caseSettings.truth.factors, caseSettings.observations.stations.file] : []),
    ...caseSettings.periods.flatMap(({ name }) => [...meteorologyFiles(caseSettings, name), ...priorEmissionInputs(caseSettings, name)]),
  ],
  parts: ({ caseSettings }) => runParts(caseSettings),
  damaged: ({ dir }, products) => products.forEach((product) => readAgain(join(dir, product))),
  run: async (context) => (await import('../transport-runs/simulate.js')).simulate(context),
};
