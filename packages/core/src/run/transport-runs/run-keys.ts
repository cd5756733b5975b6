/**
 * What decides a run of the transport model in one period. A design with more members, a further period or another seed leaves the others as they are: what a run
 * has made is kept for as long as its own inputs and settings stay, whatever else of the case changes.
 */
import { caseChannels, memberDesigns, type Case, type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import type { Grid } from '../../grid/grid';
import { designedFactors, uniformFactors } from '../../transport/members';
import { readTruthFactors } from '../../worlds/truth-factors';
import { groupLast } from '../../worlds/twin-observations';
import { ctmIdentity, type ModelError } from '../../transport/ctm';
import {
  geographyFiles,
  layersNeeded,
  layerVariables,
  meteorologyFiles,
  PRIOR,
  responseRun,
  simulatedChanges,
  simulatedFile,
  runsOfPeriod,
  TRUTH,
  weatherSettings,
} from '../../case/case-runs';
import { inventorySettings, priorEmissionInputs, sectorNames, simulatedEmissions } from '../../inventory/reading/sector-files';
import type { PartContent } from '../engine/stage';
import { VERSIONS } from '../../base/process';

/**
 * Of the emission files that the user's own model is given. It goes up with a version of Retroplume that writes other values for the same case: for the others
 * runs that took days need not be made anew.
 */
const EMISSIONS_VERSION = 1;

/** Beside the output of a command lie its folder, its log, what it was told, how its files were read and attempts that have not ended well. */
const ENDINGS = ['.nc', '.log', '.sectors.tsv', '.read.json', '.attempts', ''];

/** Every run that `simulate` makes, in every period. */
export function runParts(settings: Case): PartContent[] {
  return settings.periods.flatMap((period) => runsOfPeriod(settings, period).map(runsIn(settings, period)));
}

/** Runs in a period, by their names. */
export function runsIn(settings: Case, period: PeriodSettings): (run: string) => PartContent {
  const { definition } = gridOf(settings);
  const sectors = sectorNames(settings) ?? [undefined];
  const { name, start, hours } = period;
  const shared = { grid: definition, period: { name, start, hours }, emissions: inventorySettings(settings) };
  const inputs = [...geographyFiles(settings), ...meteorologyFiles(settings, name), ...priorEmissionInputs(settings, name)];
  const partOf = (run: string, essence: object): PartContent => ({
    name: partName(run, name),
    settings: { ...essence, ...modelSettings(settings) },
    // Of a command only the user knows whether another line of it, or files that were written anew, give the same.
    ...(settings.ctm.kind === 'command' ? { essence } : {}),
    product: concentrationsOf(run, period),
    ...(layersNeeded(settings) ? { alongside: [simulatedFile('', run, 'LAYERS', name)] } : {}),
    inputs: run === TRUTH ? [...inputs, settings.truth!.factors] : inputs,
    outlivesCase: true,
    entries: [
      ...sectors.map((sector) => simulatedEmissions('', run, name, sector)),
      ...ENDINGS.map((ending) => concentrationsOf(run, period).replace(/\.nc$/, ending)),
      simulatedFile('', run, 'LAYERS', name),
    ],
  });
  return (run) => partOf(run, { ...shared, change: changeOf(settings, run) });
}

/** The name of a run in a period among the parts of `simulate`. */
export function partName(run: string, period: string): string {
  return `${run}/${period}`;
}

/** The file that a run leaves in a period, from the folder of `simulate`. */
export function concentrationsOf(run: string, { name }: Pick<PeriodSettings, 'name'>): string {
  return simulatedFile('', run, 'ACONC', name);
}

function modelSettings(settings: Case): object {
  const { ctm, concentrations } = settings;
  // What a command has left is read for them, and need not be made anew.
  const layers = layersNeeded(settings) ? { layers: layerVariables(settings) } : {};
  const identity = { ctm: ctmIdentity(ctm) };
  if (ctm.kind === 'command') return { ...identity, version: EMISSIONS_VERSION };
  return { ...identity, weather: weatherSettings(settings), variables: concentrations.variables, ...layers, version: VERSIONS.retroplume };
}

/** By what a run differs from the prior run. */
function changeOf(settings: Case, run: string): object {
  if (run === PRIOR) return {};
  const model = modelErrorOf(settings, run);
  if (run === TRUTH) return { truth: true, model };
  if (model) return { model };
  const group = settings.response.groups.find((name) => responseRun(name) === run);
  if (group) return { group, factor: settings.response.factor };
  const { name: _name, ...design } = memberDesigns(settings).find(({ name }) => name === run)!;
  if (design.kind === 'scaling') return design;
  if (design.kind === 'region') return { ...design, region: settings.regions[design.region] };
  const { seed, spread, lengthKm, stretchHours } = settings.members;
  return { ...design, random: { seed, spread: design.kind === 'group' ? spread[design.group] : spread, lengthKm, stretchHours } };
}

/** What makes the model of a run another one than that of the prior run; undefined where it is the same. */
export function modelErrorOf(settings: Case, run: string): ModelError | undefined {
  if (run === TRUTH) return truthModelOf(settings);
  const change = simulatedChanges(settings).get(run);
  return change && { options: change.options, windError: change.windError };
}

export function truthModelOf({ truth }: Case): ModelError | undefined {
  if (!truth?.options && !truth?.windError) return undefined;
  const { options, windError } = truth;
  return { options, windError };
}

/** Factors of a run on the prior inventory, `[H, W, groups]`, or those of each stretch of the period. */
export function factorsOf(settings: Case, grid: Grid, run: string, period: PeriodSettings): ReturnType<typeof designedFactors> {
  const { groups } = caseChannels(settings);
  if (run === TRUTH && settings.truth) return groupLast(readTruthFactors(settings.truth.factors, grid, period.name, groups), groups.length);
  const group = settings.response.groups.find((name) => responseRun(name) === run);
  if (group) return uniformFactors(grid, groups, { group, factor: settings.response.factor });
  const design = memberDesigns(settings).find(({ name }) => name === run);
  if (!design) throw new Error(`${run} is no run of this case`);
  return designedFactors(settings, grid, design, period);
}
