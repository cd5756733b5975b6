/** Each option of each command changes what core is asked for or what is printed: one that nothing reads is found here. */
import type { Command } from 'commander';
import { reportFailure } from './failure';
import { buildProgram } from './program';
import * as terminal from './terminal';

/** What core was asked for, in order: functions of it that the commands call are in the place of the real ones. */
let asked: unknown[] = [];

/** Calls what a command passes to be told by, as a run does. */
function tellAll(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, call] of Object.entries(value)) {
    if (typeof call !== 'function') continue;
    if (key === 'onEvent') (call as (event: object) => void)({ kind: 'log', stage: 'train', variant: 'default', text: 'a line' });
    if (key === 'onText' || key === 'onLog') (call as (text: string) => void)('a line');
    if (key === 'onDevice') (call as (device: object, threads: number) => void)({ name: 'cpu', hardware: 'a processor', precision: 'float32' }, 1);
  }
}

const mockAsk =
  (name: string, result: unknown = {}) =>
  (...args: unknown[]): unknown => {
    const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype; // prettier-ignore
    asked.push([name, ...args.map((arg) => JSON.stringify(arg, (_key, value: unknown) => (isPlain(value) ? value : `a ${typeof value}`)))]);
    args.forEach(tellAll);
    return result;
  };

const mockCheck = { case: 'case.yaml', problems: [], warnings: [], right: [], notes: [], unread: [], exitCode: 0 };

jest.mock('../../core/src/case/load-case', () => ({ loadCase: mockAsk('loadCase', { name: 'mine' }) }));
jest.mock('../../core/src/case/examine-case', () => ({ idleKeys: () => ['a key'] }));
jest.mock('../../core/src/run/run-case', () => ({ runStages: mockAsk('runStages') }));
jest.mock('../../core/src/run/run-part', () => ({ runPart: mockAsk('runPart') }));
jest.mock('../../core/src/run/planned-work', () => ({ plannedWork: mockAsk('plannedWork', { out: 'run', stages: [], runs: 0 }) }));
jest.mock('../../core/src/run/commands/demo', () => ({ demoFolder: mockAsk('demoFolder', 'runs/demo'), runDemo: mockAsk('runDemo') }));
jest.mock('../../core/src/run/commands/write-design', () => ({ writeDesign: mockAsk('writeDesign') }));
jest.mock('../../core/src/run/commands/check/check-case', () => ({ checkCase: mockAsk('checkCase', mockCheck) }));
jest.mock('../../core/src/run/commands/init/init', () => ({
  initCase: mockAsk('initCase', { case: 'case.yaml', open: [], unused: [], check: mockCheck }),
}));
jest.mock('../../core/src/run/commands/inspect/inspect', () => ({
  inspectFile: mockAsk('inspectFile', { path: 'x', kind: 'a file', bytes: 1, facts: {}, grids: [], variables: [], odd: [] }),
}));
jest.mock('../../core/src/inventory/cf/inventory-file', () => ({ makeInventory: mockAsk('makeInventory', { output: 'x.nc', sources: [] }) }));
jest.mock('../../core/src/run/commands/bundle/bundle', () => ({ bundleRun: mockAsk('bundleRun', { bundle: 'x.tar.gz', bytes: 1, stages: [] }) }));
jest.mock('../../core/src/run/commands/bundle/reproduce', () => ({
  reproduceBundle: mockAsk('reproduceBundle', { notes: [], counts: { bits: 0, content: 0, numbers: 0, other: 0 }, differing: [] }),
}));
jest.mock('../../core/src/run/commands/compare/compare-runs', () => ({
  compareRuns: mockAsk('compareRuns', { runs: [{ run: 'a', case: 'a' }, { run: 'b', case: 'b' }], scores: [], totals: [], factors: [], settings: [], notes: [] }),
})); // prettier-ignore
jest.mock('../../core/src/run/commands/compare/list-runs', () => ({ listRuns: mockAsk('listRuns', []) }));
jest.mock('../../core/src/run/commands/jobs/submit-chain', () => ({
  submitChain: mockAsk('submitChain', { jobs: [], dryRun: false, scheduler: 'slurm' }),
}));
jest.mock('../../core/src/base/environment', () => ({
  describeEnvironment: () => ({
    node: '',
    platform: '',
    cpu: { cores: 1, model: '' },
    memory: { totalGiB: 1, freeGiB: 1, usableGiB: 1 },
    findings: [],
  }),
}));
jest.mock('../../core/src/bench/index', () => ({
  STEPS: ['train', 'invert', 'infer'],
  runBench: mockAsk('runBench', {
    machine: { load: 0 },
    peak: { gflops: 1, gbytes: 1, oneThread: { gflops: 1, gbytes: 1 } },
    workloads: {},
    ops: {},
  }),
  writeTextPrograms: mockAsk('writeTextPrograms', 1),
}));
jest.mock('./commands/profile', () => ({
  openProfile: mockAsk('openProfile', { profiler: undefined, finish: () => undefined }),
}));

