/** Every op's reverse rule against central differences on the float64 program. */
import { gradientError } from '../testing/finite-differences';
import { doubleLeaves, opCases, STATISTICS } from '../testing/op-cases';

// Differences with steps of 1e-5 carry rounding of about 1e-11 / 1e-5 and truncation of 1e-10: 1e-7 leaves room and fails on any wrong term.
const TOLERANCE = 1e-7;

test.each(opCases().filter(({ gradient }) => gradient))('$name', async ({ build, gradient }) => {
  const error = await gradientError((g) => {
    const output = build(doubleLeaves(g));
    return { wrt: gradient!.map((name) => g.find(name)), output, values: STATISTICS };
  });
  expect(error).toBeLessThan(TOLERANCE);
});
