/** The command line: commands, options, help. */
import { createRequire } from 'node:module';
import { STAGES, type StageName } from '@retroplume/core/stages';
import { Argument, Command, Option } from 'commander';
import type { BenchCommandOptions } from './commands/bench';
import type { bundleCommand, reproduceCommand } from './commands/bundle';
import type { CheckCommandOptions } from './commands/check';
import type { Shell } from './commands/completion';
import type { InitCommandOptions } from './commands/init';
import { GROUP, withExamples } from './help';
import {
  movedInputs,
  notNegative,
  pathText,
  stageNames,
  months,
  wholeNumber,
  withOutputOptions,
  withOverrides,
  withPlaceOptions,
  withProfile,
  withResultOptions,
  withRunOptions,
  withThreads,
  WITHOUT_PROFILE,
  type CommonOptions,
} from './options';
import type { DemoChoice, RunCommandOptions, SimulateOptions } from './commands/run';

const STAGE_HELP: Record<StageName, string> = {
  simulate: 'run the transport model: prior, members, responses, truth of a twin',
  prepare: 'gather emissions, meteorology and concentrations on one grid',
  train: 'train the surrogate',
  evaluate: 'judge the surrogate on members (or days) and responses it was not trained on',
  certify: 'hold the derivative and the response of the surrogate against the transport model',
  export: 'write the surrogate as ONNX',
  preview: 'before an inversion: what the monitors can be expected to tell, and what it will cost',
  crossvalidate: 'choose settings of the inversion by monitors that are left out of it in turn (crossValidation)',
  invert: 'carry the misfit against the monitors back to the emissions',
  uncertainty: 'what the monitors say of the emissions, and what they cannot (inversion.uncertainty)',
  apply: 'write the updated inventory as files that the transport model reads',
  verify: 'run the transport model on it and compare with all monitors',
  loop: 'further passes of training, inversion and transport model, from the best run so far (loop.passes)',
  report: 'write the report',
};

const { version } = createRequire(__filename)('../package.json') as { version: string };

const AFTER_HELP = `
Exit codes: 0 done; 2 command line or case file; 3 input data; 4 device or build; 5 a gate refused; 1 anything else; 130 interrupted.
A case file is explained in docs/case-file.md.`;

function addDemo(program: Command): void {
  const command = program.command('demo').description('twin experiment on the reference model, from nothing to a report');
  withProfile(withRunOptions(command, { out: 'runs/demo, with what makes it another one after it, as in runs/demo-quick' }))
    .addOption(new Option('--quick', 'every stage in under two minutes, with poorer figures').default(false).conflicts('full'))
    .addOption(new Option('--full', 'the best figures, without regard to time').default(false).conflicts('quick'))
    .option('--non-identical', 'the truth has another transport model than prior and members: other mixing, rates and winds', false)
    .addOption(
      new Option('--species <which>', 'all: CO and PM10 beside NO2, SO2, O3 and PM2.5, and the emissions that they come from').choices(['all']),
    )
    .option('--columns', 'satellites see columns of NO2, HCHO and NH3, with clouds, averaging kernels and noise, beside the monitors', false)
    .option(
      '--months <months>',
      'a week in each of these months, 1 to 12 with commas between them, instead of one in January and one in July',
      months,
    )
    .option(
      '--members-in <months>',
      'those of the months in which the transport model runs members, from which the surrogate learns (default: all)',
      months,
    )
    .option('--seed <n>', 'another made-up coast, with cities, weather, monitors and errors of its own', wholeNumber, 1)
    .action(async (options: CommonOptions & DemoChoice) => (await import('./commands/run.js')).demo(options));
}

function caseCommand(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).argument('<case>', 'case file (YAML), or a run folder: the case as its last command read it');
}

const changedRuns = (): Option =>
  new Option(
    '--changed-runs <what>',
    'runs of your own transport model that were made with other settings or inputs: replace removes them and makes them anew, keep takes those with the same emissions as they are, on your word that all else gives the same, and makes anew what came of them; default: refused',
  ).choices(['replace', 'keep']);

function addStage(program: Command, stage: StageName): void {
  const command = withOverrides(withRunOptions(caseCommand(program, stage, STAGE_HELP[stage])));
  (WITHOUT_PROFILE.includes(stage) ? command : withProfile(command)).action(async (path: string, options: CommonOptions) =>
    (await import('./commands/run.js')).runNamed(path, [stage], options),
  );
}

