import { printResult } from './print-result';

it('says how sure a change is, and where nothing says so', () => {
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  const score = { priorMae: 8, updatedMae: 7.6, unit: 'ppb' };
  const withheld = {
    NO2: { ...score, change: { interval: { low: -0.1, high: 0.02 } } },
    SO2: { ...score, change: { noInterval: 'blocks: 3; an interval needs 5' } },
  };
  try {
    printResult({ withheld }, { json: false, quiet: false }, 'runs/mine');
  } finally {
    write.mockRestore();
  }
  expect(lines.join('')).toContain('  NO2    8.00 → 7.60 ppb (-5 %; 90 % interval -10 % to +2 %)\n');
  expect(lines.join('')).toContain('  SO2    8.00 → 7.60 ppb (-5 %; no 90 % interval: blocks: 3; an interval needs 5)\n');
});
