/**
 * `describe` where what its tests need is there; elsewhere they are skipped, and the reason stands in the title: a machine that lacks a browser, a
 * right or files that may not be copied into the repository still runs everything else, and the count of skipped tests shows what it lacks.
 */
export function describeWhere(available: boolean, lack: string, title: string, body: () => void): void {
  if (available) {
    describe(title, body);
    return;
  }
  // Not with `body`, which may read what lacks while tests are collected.
  describe.skip(`${title} (skipped: ${lack})`, () => it('was not run', () => undefined)); // reason: `lack`, the machine's and no fault of the code
}
