/**
 * Runs of the transport model by which the surrogate's response is judged: the response runs of `simulate`, and those that `certify` makes itself
 * with one group changed in the whole domain or in patches.
 *
 * They depend on the prior inventory, weather and transport model only, so they lie beside the stages' folders, under a hash of those:
 * a surrogate that is trained anew, and the paper's mode, are judged by the same runs, and none is made twice.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GROUPS, type Case, type Group, type PeriodSettings } from '../data/case';
import type { PreparedPeriod } from '../data/prepared';
import { readGriddesc } from '../grid/griddesc';
import { choosePatches, cellsOf, type Patch } from '../surrogate/source-patches';
import { createCtm, ctmIdentity, type CtmRequest } from '../transport/ctm';
import { responseRun, simulatedFile } from './case-runs';
import { runJobs } from './ctm-jobs';
import { hasForeignPrior } from './foreign-prior';
import { meanEmissions } from './factors-file';
import { uniformFactors } from './member-factors';
import { canonicalJson, hashText, readRecord } from './record';
import { emissionInput, priorSectors, sectorSettings, simulatedSectors, writeSectors } from './sector-files';
import type { StageContext } from './stage';
import { VERSIONS } from './versions';

/** A run of the transport model with the emissions of one group changed by the same factor in every hour. */
export interface CertifyingRun {
  name: string;
  group: Group;
  factor: number;
  /** where the emissions are changed; absent = everywhere */
  patches?: Patch[];
  /** the file with its concentrations in a period */
  output: (period: string) => string;
}

/** Folder of the runs that `certify` makes. */
function runsFolder(context: StageContext): string {
  const { ctm, emissions, concentrations, periods } = context.case;
  const inputs = readRecord(context.dirOf('simulate'))?.inputs.map(({ bytes, sha256 }) => ({ bytes, sha256 }));
  const key = hashText(
    canonicalJson({
      ctm: ctmIdentity(ctm),
      groups: emissions.groups,
      ...sectorSettings(context.case),
      variables: concentrations.variables,
      periods,
      inputs,
      version: VERSIONS.retroplume,
    }),
  );
  return join(context.out, 'certify-runs', key.slice(0, 12));
}

/** All runs that the case asks for, those that are there already and those that are to be made. None where no transport model could make them. */
export function certifyingRuns(context: StageContext, period: PreparedPeriod): CertifyingRun[] {
  if (hasForeignPrior(context.case)) return [];
  const { response } = context.case;
  const groups = certifiedGroups(context.case);
  const simulate = context.dirOf('simulate');
  const folder = runsFolder(context);
  const made = (name: string) => (periodName: string) => simulatedFile(folder, name, 'ACONC', periodName);
  const given = response.groups.map((group): CertifyingRun => {
    const name = responseRun(group);
    return { name, group, factor: response.factor, output: (periodName) => simulatedFile(simulate, name, 'ACONC', periodName) };
  });
  const scaled = scalings(context.case).map((each): CertifyingRun => {
    const name = `${each.group}-x${each.factor}`;
    return { name, ...each, output: made(name) };
  });
  return [...given, ...scaled, ...groups.flatMap((group) => patchRun(context, period, group, made))];
}

/** How many runs of the transport model `certify` makes itself. */
export function certifyingRunCount(settings: Case): number {
  return scalings(settings).length + (settings.certificate.patches.count === 0 ? 0 : certifiedGroups(settings).length);
}

function certifiedGroups({ certificate }: Case): Group[] {
  return [...new Set(certificate.pairs.map(({ group }) => group))];
}

/** Groups and the factors on them in the whole domain, but for those that `simulate` makes. */
function scalings(settings: Case): Pick<CertifyingRun, 'group' | 'factor'>[] {
  const { certificate, response } = settings;
  const isMade = (group: Group, factor: number): boolean => response.groups.includes(group) && response.factor === factor;
  return certifiedGroups(settings).flatMap((group) =>
    certificate.factors.filter((factor) => !isMade(group, factor)).map((factor) => ({ group, factor })),
  );
}

function patchRun(
  context: StageContext,
  { grid, runs, time }: PreparedPeriod,
  group: Group,
  made: (name: string) => (period: string) => string,
): CertifyingRun[] {
  const { count, cells, factor, seed } = context.case.certificate.patches;
  const mean = meanEmissions(runs.get('prior')!.emissions, time.count);
  const emission = mean.filter((_, i) => i % GROUPS.length === GROUPS.indexOf(group));
  const patches = count === 0 ? [] : choosePatches(emission, grid, { count, cells, seed });
  const name = `${group}-patches${count}-cells${cells}-x${factor}-seed${seed}`;
  return patches.length === 0 ? [] : [{ name, group, factor, patches, output: made(name) }];
}

/** Factors of a run, `[H, W, 5]`. */
export function factorsOfRun({ group, factor, patches }: CertifyingRun, grid: { rows: number; cols: number }): Float32Array {
  if (!patches) return uniformFactors(grid, { group, factor });
  const mask = new Float32Array(grid.rows * grid.cols);
  for (const cell of patches.flatMap((patch) => cellsOf(patch, grid))) mask[cell] = 1;
  return uniformFactors(grid, { group, factor, mask });
}

/**
 * Makes the runs that are not there yet.
 * @throws what the transport model throws; runs that are done stay
 */
export async function makeRuns(context: StageContext, runs: readonly CertifyingRun[], grid: { rows: number; cols: number }): Promise<void> {
  const ctm = createCtm(context.case);
  const missing = runs.flatMap((run) => context.case.periods.flatMap((period) => (existsSync(run.output(period.name)) ? [] : [{ run, period }])));
  await runJobs(
    context,
    missing.map(({ run, period }) => ({
      label: `transport model: ${run.name}, ${period.name}`,
      hours: period.hours,
      run: async (threads, signal, onProgress) => {
        const output = run.output(period.name);
        mkdirSync(dirname(output), { recursive: true });
        const request = { run: run.name, period, output, threads, signal, onProgress };
        await ctm.run({ ...request, ...emissionsOf(context, run, period, factorsOfRun(run, grid)) });
      },
    })),
  );
  context.signal.throwIfAborted();
}

/** The reference model takes factors; a command takes files, which stay beside the run for whoever wants to look. */
function emissionsOf(
  { case: settings }: StageContext,
  run: CertifyingRun,
  period: PeriodSettings,
  factors: Float32Array,
): Pick<CtmRequest, 'emissionFiles' | 'sectors'> & { factors?: Float32Array } {
  if (settings.ctm.kind === 'reference') return { ...emissionInput(priorSectors(settings, period.name)), factors };
  const scaled = simulatedSectors(settings, dirname(dirname(run.output(period.name))), run.name, period.name);
  writeSectors(settings, period.name, scaled, readGriddesc(settings.grid.griddesc, settings.grid.name), () => factors);
  return emissionInput(scaled);
}
