/**
 * `describe` where what its tests need is there; elsewhere one entry stands in their place that names what the machine lacks (a browser, a right, files that
 * may not be copied into the repository) and counts among the skipped tests. All else still runs.
 */
export function describeWhere(available: boolean, lack: string, title: string, body: () => void): void {
  // Without `body`, which may read what lacks while tests are collected. The todo is not work left undone: jest counts it among those not run and prints its
  // text, where a describe without a test would fail the file and one that is left out would hide that anything was not run.
  describe(title, available ? body : () => it.todo(`not run here: ${lack}`));
}
