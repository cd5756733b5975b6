// The demo as a chain of jobs on a real Slurm of one node, which this script starts: `node tools/slurm-test.mjs [FOLDER [RANKS]]`. Needs munge, slurmctld, slurmd and
// slurm-client (Debian's packages), and the built packages; ten minutes or so. One run of the transport model fails and is made again by itself; the training
// meets a time limit of a minute until it is through; the weights are those of a training without interruption. With RANKS above 1 the training has so many,
// which srun starts (Open MPI with PMIx). test/slurm.test.ts does the like in seconds.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const { writeDemoWorld } = require(join(root, 'packages/core/dist/worlds/demo-world.js'));

if (process.argv.slice(2).some((word) => word.startsWith('-'))) {
  const isAsked = process.argv.length === 3 && process.argv[2] === '--help';
  process[isAsked ? 'stdout' : 'stderr'].write(
    'usage: node tools/slurm-test.mjs [FOLDER [RANKS]]: the demo as a chain of jobs on a Slurm of one node\n',
  );
  process.exit(isAsked ? 0 : 2);
}
const folder = process.argv[2] === undefined ? mkdtempSync(join(tmpdir(), 'retroplume-slurm-')) : resolve(process.argv[2]);
const run = join(folder, 'run');
const cluster = join(root, 'test/testing/slurm-cluster.sh');
const env = {
  ...process.env,
  PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
  SLURM_CONF: join(folder, 'cluster/slurm.conf'),
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
};
const ranks = Number(process.argv[3] ?? 1);
const SETTINGS = [
  'jobs.model.cpus=1',
  `jobs.network.cpus=${ranks > 1 ? 1 : 2}`,
  'jobs.warnSeconds=45',
  'jobs.restarts=20',
  'training.checkpointEvery=20',
  ...(ranks > 1 ? [`jobs.network.tasks=${ranks}`] : []),
];
const FAILING = 'member02';

function say(text) {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}

function check(holds, text) {
  if (!holds) throw new Error(text);
  say(`as it should be: ${text}`);
}

function ask(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}

function commandLine(out, command, ...more) {
  const settings = SETTINGS.flatMap((setting) => ['--set', setting]);
  return [join(root, 'packages/cli/dist/main.js'), command, join(folder, 'case.yaml'), '--out', out, ...settings, ...more];
}

function retroplume(out, command, ...more) {
  return ask(process.execPath, ...commandLine(out, command, ...more));
}

function submit() {
  const { jobs } = JSON.parse(retroplume(run, 'run', '--submit', '--json'));
  for (const { name, id, state, tasks } of jobs) say(`  ${name.padEnd(12)} ${id ?? ''} ${state} ${tasks ? tasks.join(' ') : ''}`);
  return jobs;
}

/** Tells every change of the queue until it is empty. */
async function untilIdle() {
  let last = '';
  for (;;) {
    const queue = ask('squeue', '--noheader', '--format=%j %i %T %r')
      .trim()
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith('(Dependency)') && !line.endsWith('Dependency'))
      .sort()
      .join('; ');
    if (queue !== last) say(`  queue: ${queue || 'empty'}`);
    last = queue;
    if (ask('squeue', '--noheader') === '') return;
    await new Promise((wake) => setTimeout(wake, 1000));
  }
}

async function main() {
  say(`folder ${folder}`);
  await writeDemoWorld(folder, { size: 'quick' });
  retroplume(run, 'simulate', '--run', 'prior', '--threads', '1');
  writeFileSync(join(run, 'simulate', FAILING), 'in the way of a folder');
  say(`the chain, in which ${FAILING} will fail`);
  const first = submit();
  await untilIdle();
  const failure = JSON.parse(readFileSync(join(run, 'failure.json'), 'utf8'));
  check(
    failure.task === `simulate-${FAILING}` && existsSync(failure.job.log),
    `failure.json names ${failure.task}, "${failure.message}" and its log`,
  );
  const report = ask('scontrol', 'show', 'job', first.at(-1).id);
  check(report.includes('JobState=CANCELLED'), 'the jobs that waited for it are cancelled');

  rmSync(join(run, 'simulate', FAILING));
  say('the chain again, its training with a time limit of a minute');
  const jobs = submit();
  check(jobs[0].tasks.join() === FAILING, `only ${FAILING} is simulated again`);
  const train = jobs.find(({ name }) => name === 'train');
  ask('scontrol', 'update', `JobId=${train.id}`, 'TimeLimit=1');
  await untilIdle();
  const logs = readdirSync(join(run, 'jobs')).filter((name) => name.startsWith(`train-${train.id}`));
  const restarts = logs.flatMap((name) => readFileSync(join(run, 'jobs', name), 'utf8').match(/back into the queue \(restart \d+/g) ?? []);
  check(restarts.length > 0, `the trainings met their time limit ${restarts.length} times`);
  check(!existsSync(join(run, 'failure.json')), 'no failure is left');
  check(readFileSync(join(run, 'report/report.html'), 'utf8').includes('</html>'), `there is a report, ${join(run, 'report/report.html')}`);
  check(
    submit().every(({ state }) => state === 'up to date'),
    'nothing is left to submit',
  );

  say('the same training without Slurm');
  const undisturbed = join(folder, 'undisturbed');
  const alone = ['run', '--stages', 'simulate,prepare,train', '--threads', ranks > 1 ? '1' : '2', '--quiet'];
  if (ranks > 1) ask('mpirun', '--oversubscribe', '-n', String(ranks), process.execPath, ...commandLine(undisturbed, ...alone));
  else retroplume(undisturbed, ...alone);
  const weights = (out, variant) => readFileSync(join(out, variant, 'train/weights.safetensors'));
  for (const variant of ['', 'paper'])
    check(weights(run, variant).equals(weights(undisturbed, variant)), `the weights ${variant || 'default'} are the same to the bit`);
}

ask(cluster, 'start', join(folder, 'cluster'));
try {
  await main();
  say('passed');
} catch (error) {
  say(`FAILED: ${error.message}`);
  process.exitCode = 1;
} finally {
  spawnSync('scancel', ['--user', String(process.getuid())], { env });
  spawnSync(cluster, ['stop', join(folder, 'cluster')]);
}
