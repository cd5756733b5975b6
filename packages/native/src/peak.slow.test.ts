import { measurePeak } from './peak';

test('the machine does some work, and no more than any processor of today', async () => {
  const peak = await measurePeak(1);
  expect(peak.gflops).toBeGreaterThan(1);
  expect(peak.gflops).toBeLessThan(1000);
  expect(peak.gbytes).toBeGreaterThan(0.2);
  expect(peak.gbytes).toBeLessThan(1000);
});

test('a wider instruction set does more', async () => {
  const [narrow, widest] = [await measurePeak(1, 'baseline'), await measurePeak(1)];
  expect(widest.gflops).toBeGreaterThan(0.9 * narrow.gflops);
});

test('refuses what it cannot measure with', () => {
  const codeOf = (call: () => unknown): unknown => {
    try {
      call();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect(codeOf(() => measurePeak(0))).toBe('ARGUMENT_INVALID');
  expect(codeOf(() => measurePeak(1, 'avx1024'))).toBe('ISA_UNKNOWN');
});