/** Arguments that a command needs. */
const PLACES: Record<string, string[]> = { case: ['case.yaml'], file: ['file.nc'], run: ['run'], bundle: ['run.tar.gz'], first: ['a'], second: ['b'], shell: ['bash'] }; // prettier-ignore

/** What an option is given, and beside what it does something, where that is not alone. */
const GIVEN: Record<string, string[]> = {
  '--set': ['inversion.iterations=5'],
  '--device': ['cpu'],
  '--stages': ['train'],
  '--steps': ['train'],
  '--threads': ['7'],
  '--seed': ['7'],
  '--rounds': ['7'],
  '--largest': ['7'],
  '--months': ['1,7'],
  '--members-in': ['7'],
  '--tolerance': ['0.5'],
  'reproduce --inputs': ['/a=/b'],
  'bench --no-compile': ['--python', 'python3'],
  'check --quiet': ['--try-ctm'],
};

async function done(words: readonly string[]): Promise<string> {
  asked = [];
  const told: string[] = [];
  const spies = (['writeOut', 'writeErr'] as const).map((name) => jest.spyOn(terminal, name).mockImplementation((text) => told.push(name, text) > 0));
  try {
    await buildProgram().parseAsync([...words], { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return JSON.stringify([asked, told]);
}

const commands = buildProgram().commands;
const argumentsOf = (command: Command): string[] =>
  command.registeredArguments.filter(({ required }) => required).flatMap((argument) => PLACES[argument.name()]);
const all = commands.flatMap((command) =>
  command.options.filter(({ long }) => long !== '--verbose').map((option) => [command.name(), option.long!, command, option] as const),
);

test.each(all)('%s %s', async (name, long, command, { required, argChoices }) => {
  const begin = [name, ...argumentsOf(command)];
  const beside = GIVEN[`${name} ${long}`] ?? [];
  const value = required ? [GIVEN[`${name} ${long}`]?.[0] ?? GIVEN[long]?.[0] ?? argChoices?.at(-1) ?? 'some'] : [];
  const without = await done([...begin, ...(required ? [] : beside)]);
  expect(await done([...begin, ...(required ? [] : beside), long, ...value])).not.toBe(without);
});

test('--verbose shows where a failure of any command came from', () => {
  const told = (args: string[]): string => {
    const lines: string[] = [];
    const spy = jest.spyOn(terminal, 'writeErr').mockImplementation((text) => lines.push(text) > 0);
    reportFailure(new Error('a failure'), args);
    spy.mockRestore();
    return lines.join('');
  };
  expect(told(['node', 'retroplume', 'doctor', '--verbose'])).toMatch(/a failure\n[^]*\n {4}at /);
  expect(told(['node', 'retroplume', 'doctor'])).not.toMatch(/\n {4}at /);
  for (const command of commands) expect(command.options.some(({ long }) => long === '--verbose') || command.name() === 'completion').toBe(true);
});
