/** Ctrl-C: the first one asks the run to stop where it can be resumed, the second one ends the process. Schedulers send SIGUSR1 or SIGTERM near a time limit. */

/** A warning while this process still loads or waits for other ranks. */
let warnedEarly = false;
process.on('SIGUSR1', () => (warnedEarly = true));

/**
 * Aborts on SIGINT, SIGTERM or SIGUSR1. After the first SIGINT or SIGTERM Node's own behaviour returns, so that a second one kills at once; SIGUSR1 only asks,
 * however often it comes, also where it came first (left alone, Node would open its debugger).
 * @param told - whether this process says so
 */
export function interruptible(told = true): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const ask = (how = ''): void => {
    if (controller.signal.aborted) return;
    if (told) process.stderr.write(`\nretroplume: stopping at the next checkpoint${how}\n`);
    controller.abort();
  };
  const warned = (): void => ask();
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
  process.on('SIGUSR1', warned);
  if (warnedEarly) warned();
  const release = (): void => {
    letKill();
    process.off('SIGUSR1', warned);
  };
  return { signal: controller.signal, release };
}
