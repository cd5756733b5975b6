/**
 * The work of `simulate`: the runs of the transport model that the case does not bring: prior run, members with random smooth factors, runs with one
 * group changed, and in a twin experiment the truth and the observations drawn from it. A run that is done is not made again after an
 * interruption.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { memberDesigns, type Case, type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import { writeFileAtomic } from '../../files/checkpoint';
import { makeFolder } from '../../files/disk';
import { openWeather } from '../../weather/open-weather';
import { firstStepOf } from '../../files/ioapi/period-steps';
import type { Grid } from '../../grid/grid';
import { createCtm } from '../../transport/create-ctm';
import { type Ctm } from '../../transport/ctm';
import type { SectorFiles } from '../../inventory/reading/emission-reader';
import { checkInventory, InventoryReader } from '../../inventory/reading/inventory-reader';
import { checkReferenceOptions } from '../../transport/reference/reference-model';
import {
  PRIOR,
  TRUTH,
  filesOfRun,
  layerVariables,
  meteorologyFiles,
  simulatedChanges,
  simulatedFile,
  runsOfPeriod,
  simulatedRuns,
  timeOf,
  twinObservationsFile,
  assertOwnModel,
  runsReferenceModel,
} from '../../case/case-runs';
import { runJobs } from './ctm-jobs';
import { designManifest, MANIFEST, manifestText } from './design-manifest';
import { commandIgnored, expectEmissionsUsed } from '../../inventory/reading/emissions-used';
import { checkDesignedRegions } from '../../transport/members';
import { readRunConcentrations } from '../../transport/surface-output';
import { concentrationsOf, factorsOf, modelErrorOf, partName } from './run-keys';
import {
  emissionInput,
  filesOf,
  layersMeteorology,
  madeOutput,
  priorSectors,
  runFiles,
  simulatedSectors,
  writeSectors,
} from '../../inventory/reading/sector-files';
import { damagedProducts, keeps, readRecord, type StageMark } from '../engine/record';
import { hashOfRun, type SimulateSummary } from './output-hashes';
import type { Stage, StageContext } from '../engine/stage';
import { writeTwinColumns, type TruthLayers } from '../../worlds/satellites/twin-columns';
import { writeTwinObservations } from '../../worlds/twin-observations';

interface Job {
  run: string;
  period: PeriodSettings;
}

export async function simulate(context: StageContext): ReturnType<Stage['run']> {
  const { caseSettings, dir } = context;
  const grid = gridOf(caseSettings);
  const jobs = await makeRuns(context, grid, simulatedRuns(caseSettings));
  const products = jobs.flatMap(({ run, period }) => filesOfRun(caseSettings, simulatedFile(dir, run, 'ACONC', period.name)));
  if (caseSettings.observations.twin) {
    for (const period of caseSettings.periods) {
      const path = twinObservationsFile(dir, period.name);
      await writeTwinObservations(
        path,
        caseSettings,
        { name: period.name, start: new Date(period.start) },
        grid,
        readRunConcentrations(caseSettings, [simulatedFile(dir, TRUTH, 'ACONC', period.name)], { grid, time: timeOf(period) }),
      );
      products.push(path);
      products.push(...writeTwinColumns(dir, caseSettings, period, grid, truthLayers(context, period.name)));
    }
  }
  if (memberDesigns(caseSettings).length > 0) {
    products.push(join(dir, MANIFEST));
    writeFileAtomic(join(dir, MANIFEST), manifestText(designManifest(caseSettings, grid, dir)));
  }
  const summary: SimulateSummary = { runs: simulatedRuns(caseSettings), values: {} };
  // Not of the bytes, which tell the time.
  for (const { run, period } of jobs) {
    summary.values[partName(run, period.name)] = hashOfRun(caseSettings, simulatedFile(dir, run, 'ACONC', period.name));
  }
  return { products: products.map((path) => relative(dir, path)), summary, leaves: emissionsLeft(context) };
}

/** Where satellites of a twin look. */
function truthLayers({ caseSettings, dir }: StageContext, period: string): TruthLayers {
  const { layers } = madeOutput(caseSettings, simulatedFile(dir, TRUTH, 'ACONC', period));
  const meteorology = layersMeteorology(caseSettings, period);
  return { layers, meteorology: meteorology.length > 0 ? meteorology : layers, variables: layerVariables(caseSettings) };
}

/** Emission files of the runs, which others read: who has spared their room has them written again with a run of `simulate` that makes something. */
function emissionsLeft({ caseSettings, dir }: StageContext): string[] {
  const paths = caseSettings.periods.flatMap((period) =>
    runsOfPeriod(caseSettings, period).flatMap((run) => filesOf(simulatedSectors(caseSettings, dir, run, period.name))),
  );
  return paths.filter((path) => existsSync(path)).map((path) => relative(dir, path));
}

/** One run of the case alone, in all periods: what is missing of its files. The stage has been begun. */
export async function simulateRun(context: StageContext, run: string): Promise<void> {
  await makeRuns(context, gridOf(context.caseSettings), [run]);
}