function addRun(program: Command): void {
  withProfile(withOverrides(withRunOptions(caseCommand(program, 'run', 'every stage that is not up to date'))))
    .option('--stages <stages>', 'only these, with commas between them', stageNames)
    .addOption(changedRuns().conflicts('variant'))
    .option(
      '--variant <name>',
      'stages of one variant, beside which others may run: default, paper, surrogate-N (train, invert), pass-N of the loop (apply, verify, too)',
    )
    .addOption(
      new Option('--submit [scheduler]', "as jobs of a scheduler, each waiting for the one before (default: the case's; docs/clusters.md)")
        .choices(['slurm', 'pbs'])
        .conflicts(['stages', 'variant', 'profile', 'threads']),
    )
    .addOption(
      new Option(
        '--dry-run',
        'run nothing: tell which stages would be made and why; with --submit: write and print the scripts, and submit nothing',
      ).conflicts(['variant', 'profile', 'threads']),
    )
    .action(async (path: string, options: RunCommandOptions) => (await import('./commands/run.js')).runSome(path, options));
}

function addSimulate(program: Command): void {
  withOverrides(withRunOptions(caseCommand(program, 'simulate', STAGE_HELP.simulate)))
    .addOption(changedRuns().conflicts('design'))
    .addOption(new Option('--run <name>', 'only this run of the transport model; others may be made beside it').conflicts('design'))
    .addOption(
      new Option(
        '--design [folder]',
        "run nothing: write the members' emission files and design.json for a model run elsewhere (default: OUT/design)",
      )
        .argParser(pathText)
        .conflicts(['threads', 'device', 'precision']),
    )
    .action(async (path: string, options: SimulateOptions) => (await import('./commands/run.js')).simulateCase(path, options));
}

function addCertify(program: Command): void {
  withProfile(withOverrides(withRunOptions(caseCommand(program, 'certify', STAGE_HELP.certify))))
    .addOption(
      new Option('--run <name>', 'only this run of the transport model, of those that certify makes itself; others may be made beside it').conflicts(
        'profile',
      ),
    )
    .action(async (path: string, options: CommonOptions & { run?: string }) => (await import('./commands/run.js')).certifyCase(path, options));
}

function addBench(program: Command): void {
  const command = program
    .command('bench')
    .description("kernels and whole workloads against PyTorch, ONNX Runtime and the machine's limits")
    .argument('[op...]', "ops (conv2d, lstm), kernels (conv2dForward) or parts of a case's name; none: the workloads and all ops");
  withThreads(withOutputOptions(command))
    .option('--workload <name>', 'compact, authors, demo or default (the network of a case by default); with ops: only their cases of its sizes')
    .option('--steps <steps>', 'of the workloads, not with ops, with commas: train, invert, infer (default: all)', (names: string) =>
      names.split(','),
    )
    .option('--python <path>', 'an interpreter with PyTorch and NumPy, to compare with', pathText)
    .option('--rounds <n>', 'rounds in which ours and the peers take turns', wholeNumber, 11)
    .option('--memory', 'peak memory of training where that is slow, too; not with ops', false)
    .option('--no-compile', 'leave torch.compile out')
    .addOption(
      new Option('--programs <dir>', 'write the programs for kernel_bench, which needs no Node, into a folder, and measure nothing')
        .argParser(pathText)
        .conflicts(['workload', 'steps', 'python', 'rounds', 'memory', 'compile', 'isa', 'threads', 'json']),
    )
    .addOption(new Option('--isa <name>', 'instruction set of our kernels').choices(['auto', 'baseline', 'avx2', 'avx512', 'amx']).default('auto'))
    .action(async (ops: string[], options: BenchCommandOptions) => (await import('./commands/bench.js')).benchCommand(ops, options));
}

function addCheck(program: Command): void {
  const description = 'before any long run: every contract of a case tested, all problems at once';
  withOverrides(withOutputOptions(withPlaceOptions(caseCommand(program, 'check', description))))
    .option('--try-ctm', 'run ctm.command, too, for one day of the prior, and compare with priorConcentrations')
    .action(async (path: string, options: CheckCommandOptions) => (await import('./commands/check.js')).checkCommand(path, options));
}

function addInit(program: Command): void {
  const command = program
    .command('init')
    .description('write a case file from the files that are there, with what is left to you marked, and check it')
    .argument('<file...>', 'METCRO2D, GRIDCRO2D, emissions, concentrations, GRIDDESC, tables of monitors; or folders of them')
    .addOption(
      new Option(
        '--ctm <who>',
        'who runs the transport model: files (its output is there), command (a command of yours), builtin (the reference model); default: files if output is among the files, else builtin',
      ).choices(['files', 'command', 'builtin']),
    )
    .option('--out <file>', 'case file to write; none is overwritten (default: case.yaml)', pathText);
  withResultOptions(command).action(async (paths: string[], options: InitCommandOptions) =>
    (await import('./commands/init.js')).initCommand(paths, options),
  );
}

