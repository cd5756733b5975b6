// A small twin experiment with every stage in it, and what its run leaves: what the fault tests break off and compare.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), '../../packages');
const main = join(packages, 'cli/dist/main.js');

/** Every optional stage is asked for, and checkpoints are written all the time. */
const SETTINGS = [
  'members.count=2',
  'response.groups=[NOx]',
  'surrogate.window=[{count: 2, hours: 3}, {count: 2, hours: 1}]',
  ...['surrogate', 'paperMode.surrogate'].flatMap((of) => [`${of}.hidden=3`, `${of}.widths=[4,4,4]`, `${of}.headWidth=4`, `${of}.branchWidth=2`]),
  'training.iterations=60',
  'training.evaluateEvery=20',
  'training.checkpointEvery=3',
  'certificate.onFailure=warn', // what is learned in sixty steps is no response to rely on
  'certificate.factors=[0.7]',
  'certificate.patches={count: 2, cells: 2}',
  'inversion.engine=native', // auto measures which one is faster, and that changes
  'inversion.iterations=8',
  'inversion.hoursPerDay=2',
  'inversion.checkpointEvery=1',
  'inversion.stopOnWithheld=false',
  'inversion.uncertainty={method: rto, members: 2, rank: 12, surrogates: 1}',
  'crossValidation={folds: 2, iterations: 2, hoursPerDay: 1, try: {lengthKm: [27]}}',
  'loop.passes=2',
  'loop.iterations=20',
  'loop.smallestGain=0',
  'paperMode.run=true',
  'paperMode.surrogate.window=[{count: 4, hours: 1}]',
  'paperMode.training.iterations=20',
  'paperMode.training.batch=2',
  'paperMode.inversion.iterations=4',
];

/** Writes inputs and case file into a folder. @returns the case file's path */
export async function writeSmallCase(folder) {
  const { writeDemoWorld } = createRequire(import.meta.url)(join(packages, 'core/dist/worlds/demo-world.js'));
  return writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
}

/** Open MPI refuses root, who is nobody in particular in a container. */
const ROOT_MAY = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };

/** Settings of a transport model that outlives whoever is killed. It is told of the folder that it runs in, that of the case: the command decides what is made anew. */
export function stubbornModel() {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'stubborn-model.cjs');
  const command = `${process.execPath} ${program} . {output} {run} {period} {start} {hours} {emissions}`;
  return [`ctm={kind: command, command: "${command}", output: "*.nc", timeoutHours: 1}`];
}

/**
 * Starts a command on it.
 * @param args - of `retroplume`
 * @param options - `cwd`; `ranks`: under mpirun, where there is more than one; `env`: variables of the environment
 * @param onStage - is called as each stage begins, with its name as the log gives it
 * @returns the child and a promise of how it ended
 */
function start(args, { cwd, ranks = 1, env = {} }, onStage = () => undefined) {
  const launcher = ranks === 1 ? [] : ['mpirun', '--oversubscribe', '-n', String(ranks)];
  const [command, ...before] = [...launcher, process.execPath, main];
  const child = spawn(command, [...before, ...args, '--json'], {
    cwd,
    env: { ...process.env, SOURCE_DATE_EPOCH: '0', ...ROOT_MAY, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr, line] = ['', '', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    const lines = (line + chunk).split('\n');
    line = lines.pop();
    for (const text of lines) if (/^\S.* …$/.test(text)) onStage(text.slice(0, -2));
  });
  const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr })));
  return { child, ended };
}

/**
 * Starts `retroplume run` on it.
 * @param run - `set`: settings beside those that all runs have; `changed`: as `--changed-runs`
 * @param options - as of {@link start}
 */
export function startRun({ caseFile, out, set: more = [], changed }, { ranks, env } = {}, onStage) {
  const set = [...SETTINGS, ...more].flatMap((setting) => ['--set', setting]);
  const args = ['run', caseFile, '--out', out, '--threads', '1', ...(changed ? ['--changed-runs', changed] : []), ...set];
  // From the folder of the case: some products tell paths as they are from here.
  return start(args, { cwd: dirname(caseFile), ranks, env }, onStage);
}

/** Where the bundle of a run is, and the run that is made of it. */
export const bundleOf = ({ out }) => `${out}.tar.gz`;
export const reproductionOf = ({ out }) => `${out}-reproduced`;

/** Starts `retroplume bundle` on it, with the inputs. */
export function startBundle(run, { env } = {}) {
  return start(['bundle', run.out, bundleOf(run), '--inputs'], { cwd: dirname(run.caseFile), env });
}

/** Starts `retroplume reproduce` on that; the command of the case is ours. */
export function startReproduce(run, { ranks, env } = {}, onStage) {
  return start(['reproduce', bundleOf(run), '--out', reproductionOf(run), '--run-command'], { cwd: dirname(run.caseFile), ranks, env }, onStage);
}

/** Without how long things took and without the folder that all of it is in: neither is a part of the result. */
function contentOf(file, out) {
  const bytes = readFileSync(file);
  if (!file.endsWith('.json')) return bytes;
  return JSON.stringify(JSON.parse(bytes), (key, value) => (key === 'seconds' ? undefined : value)).replaceAll(dirname(out), '');
}

/** SHA-256 of all products of the finished stages in a run folder, by path; not of the report, which tells the time. */
export function productsOf(out) {
  const hashes = new Map();
  if (!existsSync(out)) return hashes;
  const records = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('record.json'));
  for (const path of records) {
    const dir = dirname(join(out, path));
    const { stage, products } = JSON.parse(readFileSync(join(out, path), 'utf8'));
    if (stage === 'report') continue;
    for (const product of products) {
      const file = join(dir, product);
      hashes.set(relative(out, file), createHash('sha256').update(contentOf(file, out)).digest('hex'));
    }
  }
  return hashes;
}

/** Products of `expected` that `found` lacks or has otherwise. */
export function differences(expected, found) {
  return [...expected].filter(([path, hash]) => found.get(path) !== hash).map(([path]) => path);
}