/** The runs of which a stage with this mark has to make something: their file of a period is not there, is damaged or is to go. */
export function missingRuns({ caseSettings, dir }: StageContext, mark: StageMark): string[] {
  const record = readRecord(dir);
  const damaged = new Set(record && damagedProducts(dir, record).map(({ product }) => product));
  const isKept = keeps(dir, mark);
  const isThere = (file: string): boolean => isKept(file) && !damaged.has(file) && existsSync(join(dir, file));
  const isMade = (run: string, period: PeriodSettings): boolean => filesOfRun(caseSettings, concentrationsOf(run, period)).every(isThere);
  const missing = new Set(caseSettings.periods.flatMap((period) => runsOfPeriod(caseSettings, period).filter((run) => !isMade(run, period))));
  return simulatedRuns(caseSettings).filter((run) => missing.has(run));
}

async function makeRuns(context: StageContext, grid: Grid, runs: readonly string[]): Promise<Job[]> {
  const { caseSettings } = context;
  assertOwnModel(caseSettings, runs);
  checkInputs(caseSettings, grid);
  checkDesignedRegions(caseSettings, grid);
  if (caseSettings.truth?.options) checkReferenceOptions(grid, caseSettings.truth.options, 'truth.options');
  caseSettings.inversion.nuisance.runs.forEach(
    ({ options }, i) => options && checkReferenceOptions(grid, options, `inversion.nuisance.runs.${i}.options`),
  );
  const ctm = createCtm(caseSettings);
  const jobs = runs.flatMap((run) =>
    caseSettings.periods.filter((period) => runsOfPeriod(caseSettings, period).includes(run)).map((period) => ({ run, period })),
  );
  await runJobs(
    context,
    jobs.map((job) => ({
      label: `${job.run}, ${job.period.name}`,
      hours: job.period.hours,
      run: (threads, signal, onHours) => runJob(context, ctm, grid, job, threads, signal, onHours),
    })),
  );
  return jobs;
}

/** Grid and hours of all inputs, from their headers: what does not fit is told before the first long run. */
function checkInputs(settings: Case, grid: Grid): void {
  for (const period of settings.periods) {
    const during = timeOf(period);
    const meteorology = openWeather(meteorologyFiles(settings, period.name), { ...settings.meteorology, grid, during });
    try {
      firstStepOf(meteorology, during);
      const sectors = priorSectors(settings, period.name);
      if (runsReferenceModel(settings)) InventoryReader.open(sectors, grid, during).close();
      else checkInventory(sectors, grid, during);
    } finally {
      meteorology.close();
    }
  }
}

async function runJob(
  context: StageContext,
  ctm: Ctm,
  grid: Grid,
  { run, period }: Job,
  threads: number,
  signal: AbortSignal,
  onHours: (hours: number) => void,
): Promise<void> {
  const output = simulatedFile(context.dir, run, 'ACONC', period.name);
  makeFolder(dirname(output));
  const emissions = emissionsOf(context.caseSettings, context.dir, grid, run, period);
  if (!ctm.isMade(output)) {
    const modelError = modelErrorOf(context.caseSettings, run);
    await ctm.run({ run, period, ...emissionInput(emissions), output, modelError, threads, signal, onProgress: onHours, log: context.log });
  }
  if (context.caseSettings.ctm.kind === 'command') expectTaken(context, grid, run, period);
  onHours(timeOf(period).count);
}

/** Of the first member, before days are spent on the others. @throws {TransportError} `EMISSIONS_IGNORED` */
function expectTaken(context: StageContext, grid: Grid, run: string, period: PeriodSettings): void {
  const { caseSettings, dir, signal } = context;
  const prior = runFiles(context, PRIOR, period.name);
  // Another job may still make it.
  if (run === PRIOR || simulatedChanges(caseSettings).has(run) || !prior.concentrations.every((path) => existsSync(path))) return;
  const output = simulatedFile(dir, run, 'ACONC', period.name);
  const files = { emissions: emissionsOf(caseSettings, dir, grid, run, period), concentrations: [output] };
  const place = { name: run, period: period.name, grid, time: timeOf(period) };
  expectEmissionsUsed(caseSettings, place, { changedRun: files, prior }, commandIgnored(output), signal);
}

/**
 * The run's emission files; factors on the prior inventory make those of every run but the prior.
 * @param dir - where those are written that the case does not bring as they are to be read
 */
export function emissionsOf(caseSettings: Case, dir: string, grid: Grid, run: string, period: PeriodSettings): SectorFiles[] {
  const prior = priorSectors(caseSettings, period.name);
  const asPrior = run === PRIOR || simulatedChanges(caseSettings).has(run);
  // A command finds the hours of its period in the files that it is given, so that representative days are put into one that bears their dates.
  const unchanged = (sector: SectorFiles): boolean => asPrior && (caseSettings.ctm.kind === 'reference' || sector.days === undefined);
  const sectors = simulatedSectors(caseSettings, dir, run, period.name).map((sector, s) => (unchanged(prior[s]) ? prior[s] : sector));
  writeSectors(
    caseSettings,
    period.name,
    sectors.filter((_, s) => !unchanged(prior[s])),
    grid,
    () => (asPrior ? [] : factorsOf(caseSettings, grid, run, period)),
  );
  return sectors;
}