function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('what files are: grid, times, units, ranges, and what is odd')
    .argument('<file...>', 'netCDF, GRIDDESC, CSV, Parquet, a case or a run folder');
  withResultOptions(command).action(async (paths: string[], options: CommonOptions) =>
    (await import('./commands/inspect.js')).inspectCommand(paths, options),
  );
}

function addInventory(program: Command): void {
  const command = program
    .command('inventory')
    .description('CF inventories (CEDS, EDGAR and the like) as an hourly emission file on a grid')
    .argument('<file>', 'YAML file that names grid, hours, output and sources (docs/emissions.md)');
  withResultOptions(command).action(async (path: string, options: CommonOptions) =>
    (await import('./commands/inventory.js')).inventoryCommand(path, options),
  );
}

function addBundle(program: Command): void {
  const bundle = program
    .command('bundle')
    .description('a run as one file that others can check: case, records, hashes, models, factors, scores, report')
    .argument('<run>', 'run folder', pathText)
    .argument('[file]', 'bundle to write (default: RUN.tar.gz)', pathText)
    .option('--inputs', 'pack the inputs, too', false)
    .option('--largest <MB>', 'products above this are told by their hash alone', notNegative, 50);
  withResultOptions(bundle).action(async (...args: Parameters<typeof bundleCommand>) =>
    (await import('./commands/bundle.js')).bundleCommand(...args),
  );
  const reproduce = program
    .command('reproduce')
    .description('the run of a bundle again, and how it compares')
    .argument('<bundle>', 'as "retroplume bundle" writes it');
  withRunOptions(reproduce, { out: 'BUNDLE-reproduced, beside it', threads: "the run's", device: "the run's", precision: "the run's" })
    .option(
      '--inputs <FROM=TO>',
      'where the inputs are that the bundle does not hold: what was below the folder FROM is below TO here; may be given again, and the innermost FROM counts',
      movedInputs,
    )
    .option(
      '--run-command',
      "run the command of the bundle's case (ctm.command), which is whoever made the bundle's: read it first; without this it is shown and nothing is run",
      false,
    )
    .option('--tolerance <x>', 'largest difference of a number that counts as the same, relative to the largest of its field', notNegative, 1e-3)
    .action(async (...args: Parameters<typeof reproduceCommand>) => (await import('./commands/bundle.js')).reproduceCommand(...args));
}

function addCompare(program: Command): void {
  const compare = program
    .command('compare')
    .description('two runs side by side: scores, totals of emissions, factors, settings that differ')
    .argument('<first>', 'run folder', pathText)
    .argument('<second>', 'run folder', pathText);
  withResultOptions(compare).action(async (first: string, second: string, options: CommonOptions) =>
    (await import('./commands/compare.js')).compareCommand(first, second, options),
  );
  const runs = program
    .command('runs')
    .description('which runs lie in a folder and below it, how far each is, and what came of it')
    .argument('[folder]', 'folder of run folders', pathText, 'runs');
  withResultOptions(runs).action(async (folder: string, options: CommonOptions) =>
    (await import('./commands/compare.js')).runsCommand(folder, options),
  );
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('a script by which the shell completes commands, options, stages, files and keys of a case: source <(retroplume completion bash)')
    .addArgument(new Argument('<shell>', 'whose').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => (await import('./commands/completion.js')).completionCommand(shell, program));
}

/** The program, ready to parse; wrong usage throws a CommanderError. */
export function buildProgram(): Command {
  const program = new Command('retroplume');
  program
    .description('Learn a chemical transport model, carry the misfit against monitors back to the emissions, prove the result.')
    .version(version)
    .addHelpText('after', AFTER_HELP)
    .showSuggestionAfterError(true)
    .exitOverride()
    // Wrong usage is told by failure.ts, in the same form as every other error.
    .configureOutput({ outputError: () => undefined });
  program.commandsGroup(GROUP.beforeRun);
  addDemo(program);
  addInit(program);
  addCheck(program);
  addInspect(program);
  addInventory(program);
  program.commandsGroup(GROUP.run);
  addRun(program);
  program.commandsGroup(GROUP.stages);
  for (const stage of STAGES) {
    if (stage === 'simulate') addSimulate(program);
    else if (stage === 'certify') addCertify(program);
    else addStage(program, stage);
  }
  program.commandsGroup(GROUP.afterRun);
  addCompare(program);
  addBundle(program);
  program.commandsGroup(GROUP.machine).helpCommand('help [command]', 'this text, or that of a command');
  addBench(program);
  withResultOptions(program.command('doctor').description('what this machine has, what is missing, how to get it')).action(
    async (options: CommonOptions) => (await import('./commands/doctor.js')).doctor(options),
  );
  addCompletion(program);
  return withExamples(program);
}
