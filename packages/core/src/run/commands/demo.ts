/** The demo: a twin experiment on a made-up region, from nothing to the report. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json';
import { chooseDevice } from '../../base/device';
import { ConfigError, expectOptions, type OptionNames } from '../../base/errors';
import { ALONE } from '../../base/process';
import type { DemoSize } from '../../worlds/demo-case';
import { ALL_SPECIES, writeDemoWorld } from '../../worlds/demo-world';
import { runStages } from '../run-case';
import { COMMON_OPTIONS, type RunOptions, type RunResult } from '../run';

export interface DemoOptions extends Omit<RunOptions, 'stages'> {
  /** every stage in under two minutes, figures poorer */
  quick?: boolean;
  /** longer training and more members */
  full?: boolean;
  /** the truth has another transport model than prior and members, as the air has */
  nonIdentical?: boolean;
  /** `all`: CO and coarse particles are emitted, and CO and PM10 measured, beside the others */
  species?: 'all';
  /** satellites see columns of NO2, HCHO and NH3 beside the monitors */
  columns?: boolean;
  /** 1 to 12: a week in each of these months, instead of one in winter and one in summer */
  months?: readonly number[];
  /** those of them in which the transport model runs members, and the surrogate is trained; default: all */
  membersIn?: readonly number[];
  /** another coast, with cities, weather, monitors and errors of its own; default 1 */
  seed?: number;
}

const OPTIONS: OptionNames<DemoOptions> = {
  ...COMMON_OPTIONS,
  quick: true,
  full: true,
  nonIdentical: true,
  species: true,
  columns: true,
  months: true,
  membersIn: true,
  seed: true,
};

export type DemoResult = RunResult;

function sizeOf({ quick, full }: DemoOptions): DemoSize {
  return quick ? 'quick' : full ? 'full' : 'default';
}

/** The run folder unless the caller names one: `runs/demo`, with `-non-identical`, `-all-species`, `-columns`, the months, the seed and the size after it where they are not the default. */
export function demoFolder(options: DemoOptions = {}): string {
  const size = sizeOf(options);
  const { nonIdentical, species, columns, seed = 1 } = options;
  const months = monthsInWords(options)
    .replaceAll(/ --(months|members-in) /g, '-$1-')
    .replaceAll(',', '-');
  return `runs/demo${nonIdentical ? '-non-identical' : ''}${species ? `-${species}-species` : ''}${columns ? '-columns' : ''}${months}${seed === 1 ? '' : `-seed${seed}`}${size === 'default' ? '' : `-${size}`}`;
}

/** What the world in a run folder was made with, as the command line says it. */
const WORLD_FILE = 'inputs/world.json';

interface WorldOptions {
  size: DemoSize;
  nonIdentical: boolean;
  /** absent: the default ones */
  species?: 'all';
  /** absent: none */
  columns?: true;
  /** absent: the default's two weeks */
  months?: readonly number[];
  membersIn?: readonly number[];
  seed: number;
}

async function ensureWorld(out: string, casePath: string, wanted: WorldOptions): Promise<void> {
  const file = join(out, WORLD_FILE);
  if (!existsSync(casePath)) {
    const { species, ...sameForAll } = wanted;
    await writeDemoWorld(out, { ...sameForAll, ...(species === 'all' ? ALL_SPECIES : {}) });
    writeFileAtomic(file, JSON.stringify(wanted));
  } else if (existsSync(file)) {
    const keys = { size: 'string', nonIdentical: 'boolean', seed: 'number' } as const;
    const present = readJson<WorldOptions>(file, { keys, remedy: 'name another folder with --out, or move this one away' });
    if (flagsOf(present) === flagsOf(wanted)) return;
    throw new ConfigError(
      'DEMO_OTHER_WORLD',
      `${out} holds the world of retroplume demo${flagsOf(present)}, not that of retroplume demo${flagsOf(wanted)}: name another folder with --out, or move this one away`,
    );
  }
}

function monthsInWords({ months, membersIn }: Pick<DemoOptions, 'months' | 'membersIn'>): string {
  return `${months ? ` --months ${months.join(',')}` : ''}${membersIn ? ` --members-in ${membersIn.join(',')}` : ''}`;
}

function flagsOf({ size, nonIdentical, species, columns, seed, ...weeks }: WorldOptions): string {
  return `${size === 'default' ? '' : ` --${size}`}${nonIdentical ? ' --non-identical' : ''}${species ? ` --species ${species}` : ''}${columns ? ' --columns' : ''}${monthsInWords(weeks)} --seed ${seed}`;
}

/** @throws {ConfigError} `CALL_INVALID` */
function checkMonths({ months, membersIn }: DemoOptions): void {
  const invalid = (option: string, expected: string, value: readonly number[]): ConfigError =>
    new ConfigError('CALL_INVALID', `runDemo: ${option}: expected ${expected} but received ${value.join(',')}: mend the call`);
  if (months && (new Set(months).size < months.length || !months.every((month) => Number.isInteger(month) && month >= 1 && month <= 12)))
    throw invalid('months', 'different whole numbers from 1 to 12', months);
  if (membersIn && (membersIn.length === 0 || !membersIn.every((month) => months?.includes(month))))
    throw invalid('membersIn', 'some of months', membersIn);
}

/**
 * Writes the made-up world into the run folder, unless it is there already, and runs its case.
 * @throws {ConfigError} `DEMO_OTHER_WORLD` if the folder holds a world made with other options
 * @throws {DeviceError} {ConfigError} as `runStages` does
 * @param options - out: default {@link demoFolder}
 *
 * @example
 * const { withheld } = await runDemo({ out: 'runs/demo', threads: 2 });
 * console.log(withheld?.NO2?.updatedMae); // ppb
 */
export async function runDemo(options: DemoOptions = {}): Promise<DemoResult> {
  expectOptions(options, 'runDemo', OPTIONS);
  chooseDevice(options); // refused before anything is written
  const out = resolve(options.out ?? demoFolder(options));
  const casePath = join(out, 'case.yaml');
  const { ranks = ALONE, nonIdentical = false, species, columns = false, seed = 1 } = options;
  if (species !== undefined && species !== 'all') {
    throw new ConfigError('CALL_INVALID', `runDemo: species: expected all but received ${String(species)}: leave it out for the four of the default`);
  }
  checkMonths(options);
  const { months, membersIn } = options;
  const world: WorldOptions = {
    size: sizeOf(options),
    nonIdentical,
    ...(species ? { species } : {}),
    ...(columns ? { columns } : {}),
    ...(months ? { months } : {}),
    ...(membersIn ? { membersIn } : {}),
    seed,
  };
  if (ranks.rank === 0) await ensureWorld(out, casePath, world);
  await ranks.barrier(); // the others read what the first has written
  const { quick: _quick, full: _full, nonIdentical: _truth, species: _species, columns: _columns, seed: _seed, ...further } = options;
  const { months: _months, membersIn: _membersIn, ...ofRun } = further;
  return runStages(casePath, { ...ofRun, out, stages: 'all' });
}
