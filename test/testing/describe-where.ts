/**
 * `describe` where what its tests need is there; elsewhere one entry stands in their place that names what the machine lacks (a browser, a right, files that
 * may not be copied into the repository) and counts among the skipped tests. All else still runs.
 */
export function describeWhere(available: boolean, lack: string, title: string, body: () => void): void {
  // Without `body`, which may read what lacks while tests are collected.
  const notRun = (): void => it.todo(`not run here: ${lack}`); // reason: the tests are written, but this machine lacks what they need; jest counts the entry and prints what is lacking
  describe(title, available ? body : notRun);
}
