// SIGKILL at random moments of all stages, of bundle and of reproduce.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleOf, differences, productsOf, startBundle, startReproduce, startRun } from './small-case.mjs';

/** Processes below `pid`, itself included, that run Node: under mpirun the ranks. */
function ranksOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  const own = readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'node' ? [pid] : [];
  return [...own, ...children.flatMap(ranksOf)];
}

/** Kills one of the processes of a command. */
function kill(child, random) {
  try {
    process.kill(random.pick(ranksOf(child.pid)), 'SIGKILL');
  } catch {
    // it had ended
  }
}

/**
 * Starts a command, and kills it in a stage.
 * @param begin - starts it, and is given what is to be told of its stages
 * @returns how it ended, and whether by that
 */
async function killIn(target, begin, random) {
  let killed = false;
  const { child, ended } = begin(async (stage) => {
    if (stage !== target.stage || killed) return;
    killed = true;
    await sleep(random.next() * target.ms);
    kill(child, random);
  });
  const outcome = await ended;
  return { ...outcome, killed: killed && outcome.status !== 0 };
}

/** The same at any moment of a time from its start. */
async function killWithin(ms, begin, random) {
  const { child, ended } = begin();
  await Promise.race([sleep(random.next() * ms), ended]);
  kill(child, random);
  const outcome = await ended;
  return { ...outcome, killed: outcome.status !== 0 };
}

const lastLine = ({ status, stderr }) => `exit ${status}: ${stderr.trim().split('\n').at(-1)}`;

/** What is beside a run, and among the temporary files of its commands. */
const beside = (run, tmp) => [...readdirSync(dirname(run.out)).filter((name) => !name.startsWith('model-')), ...readdirSync(tmp)];

/**
 * Bundles a finished run and runs that again; both are killed on their way.
 * @returns kills by command, and what was wrong
 */
async function bundleAndReproduce(run, { random, ranks, whole, tmp }) {
  const kills = new Map();
  const count = (what, { killed }) => killed && kills.set(what, (kills.get(what) ?? 0) + 1);
  const env = { TMPDIR: tmp };
  const before = beside(run, tmp);
  count('bundle', await killWithin(whole.bundleMs, () => startBundle(run, { env }), random));
  const bundled = await startBundle(run, { env }).ended;
  if (bundled.status !== 0) return { kills, wrong: `bundle: ${lastLine(bundled)}` };
  const left = beside(run, tmp).filter((name) => !before.includes(name) && name !== basename(bundleOf(run)));
  if (left.length > 0) return { kills, wrong: `bundle left ${left.join(', ')}` };
  const begin = (onStage) => startReproduce(run, { ranks, env }, onStage);
  count('reproduce', await killWithin(whole.unpackMs, begin, random));
  const stage = whole.stages[Math.floor(random.next() * whole.stages.length)];
  count('reproduce', await killIn(stage, begin, random));
  const reproduced = await begin().ended;
  if (reproduced.status !== 0) return { kills, wrong: `reproduce: ${lastLine(reproduced)}` };
  const { counts } = JSON.parse(reproduced.stdout);
  return { kills, wrong: counts.numbers + counts.other > 0 ? `reproduce: ${JSON.stringify(counts)}` : undefined };
}

/** A run that is killed in these stages, one after the other, and then goes on to its end. @returns as {@link bundleAndReproduce} */
async function killRun(run, targets, { random, ranks, whole, stubborn, changed }) {
  const kills = new Map();
  for (const target of targets) {
    // What a model still writes that outlived its run must not pass for that of a run with other members.
    const others = stubborn && target.stage === 'simulate' && random.next() < 0.5 ? ['members.seed=99'] : [];
    const started = { ...run, set: [...run.set, ...others], changed };
    const outcome = await killIn(target, (onStage) => startRun(started, { ranks }, onStage), random);
    if (outcome.status === 0) break; // the kill came too late
    if (!outcome.killed) return { kills, wrong: `ended by itself with ${lastLine(outcome)}` };
    kills.set(target.stage, (kills.get(target.stage) ?? 0) + 1);
  }
  const last = await startRun({ ...run, changed }, { ranks }).ended;
  if (last.status !== 0) return { kills, wrong: lastLine(last) };
  const other = differences(whole.products, productsOf(run.out));
  return { kills, wrong: other.length > 0 ? `DIFFERENT: ${other.join(', ')}` : undefined };
}

/** @returns number of runs that did not end in the same bits */
export async function killRuns({ count, perRun, ranks, targets: among, random, place, whole, say, stubborn, folder, bundles }) {
  let [kills, failures, runs] = [0, 0, 0];
  const killedIn = new Map();
  const tmp = join(folder, 'tmp');
  mkdirSync(tmp);
  while (kills < count) {
    const run = place(`run${++runs}`);
    // In their order: of what it has behind it, a run that goes on repeats no stage.
    const positionOf = (target) => whole.stages.indexOf(target);
    const targets = Array.from({ length: Math.min(perRun, count - kills) }, () => random.pick(among)).sort((a, b) => positionOf(a) - positionOf(b));
    // Runs of another case's members are left behind by some of the kills.
    const options = { random, ranks, whole, stubborn, tmp, changed: stubborn ? 'replace' : undefined };
    const ended = [await killRun(run, targets, options)];
    if (!ended[0].wrong && bundles) ended.push(await bundleAndReproduce(run, options));
    const all = ended.flatMap((each) => [...each.kills]);
    for (const [stage, n] of all) killedIn.set(stage, (killedIn.get(stage) ?? 0) + n);
    const own = all.reduce((sum, [, n]) => sum + n, 0);
    kills += own;
    const { wrong } = ended.at(-1);
    failures += wrong ? 1 : 0;
    say(`run ${runs}: ${own} kills, ${wrong ?? 'the same bits'}`);
    if (wrong && failures > 3) break;
    if (!wrong) rmSync(dirname(run.out), { recursive: true, force: true });
  }
  say(`${kills} kills in ${runs} runs: ${[...killedIn].map(([stage, n]) => `${stage} ${n}`).join(', ')}`);
  say(failures === 0 ? 'every run ended in the same bits' : `${failures} of ${runs} runs did not`);
  return failures;
}
