import { printResult } from './print-result';

const score = (updatedMae: number): object => ({ priorMae: 2, updatedMae, unit: 'ppb', change: {} });

function printed(result: object): string {
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    printResult(result, { json: false }, 'runs/mine');
  } finally {
    write.mockRestore();
  }
  return lines.join('');
}

describe('the end of a run', () => {
  it('has the errors at withheld monitors, those of the paper below', () => {
    const text = printed({ withheld: { NO2: score(1) }, used: { NO2: score(0.5) }, paperMode: { withheld: { NO2: score(3) }, used: {} } });
    expect(text).toMatch(
      /^Mean absolute error against withheld monitors, .*\n {2}NO2 {4}2\.00 → 1\.00 ppb .*\nThe same in the paper's mode:\n {2}NO2 {4}2\.00 → 3\.00/,
    );
    expect(text).not.toContain('used');
  });

  it('has those at used monitors where none is withheld, and no heading without a row', () => {
    expect(printed({ withheld: {}, used: { NO2: score(0.5) }, paperMode: { withheld: {}, used: { NO2: score(0.7) } } })).toMatch(
      /^Mean absolute error against used monitors \(none is withheld\), .*\n {2}NO2 {4}2\.00 → 0\.50 .*\nThe same in the paper's mode:\n {2}NO2 {4}2\.00 → 0\.70/,
    );
    expect(printed({})).toBe('Run folder: runs/mine\n');
  });

  it('has the errors of the updated run with what was found beside the emissions, where something was', () => {
    const found = { mae: 0.5, change: { interval: { low: -0.8, high: -0.7 } } };
    expect(printed({ withheld: { NO2: { ...score(1), found }, SO2: score(1) }, paperMode: { withheld: { NO2: score(3) } } })).toMatch(
      / {2}SO2 {4}2\.00 → 1\.00 ppb .*\nWith what was found beside the emissions:\n {2}NO2 {4}2\.00 → 0\.50 ppb \(-75 %; 90 % interval -80 % to -70 %\)\nThe same in the paper's mode:/,
    );
    expect(printed({ withheld: { NO2: score(1) } })).not.toContain('found');
  });

  it('has the errors at observations that only judge', () => {
    const text = printed({ withheld: { NO2: score(1) }, independent: { sensors: { NO2: score(1.5) } }, paperMode: { withheld: { NO2: score(3) } } });
    expect(text).toMatch(/\nAgainst sensors, which only judges:\n {2}NO2 {4}2\.00 → 1\.50 ppb .*\nThe same in the paper's mode:/);
  });

  it('gives no sign to a change that rounds to nothing', () => {
    const withheld = { O3: { priorMae: 2, updatedMae: 1.995, unit: 'ppb', change: { interval: { low: -0.004, high: 0.003 } } } };
    expect(printed({ withheld })).toContain('(0 %; 90 % interval 0 % to 0 %)');
  });

  it('says how sure a change is, and where nothing says so', () => {
    const of = { priorMae: 8, updatedMae: 7.6, unit: 'ppb' };
    const withheld = {
      NO2: { ...of, change: { interval: { low: -0.1, high: 0.02 } } },
      SO2: { ...of, change: { noInterval: 'blocks: 3; an interval needs 5' } },
    };
    expect(printed({ withheld })).toContain('  NO2    8.00 → 7.60 ppb (-5 %; 90 % interval -10 % to +2 %)\n');
    expect(printed({ withheld })).toContain('  SO2    8.00 → 7.60 ppb (-5 %; no 90 % interval: blocks: 3; an interval needs 5)\n');
    const change = { noInterval: 'the prior run has no error' };
    for (const updatedMae of [0, 1])
      expect(printed({ withheld: { O3: { priorMae: 0, updatedMae, unit: 'ppb', change } } })).toContain(
        `  O3     0.00 → ${updatedMae}.00 ppb (no 90 % interval: the prior run has no error)\n`,
      );
  });
});
