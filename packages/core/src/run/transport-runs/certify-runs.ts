/**
 * Runs of the transport model by which the surrogate's response is judged: the response runs of `simulate`, and those that `certify` makes itself
 * with one group changed in the whole domain or in patches.
 *
 * They depend on the prior inventory, weather and transport model only, so they lie beside the stages' folders, under a hash of those in a period:
 * a surrogate that is trained anew, and the paper's mode, are judged by the same runs, and none is made twice. Nor does any wait for a training: run-part.ts
 * makes one by itself.
 */
import { factorsOfRun, type CertifyingRun } from '../../assimilation/judgement/certifying-run';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Group } from '../../base/species';
import { caseChannels, type Case, type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import { writeSharedFile } from '../../files/checkpoint';
import { makeFolder } from '../../files/disk';
import type { PreparedPeriod } from '../../fields/prepared';
import { wholeGrid } from '../../fields/period-source';
import { openPrepared } from '../../fields/prepared-store';
import { choosePatches, type Patch } from '../../surrogate/judgement/source-patches';
import { createCtm } from '../../transport/create-ctm';
import type { CtmRequest } from '../../transport/ctm';
import { PRIOR, responseRun, simulatedFile, timeOf, trainedPeriods, hasExternalPrior } from '../../case/case-runs';
import { runJobs } from './ctm-jobs';
import { commandIgnored, expectEmissionsUsed } from '../../inventory/reading/emissions-used';
import { meanEmissions, ofGroup } from '../../assimilation/factors/factors-file';
import { hashText } from '../../files/json';
import { readRecord } from '../engine/record';
import { partName, runsIn } from './run-keys';
import { simulatedValues } from './output-hashes';
import { emissionInput, priorSectors, runFiles, simulatedSectors, writeSectors } from '../../inventory/reading/sector-files';
import type { StageContext } from '../engine/stage';
import { partsOf } from '../engine/stage-keys';

/** Of a run that `certify` makes itself what the case alone tells. */
interface OwnRun extends Pick<CertifyingRun, 'name' | 'group' | 'factor'> {
  inPatches: boolean;
}

/** The prior's emissions in the first period, which say where patches can be. */
interface PriorEmissions extends Pick<PreparedPeriod, 'grid' | 'time'> {
  /** `[T, H, W, groups]`, kg m-2 s-1 */
  emissions: Float32Array;
}

/** Of one of the runs that `certify` makes itself the folder in a period. */
type FolderOf = (period: string, run: Pick<OwnRun, 'inPatches'>) => string;

/** In a folder of runs of the user's own model: the hash of what the prior run had given when they were made. */
const BESIDE = 'prior-values.txt';

/** Folders bear a hash of all that decides the runs in them, but for what they change: of what decides the prior run, as the inputs are now. */
async function runsFolders(context: StageContext): Promise<FolderOf> {
  const { caseSettings, out, dirOf } = context;
  const prior = trainedPeriods(caseSettings).map((period) => runsIn(caseSettings, period)(PRIOR));
  const parts = await partsOf(context, prior);
  const simulated = readRecord(dirOf('simulate'))?.parts;
  const hashOf = (period: string): string => {
    const name = partName(PRIOR, period);
    const { key } = parts[name];
    return (simulated?.[name]?.key === key && simulated[name].madeWith) || key;
  };
  const first = hashOf(trainedPeriods(caseSettings)[0].name);
  return (period, { inPatches }) => {
    const hash = hashOf(period);
    // Patches are placed by the emissions of the first period.
    const placed = inPatches && hash !== first ? hashText(`${hash} ${first}`) : hash;
    const folder = join(out, 'certify-runs', placed.slice(0, 12));
    const priorHash = priorValues(context, period);
    const [notedHash] = existsSync(join(folder, BESIDE)) ? readFileSync(join(folder, BESIDE), 'utf8').split('\n') : [priorHash];
    return notedHash === priorHash ? folder : join(out, 'certify-runs', hashText(`${placed} ${priorHash}`).slice(0, 12));
  };
}

/** What a command gave as the prior run: one that was mended may give something else with the same key. The reference model gives the same again. */
function priorValues(context: StageContext, period: string): string | undefined {
  return context.caseSettings.ctm.kind === 'command' ? simulatedValues(context, [PRIOR])[partName(PRIOR, period)] : undefined;
}

/** Notes of what prior runs these are made beside, before the first is: tasks of a job array begin with it at the same moment. */
function notePrior(context: StageContext, runs: readonly CertifyingRun[]): void {
  for (const { name: period } of trainedPeriods(context.caseSettings)) {
    const priorHash = priorValues(context, period);
    if (priorHash === undefined) continue;
    const folders = new Set(runs.flatMap((run) => (run.evaluated ? [] : [dirname(dirname(run.output(period)))])));
    for (const folder of folders) {
      makeFolder(folder);
      writeSharedFile(join(folder, BESIDE), `${priorHash}\n`);
    }
  }
}

/** All runs that the case asks for, those that are there already and those that are to be made. None where no transport model could make them. */
export async function certifyingRuns(context: StageContext, prior: PriorEmissions): Promise<CertifyingRun[]> {
  if (hasExternalPrior(context.caseSettings)) return [];
  const { response } = context.caseSettings;
  const simulate = context.dirOf('simulate');
  const evaluatedRuns = response.groups.map((group): CertifyingRun => {
    const name = responseRun(group);
    return { name, group, factor: response.factor, evaluated: true, output: (period) => simulatedFile(simulate, name, 'ACONC', period) };
  });
  const wanted = ownRuns(context.caseSettings);
  if (wanted.length === 0) return evaluatedRuns;
  const folder = await runsFolders(context);
  const madeHere = wanted.flatMap(({ inPatches, ...request }): CertifyingRun[] => {
    const run = {
      ...request,
      evaluated: false,
      output: (period: string) => simulatedFile(folder(period, { inPatches }), request.name, 'ACONC', period),
    };
    if (!inPatches) return [run];
    const patches = patchesOf(context.caseSettings, prior, request.group);
    return patches.length === 0 ? [] : [{ ...run, patches }];
  });
  return [...evaluatedRuns, ...madeHere];
}

/**
 * Names of the runs of the transport model that `certify` makes itself. One in patches whose group is emitted nowhere is among them, as only the inventory
 * tells that it will not be made.
 */
export function certifyingRunNames(settings: Case): string[] {
  return ownRuns(settings).map(({ name }) => name);
}

/** Whether the files of a run that `certify` makes itself are there, in all periods, as the case has them. The stages before it have their records. */
export async function isCertifyingRunMade(context: StageContext, name: string): Promise<boolean> {
  const folder = await runsFolders(context);
  const ctm = createCtm(context.caseSettings);
  const run = ownRuns(context.caseSettings).find((entry) => entry.name === name)!;
  return trainedPeriods(context.caseSettings).every((period) => ctm.isMade(simulatedFile(folder(period.name, run), name, 'ACONC', period.name)));
}

function certifiedGroups({ certificate }: Case): Group[] {
  return [...new Set(certificate.pairs.map(({ group }) => group))];
}

/** Groups times the factors in the whole domain, but for those that `simulate` makes, and groups in patches. */
function ownRuns(settings: Case): OwnRun[] {
  if (hasExternalPrior(settings)) return [];
  const { certificate, response } = settings;
  const groups = certifiedGroups(settings);
  const isMade = (group: Group, factor: number): boolean => response.groups.includes(group) && response.factor === factor;
  const scaled = groups.flatMap((group) =>
    certificate.factors
      .filter((factor) => !isMade(group, factor))
      .map((factor) => ({ name: `${group}-x${factor}`, group, factor, inPatches: false })),
  );
  const { count, cells, factor, seed } = certificate.patches;
  const patched = groups.map((group) => ({ name: `${group}-patches${count}-cells${cells}-x${factor}-seed${seed}`, group, factor, inPatches: true }));
  return count === 0 ? scaled : [...scaled, ...patched];
}

function patchesOf(settings: Case, { grid, time, emissions }: PriorEmissions, group: Group): Patch[] {
  const { groups } = caseChannels(settings);
  const emission = ofGroup(meanEmissions(emissions, time.count), groups.indexOf(group), groups.length);
  return choosePatches(emission, grid, settings.certificate.patches);
}

/** One of the runs that `certify` makes itself, in all periods: what is missing of its files. The stages before it have their records. */
export async function makeCertifyingRun(context: StageContext, name: string): Promise<void> {
  const prior = priorEmissions(context);
  const run = (await certifyingRuns(context, prior)).find((entry) => entry.name === name);
  if (run) await makeRuns(context, [run], prior.grid);
  else context.log(`${name}: the group is emitted nowhere, so there are no patches and no run`);
}

function priorEmissions({ caseSettings, dirOf }: StageContext): PriorEmissions {
  const prepared = openPrepared(dirOf('prepare'), trainedPeriods(caseSettings)[0].name, caseChannels(caseSettings));
  const { grid, time } = prepared;
  return { grid, time, emissions: prepared.hourly('emissions', wholeGrid(prepared), { first: 0, count: time.count }) };
}

/**
 * Makes the runs that are not there yet.
 * @throws {TransportError} `EMISSIONS_IGNORED`
 * @throws what the transport model throws; runs that are done stay
 */
export async function makeRuns(context: StageContext, runs: readonly CertifyingRun[], grid: { rows: number; cols: number }): Promise<void> {
  const ctm = createCtm(context.caseSettings);
  notePrior(context, runs);
  const pieces = runs.flatMap((run) => trainedPeriods(context.caseSettings).map((period) => ({ run, period })));
  const isMade = ({ run, period }: (typeof pieces)[number]): boolean => ctm.isMade(run.output(period.name));
  for (const { run, period } of pieces.filter(isMade)) expectTaken(context, run, period);
  const missing = pieces.filter((piece) => !isMade(piece));
  await runJobs(
    context,
    missing.map(({ run, period }) => ({
      label: `transport model: ${run.name}, ${period.name}`,
      hours: period.hours,
      run: async (threads, signal, onProgress) => {
        const output = run.output(period.name);
        makeFolder(dirname(output));
        const request = { run: run.name, period, output, threads, signal, onProgress, log: context.log };
        await ctm.run({ ...request, ...emissionsOf(context, run, period, factorsOfRun(run, grid, caseChannels(context.caseSettings).groups)) });
        expectTaken(context, run, period);
      },
    })),
  );
  context.signal.throwIfAborted();
}

/** Of a run that the user's own model has made. Those of `simulate` are looked at there. @throws {TransportError} `EMISSIONS_IGNORED` */
function expectTaken(context: StageContext, { name, evaluated, output }: CertifyingRun, period: PeriodSettings): void {
  const { caseSettings, signal } = context;
  if (evaluated || caseSettings.ctm.kind === 'reference') return;
  const concentrationFile = output(period.name);
  const files = {
    emissions: simulatedSectors(caseSettings, dirname(dirname(concentrationFile)), name, period.name),
    concentrations: [concentrationFile],
  };
  const place = { name, period: period.name, grid: gridOf(caseSettings), time: timeOf(period) };
  expectEmissionsUsed(
    caseSettings,
    place,
    { changedRun: files, prior: runFiles(context, PRIOR, period.name) },
    commandIgnored(concentrationFile),
    signal,
  );
}

/** The reference model takes factors; a command takes files, which stay beside the run for whoever wants to look. */
function emissionsOf(
  { caseSettings }: StageContext,
  run: CertifyingRun,
  period: PeriodSettings,
  factors: Float32Array,
): Pick<CtmRequest, 'emissionFiles' | 'sectors'> & { factors?: Float32Array } {
  if (caseSettings.ctm.kind === 'reference') return { ...emissionInput(priorSectors(caseSettings, period.name)), factors };
  const scaled = simulatedSectors(caseSettings, dirname(dirname(run.output(period.name))), run.name, period.name);
  writeSectors(caseSettings, period.name, scaled, gridOf(caseSettings), () => factors);
  return emissionInput(scaled);
}
