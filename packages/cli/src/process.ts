/** What reaches this process from outside: variables of a launcher, and signals. */
import { writeErr } from './terminal';

/**
 * What the launcher of an offline package (tools/pack) tells by variables: how this program is called, and which library path was set before it added its own.
 * Both are taken away again, for what this program starts (the user's transport model, a scheduler) is none of the package's.
 */
const { RETROPLUME_LAUNCHER, RETROPLUME_LIBRARY_PATH_BEFORE: libraryPathBefore } = process.env;

/** Path of the launcher; undefined where Node was called with this program. */
export const launcher = RETROPLUME_LAUNCHER;

delete process.env['RETROPLUME_LAUNCHER'];
delete process.env['RETROPLUME_LIBRARY_PATH_BEFORE'];
// The system has read it when the process began; libraries that are loaded later are still found by it.
if (libraryPathBefore === '') delete process.env['LD_LIBRARY_PATH'];
else if (libraryPathBefore !== undefined) process.env['LD_LIBRARY_PATH'] = libraryPathBefore;

/** A warning while this process still loads or waits for other ranks. */
let warnedEarly = false;
process.on('SIGUSR1', () => (warnedEarly = true));

/**
 * Ctrl-C: the first one asks the run to stop where it can be resumed, the second one ends the process. Schedulers send SIGUSR1 or SIGTERM near a time limit,
 * a terminal or ssh session that closes SIGHUP. Under nohup that comes, too: Node takes back, before any of this runs, that the signal is ignored.
 *
 * Aborts on SIGINT, SIGTERM, SIGHUP or SIGUSR1. After the first SIGINT or SIGTERM Node's own behaviour returns, so that a second one kills at once; the others
 * only ask, however often they come: SIGHUP comes from the shell and from the system for one and the same end of a session, and SIGUSR1, left alone, would open
 * Node's debugger.
 * @param isTold - whether this process says so
 */
export function interruptible(isTold = true): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const ask = (hint = ''): void => {
    if (controller.signal.aborted) return;
    if (isTold) writeErr(`\nretroplume: stopping at the next checkpoint${hint}\n`);
    controller.abort();
  };
  const warned = (): void => ask();
  const hungUp = (): void => ask(' (SIGHUP: the terminal or session has ended)');
  const stop = (): void => {
    letKill();
    ask(' (once more to stop at once)');
  };
  const letKill = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', hungUp);
  process.on('SIGUSR1', warned);
  if (warnedEarly) warned();
  const release = (): void => {
    letKill();
    process.off('SIGHUP', hungUp);
    process.off('SIGUSR1', warned);
  };
  return { signal: controller.signal, release };
}
