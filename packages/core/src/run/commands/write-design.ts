/** The ensemble design as emission files for a transport model that is run elsewhere: `retroplume simulate CASE --design`. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { caseOf, memberDesigns, type Case, type MemberDesign, type PeriodSettings } from '../../case';
import { gridOf } from '../../case/gridded/regions';
import { writeFileAtomic } from '../../files/checkpoint';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { makeFolder } from '../../files/disk';
import { ConfigError, DataError, expectOptions, expectSignal, InterruptedError, type OptionNames } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import type { SectorFiles } from '../../inventory/reading/emission-reader';
import { checkInventory } from '../../inventory/reading/inventory-reader';
import { writeScaledEmissions } from '../../inventory/scaling/scaled-emissions';
import { pointsOf } from '../../inventory/reading/point-sources';
import { membersOfPeriod, timeOf } from '../../case/case-runs';
import { priorSectors, sectorNames, simulatedEmissions } from '../../inventory/reading/sector-files';
import { designManifest, MANIFEST, manifestText } from '../transport-runs/design-manifest';
import { checkDesignedRegions, designedFactors } from '../../transport/members';
import { InputHashes } from '../engine/input-hashes';
import { canonicalJson, hashText } from '../../files/json';
import { runFolder } from '../engine/run-folder';
import type { RunOptions } from '../run';

export interface DesignOptions extends Pick<RunOptions, 'out' | 'onEvent' | 'signal'> {
  /** folder of the files; default `design` in the run folder */
  dir?: string;
}

const OPTIONS: OptionNames<DesignOptions> = { out: true, dir: true, onEvent: true, signal: true };

export interface DesignResult {
  case: string;
  /** folder of the files */
  design: string;
  manifest: string;
  members: string[];
  /** emission files that were made, and those that were there already */
  written: number;
  kept: number;
}

/** One emission file of the design. */
interface DesignedFile {
  design: MemberDesign;
  period: PeriodSettings;
  /** of the prior run, whose emissions the file has, scaled */
  sector: SectorFiles;
  path: string;
  /** what its history says: another design, other emissions or another version give another */
  history: string;
}

/**
 * Writes one emission file per member, period and sector of the inventory, with the variables, units, layers and hours of the prior emissions, and last the manifest
 * `design.json`. Files of the same design that are there already are kept; no transport model is run.
 *
 * @param source - path of the case file, or a loaded case
 * @throws {ConfigError} `DESIGN_EMPTY`, `DESIGN_GIVEN` if the case brings its own members, `REGION_EMPTY`
 * @throws {DataError} `DESIGN_FOLDER` if the folder cannot be made; what reading and writing the emissions throws
 * @throws {InterruptedError} if the signal was raised; what was finished is kept
 *
 * @example
 * const { manifest, members } = await writeDesign('case.yaml', { dir: 'design' });
 */
export async function writeDesign(source: string | Case, options: DesignOptions = {}): Promise<DesignResult> {
  const settings = caseOf(source);
  expectOptions(options, 'writeDesign', OPTIONS);
  expectSignal(options.signal, 'writeDesign: signal');
  const dir = resolve(options.dir ?? join(runFolder(settings, options.out), 'design'));
  checkAsked(settings);
  const grid = gridOf(settings);
  checkDesignedRegions(settings, grid);
  checkEmissions(settings, grid);
  const files = await designedFiles(settings, grid, dir);
  const missing = files.filter((file) => !isWritten(file));
  const manifest = join(dir, MANIFEST);
  const text = manifestText(designManifest(settings, grid, dir));
  makeFolders(dir, files);
  // A manifest stands for a whole design: it goes before the first file changes and comes after the last.
  if (missing.length > 0 || !existsSync(manifest) || readFileSync(manifest, 'utf8') !== text) rmSync(manifest, { force: true });
  let finished = 0;
  for (const { design, period, sector, path, history } of missing) {
    await assertGoesOn(options.signal);
    const event = { kind: 'progress', stage: 'simulate', variant: 'default', total: missing.length } as const;
    options.onEvent?.({ ...event, done: finished++, text: `emissions of ${design.name}, ${period.name}` });
    const factors = designedFactors(settings, grid, design, period);
    writeScaledEmissions(sector.files, path, factors, sector.groups, { grid, history, days: sector.days, points: pointsOf(sector, grid) });
  }
  await assertGoesOn(options.signal);
  if (!existsSync(manifest)) writeFileAtomic(manifest, text);
  const members = memberDesigns(settings).map(({ name }) => name);
  return { case: settings.name, design: dir, manifest, members, written: missing.length, kept: files.length - missing.length };
}

