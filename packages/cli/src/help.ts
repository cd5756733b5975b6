/** What `--help` shows beside the options: commands in groups, and an example of each. */
import type { Command } from 'commander';

/** Headings, in the order in which they are shown. */
export const GROUP = {
  beforeRun: 'Before a run:',
  run: 'A run:',
  stages: 'Stages of a run, in their order:',
  afterRun: 'Finished runs:',
  machine: 'This machine and program:',
} as const;

/** Of each command, as one would type it; a line above it says what for where the command alone does not. */
const EXAMPLES: Record<string, string> = {
  demo: 'retroplume demo --quick',
  init: 'retroplume init EMIS_*.nc METCRO2D_*.nc GRIDCRO2D.nc stations.csv --ctm command',
  check: 'retroplume check case.yaml --try-ctm',
  inspect: 'retroplume inspect EMIS_20170101.nc METCRO2D_20170101.nc',
  inventory: 'retroplume inventory ceds.yaml',
  run: 'retroplume run case.yaml --out runs/mine --threads 8',
  simulate: 'retroplume simulate case.yaml --out runs/mine --run member01',
  prepare: 'retroplume prepare case.yaml --out runs/mine',
  train: 'retroplume train case.yaml --out runs/mine --device cuda',
  evaluate: 'retroplume evaluate case.yaml --out runs/mine --json',
  certify: 'retroplume certify case.yaml --out runs/mine',
  export: 'retroplume export case.yaml --out runs/mine',
  preview: 'retroplume preview case.yaml --out runs/mine',
  crossvalidate: 'retroplume crossvalidate case.yaml --out runs/mine --set crossValidation.folds=4',
  invert: 'retroplume invert case.yaml --out runs/mine --set inversion.lengthKm=54',
  uncertainty: 'retroplume uncertainty case.yaml --out runs/mine --set inversion.uncertainty.method=lanczos',
  apply: 'retroplume apply case.yaml --out runs/mine',
  verify: 'retroplume verify case.yaml --out runs/mine',
  loop: 'retroplume loop case.yaml --out runs/mine --set loop.passes=3',
  report: 'retroplume report case.yaml --out runs/mine',
  compare: 'retroplume compare runs/demo runs/demo-quick',
  runs: 'retroplume runs runs',
  bundle: 'retroplume bundle runs/mine mine.tar.gz --inputs',
  reproduce: 'retroplume reproduce mine.tar.gz --out runs/again',
  bench: 'retroplume bench conv2d --rounds 5',
  doctor: 'retroplume doctor',
  completion: 'retroplume completion bash',
};

/** Adds to each command of a program its example. */
export function withExamples(program: Command): Command {
  for (const command of program.commands) command.addHelpText('after', `\nExample:\n  ${EXAMPLES[command.name()]}`);
  return program;
}
