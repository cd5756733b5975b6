/** `prepare`: meteorology, geography and all runs of the transport model into the prepared store. */
import { columnEntries, memberNames, type Case, type ColumnEntry, type PeriodSettings } from '../../case';
import { columnStorePath } from '../../columns/column-store';
import { columnInputs, comparedSpan } from '../../columns/make-columns';
import { gridOf } from '../../case/gridded/regions';
import { preparedMeteorologyPath, preparedRunPath } from '../../fields/prepared';
import {
  columnFiles,
  geographyFiles,
  layersNeeded,
  meteorologyFiles,
  PRIOR,
  preparedRuns,
  timeOf,
  TRUTH,
  weatherSettings,
} from '../../case/case-runs';
import { partName } from '../transport-runs/run-keys';
import { broughtFiles, inventorySettings, priorEmissionInputs, sectorSettings } from '../../inventory/reading/sector-files';
import type { StageMark } from '../engine/record';
import { runsAsParts, simulatedHash, simulatedValues } from '../transport-runs/output-hashes';
import type { PartContent, Stage, StageContext } from '../engine/stage';
import { VERSIONS } from '../../base/process';

/** What decides each file: a run that is mended, or another member, makes the others none anew. */
function preparedParts(context: StageContext, simulated: Pick<StageMark, 'parts'>): PartContent[] {
  const { caseSettings } = context;
  const values = simulatedValues(context, runsRead(caseSettings));
  const { definition } = gridOf(caseSettings);
  const { meteorology, geography, concentrations } = caseSettings;
  const emissions = inventorySettings(caseSettings);
  return caseSettings.periods.flatMap((period) => {
    const { name, start, hours } = period;
    const shared = { grid: definition, period: { name, start, hours }, version: VERSIONS.retroplume };
    const weather: PartContent = {
      name,
      settings: { ...shared, meteorology: meteorology.variables, weather: weatherSettings(caseSettings), geography: geography?.variables },
      inputs: [...geographyFiles(caseSettings), ...meteorologyFiles(caseSettings, name)],
      entries: [preparedMeteorologyPath('', name)],
    };
    const madeOf = (run: string): object => ({ made: simulated.parts?.[partName(run, name)]?.key, values: values[partName(run, name)] });
    const columns = columnParts(caseSettings, period, shared, madeOf);
    const runs = preparedRuns(caseSettings, period).map((run): PartContent => ({
      name: partName(run, name),
      settings: {
        ...shared,
        emissions,
        concentrations,
        ...madeOf(run),
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

/** Files of a column with pixels in a period, from outside the run folder. */
function columnFilesOf(entry: ColumnEntry, period: PeriodSettings): string[] {
  if (entry.twin) return [];
  return columnInputs(columnFiles(entry, period, ''), entry, comparedSpan({ time: timeOf(period), firstHour: period.spinUpHours }));
}

/** The runs that decide what is prepared: those that are read, and the truth that a twin's columns are drawn from. */
function runsRead(settings: Case): string[] {
  const runs = new Set(settings.periods.flatMap((period) => preparedRuns(settings, period)));
  return [...runs, ...(columnEntries(settings).some(({ twin }) => twin) ? [TRUTH] : [])];
}

/** What decides how the files of the columns are read; names of files apart. */
function columnSettings(settings: Case): { name: string; settings: object }[] {
  const { twin: observed } = settings.observations;
  return columnEntries(settings).map(({ name, method, product, twin }) => ({
    name,
    settings: { name, method, ...(product ? { product } : {}), ...(twin ? { twin, observed } : {}) },
  }));
}

function columnParts(settings: Case, period: PeriodSettings, shared: object, madeOf: (run: string) => object): PartContent[] {
  const { spinUpHours, name: periodName } = period;
  return columnEntries(settings).map((entry, i): PartContent => ({
    name: `${entry.name} ${periodName}`,
    settings: {
      ...shared,
      spinUpHours,
      layers: settings.concentrations.layers?.variables,
      column: columnSettings(settings)[i].settings,
      prior: madeOf(PRIOR),
      ...(entry.twin ? { truth: madeOf(TRUTH) } : {}),
    },
    inputs: [...columnFilesOf(entry, period), ...broughtFiles(settings, PRIOR, periodName)],
    entries: [columnStorePath('', periodName, entry.name)],
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
  reads: (settings) => ({ simulate: runsAsParts(settings, runsRead(settings)) }),
  settings: (context) => ({ ...settingsOf(context.caseSettings), simulated: simulatedHash(context, runsRead(context.caseSettings)) }),
  inputs: ({ caseSettings }) => [
    caseSettings.grid.griddesc,
    ...geographyFiles(caseSettings),
    ...caseSettings.periods.flatMap((period) => [
      ...meteorologyFiles(caseSettings, period.name),
      ...priorEmissionInputs(caseSettings, period.name),
      ...preparedRuns(caseSettings, period).flatMap((run) => broughtFiles(caseSettings, run, period.name)),
      ...columnEntries(caseSettings).flatMap((entry) => columnFilesOf(entry, period)),
    ]),
  ],
  parts: (context, keysOf) => preparedParts(context, keysOf('simulate')),
  run: async (context) => (await import('../learning/prepare.js')).prepare(context),
};