function checkAsked(settings: Case): void {
  if (settings.members.runs) {
    throw new ConfigError(
      'DESIGN_GIVEN',
      `${settings.file}: the case brings its own members (members.runs), so there is no design to write: take members.runs out of the case to write one`,
    );
  }
  if (memberDesigns(settings).length === 0) {
    throw new ConfigError(
      'DESIGN_EMPTY',
      `${settings.file}: the case asks for no members, so there is no design to write: set members.count, perGroup, scalings or regionFactors`,
    );
  }
}

/** Grid and hours of the prior emissions, from their headers. */
function checkEmissions(settings: Case, grid: Grid): void {
  for (const period of settings.periods) {
    checkInventory(priorSectors(settings, period.name), grid, timeOf(period));
  }
}

async function designedFiles(settings: Case, grid: Grid, dir: string): Promise<DesignedFile[]> {
  const { seed, spread, lengthKm, stretchHours } = settings.members;
  const files: DesignedFile[] = [];
  const inputs = new InputHashes();
  const inSectors = sectorNames(settings) !== undefined;
  for (const period of settings.periods) {
    for (const sector of priorSectors(settings, period.name)) {
      const prior = await hashesOf(inputs, sector.files);
      const stacks = sector.stackGroups && (await hashesOf(inputs, sector.stackGroups)).join(' ');
      const days = sector.days?.map(({ date, path }) => [date.toISOString(), sector.files.indexOf(path)]);
      const wanted = membersOfPeriod(settings, period);
      for (const design of memberDesigns(settings).filter(({ name }) => wanted.includes(name))) {
        const region = design.kind === 'region' ? settings.regions[design.region] : undefined;
        const random = design.kind === 'random' || design.kind === 'group' ? { seed, spread, lengthKm, stretchHours } : undefined;
        const content = { design, region, random, period: period.name, prior, days, stacks, grid: grid.definition, groups: sector.groups };
        const key = hashText(canonicalJson(content)).slice(0, 16);
        const history = `emissions scaled per group by Retroplume, design ${key}`;
        files.push({ design, period, sector, path: simulatedEmissions(dir, design.name, period.name, inSectors ? sector.name : undefined), history });
      }
    }
  }
  return files;
}

async function hashesOf(inputs: InputHashes, paths: readonly string[]): Promise<string[]> {
  const out: string[] = [];
  for (const path of paths) out.push((await inputs.describe(path)).sha256);
  return out;
}

/** Whether the file is there, whole and of this design. */
function isWritten({ path, history }: DesignedFile): boolean {
  if (!existsSync(path)) return false;
  try {
    const file = IoapiFile.open(path);
    const isSame = file.attributes['HISTORY'] === history;
    file.close();
    return isSame;
  } catch {
    return false; // cut short or no netCDF: it is written anew
  }
}

function makeFolders(dir: string, files: readonly DesignedFile[]): void {
  try {
    for (const { path } of files) makeFolder(dirname(path));
  } catch (cause) {
    const reason = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? (cause as Error).message;
    throw new DataError('DESIGN_FOLDER', `${dir}: the folder of the design cannot be made or written (${reason}): name another one with --design`, {
      cause,
    });
  }
}

/** Lets signals in, and ends the work if one came. */
async function assertGoesOn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  if (signal?.aborted) {
    throw new InterruptedError('INTERRUPTED', 'simulate --design: interrupted: what was finished is kept: run the same command to go on', {
      cause: signal.reason,
    });
  }
}
