/** Ctrl-C: the first one asks the run to stop where it can be resumed, the second one ends the process. */

/**
 * Aborts on SIGINT or SIGTERM. After the first signal Node's own behaviour returns, so that a second one kills at once.
 * @param told - whether this process says so
 */
export function interruptible(told = true): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (): void => {
    release();
    if (told) process.stderr.write('\nretroplume: stopping at the next checkpoint (once more to stop at once)\n');
    controller.abort();
  };
  const release = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { signal: controller.signal, release };
}
