// SIGKILL at random moments of all stages.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { differences, productsOf, startRun } from './small-case.mjs';

/** Processes below `pid`, itself included, that run Node: under mpirun the ranks. */
function ranksOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  const own = readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'node' ? [pid] : [];
  return [...own, ...children.flatMap(ranksOf)];
}

/**
 * Starts the run, and kills it in a stage.
 * @returns how it ended, and whether by that
 */
async function killIn(target, run, { random, ranks }) {
  let killed = false;
  const { child, ended } = startRun(run, { ranks }, async (stage) => {
    if (stage !== target.stage || killed) return;
    killed = true;
    await sleep(random.next() * target.ms);
    try {
      process.kill(random.pick(ranksOf(child.pid)), 'SIGKILL');
    } catch {
      // it had ended
    }
  });
  const outcome = await ended;
  return { ...outcome, killed: killed && outcome.status !== 0 };
}

/** @returns number of runs that did not end in the same bits */
export async function killRuns({ count, perRun, ranks, targets: among, random, place, whole, say }) {
  let [kills, failures, runs] = [0, 0, 0];
  const killedIn = new Map();
  while (kills < count) {
    const run = place(`run${++runs}`);
    // In their order: of what it has behind it, a run that goes on repeats no stage.
    const positionOf = (target) => whole.stages.indexOf(target);
    const targets = Array.from({ length: Math.min(perRun, count - kills) }, () => random.pick(among)).sort((a, b) => positionOf(a) - positionOf(b));
    let own = 0;
    for (const target of targets) {
      const { killed, status, stderr } = await killIn(target, run, { random, ranks });
      if (status === 0) break; // the kill came too late
      if (!killed) {
        say(`run ${runs}: ended by itself with ${status}: ${stderr.trim().split('\n').at(-1)}`);
        return failures + 1;
      }
      own++;
      killedIn.set(target.stage, (killedIn.get(target.stage) ?? 0) + 1);
    }
    kills += own;
    const last = await startRun(run, { ranks }).ended;
    const other =
      last.status === 0 ? differences(whole.products, productsOf(run.out)) : [`exit ${last.status}: ${last.stderr.trim().split('\n').at(-1)}`];
    failures += other.length > 0 ? 1 : 0;
    say(`run ${runs}: ${own} kills, ${other.length === 0 ? 'the same bits' : `DIFFERENT: ${other.join(', ')}`}`);
  }
  say(`${kills} kills in ${runs} runs: ${[...killedIn].map(([stage, n]) => `${stage} ${n}`).join(', ')}`);
  say(failures === 0 ? 'every run ended in the same bits' : `${failures} of ${runs} runs did not`);
  return failures;
}
