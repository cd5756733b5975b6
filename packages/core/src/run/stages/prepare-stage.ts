/** `prepare`: meteorology, geography and all runs of the transport model into the prepared store. */
import { columnEntries, memberNames, type Case, type ColumnEntry } from '../../case';
import { columnStorePath } from '../../columns/column-store';
import { columnInputs, comparedSpan } from '../../columns/make-columns';
import { expandGlobs } from '../../files/glob';
import { gridOf } from '../../case/gridded/regions';
import { preparedMeteorologyPath, preparedRunPath } from '../../fields/prepared';
import { geographyFiles, layersNeeded, meteorologyFiles, PRIOR, timeOf, weatherSettings } from '../../case/case-runs';
import { partName } from '../transport-runs/run-keys';
import { broughtFiles, inventorySettings, priorEmissionInputs, sectorSettings } from '../../inventory/reading/sector-files';
import type { StageMark } from '../engine/record';
import { runsAsParts, simulatedHash, simulatedValues } from '../transport-runs/output-hashes';
import type { PartContent, Stage, StageContext } from '../engine/stage';
import { VERSIONS } from '../../base/process';

function runsOf(settings: Case): string[] {
  return [PRIOR, ...memberNames(settings)];
}

/** What decides each file: a run that is mended, or another member, makes the others none anew. */
function preparedParts(context: StageContext, simulated: Pick<StageMark, 'parts'>): PartContent[] {
  const { caseSettings } = context;
  const values = simulatedValues(context, runsOf(caseSettings));
  const { definition } = gridOf(caseSettings);
  const { meteorology, geography, concentrations } = caseSettings;
  const emissions = inventorySettings(caseSettings);
  return caseSettings.periods.flatMap(({ name, start, hours }) => {
    const shared = { grid: definition, period: { name, start, hours }, version: VERSIONS.retroplume };
    const weather: PartContent = {
      name,
      settings: { ...shared, meteorology: meteorology.variables, weather: weatherSettings(caseSettings), geography: geography?.variables },
      inputs: [...geographyFiles(caseSettings), ...meteorologyFiles(caseSettings, name)],
      entries: [preparedMeteorologyPath('', name)],
    };
    const columns = columnParts(caseSettings, name, shared, {
      key: simulated.parts?.[partName(PRIOR, name)]?.key,
      values: values[partName(PRIOR, name)],
    });
    const runs = runsOf(caseSettings).map((run): PartContent => ({
      name: partName(run, name),
      settings: {
        ...shared,
        emissions,
        concentrations,
        made: simulated.parts?.[partName(run, name)]?.key,
        values: values[partName(run, name)],
        // The weights of retrievals are of the products and the prior.
        ...(columns.length > 0 ? { columns: columns.map(({ settings }) => settings) } : {}),
      },
      inputs: [
        ...(run === PRIOR ? priorEmissionInputs(caseSettings, name) : []),
        ...broughtFiles(caseSettings, run, name),
        ...columns.flatMap(({ inputs }) => inputs),
      ],
      entries: [preparedRunPath('', name, run)],
    }));
    return [weather, ...columns, ...runs];
  });
}

/** Files of a column with pixels in a period. */
function columnFiles(settings: Case, entry: ColumnEntry, period: string): string[] {
  const { spinUpHours, ...hours } = settings.periods.find(({ name }) => name === period)!;
  return columnInputs(expandGlobs(entry.files, period), entry, comparedSpan({ time: timeOf({ spinUpHours, ...hours }), firstHour: spinUpHours }));
}

/** What decides how the files of the columns are read; names of files apart. */
function columnSettings(settings: Case): { name: string; settings: object }[] {
  return columnEntries(settings).map(({ name, method, product }) => ({ name, settings: { name, method, ...(product ? { product } : {}) } }));
}

function columnParts(settings: Case, period: string, shared: object, prior: { key?: string; values?: string }): PartContent[] {
  const { spinUpHours } = settings.periods.find(({ name }) => name === period)!;
  return columnEntries(settings).map((entry, i): PartContent => ({
    name: `${entry.name} ${period}`,
    settings: { ...shared, spinUpHours, layers: settings.concentrations.layers?.variables, column: columnSettings(settings)[i].settings, prior },
    inputs: [...columnFiles(settings, entry, period), ...broughtFiles(settings, PRIOR, period)],
    entries: [columnStorePath('', period, entry.name)],
  }));
}

function settingsOf(settings: Case): object {
  return {
    grid: settings.grid.name,
    periods: settings.periods,
    meteorology: settings.meteorology.variables,
    weather: weatherSettings(settings),
    geography: settings.geography?.variables,
    emissions: settings.emissions.groups,
    ...sectorSettings(settings),
    concentrations: settings.concentrations,
    members: memberNames(settings),
    ...(layersNeeded(settings) ? { columns: columnSettings(settings) } : {}),
  };
}

export const prepareStage: Stage = {
  name: 'prepare',
  needs: ['simulate'],
  reads: (settings) => ({ simulate: runsAsParts(settings, runsOf(settings)) }),
  settings: (context) => ({ ...settingsOf(context.caseSettings), simulated: simulatedHash(context, runsOf(context.caseSettings)) }),
  inputs: ({ caseSettings }) => [
    caseSettings.grid.griddesc,
    ...geographyFiles(caseSettings),
    ...caseSettings.periods.flatMap(({ name }) => [
      ...meteorologyFiles(caseSettings, name),
      ...priorEmissionInputs(caseSettings, name),
      ...runsOf(caseSettings).flatMap((run) => broughtFiles(caseSettings, run, name)),
      ...columnEntries(caseSettings).flatMap((entry) => columnFiles(caseSettings, entry, name)),
    ]),
  ],
  parts: (context, keysOf) => preparedParts(context, keysOf('simulate')),
  run: async (context) => (await import('../learning/prepare.js')).prepare(context),
};
