import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { IoapiFile } from '../files/ioapi/ioapi-file';
import { writeScaledEmissions } from '../inventory/scaling/scaled-emissions';
import { memberFactors, checkDesignedRegions, designedFactors, designedRegions, stretchCount, uniformFactors } from './members';
import { CELLS, EMISSIONS, GRID, GROUPS, HOURS, NAMES, readAll, START, temporaryFolder, writeFile } from './testing/small-case';
import { Grid } from '../grid/grid';
import type { Case } from '../case';
import { unitGrid } from '../inversion/testing/small-world';
import type { FactorSpan } from '../inventory/scaling/emission-factors';

const spread = { NOx: 0.4, NH3: 0.2, SO2: 0.4, VOC: 0, 'PM2.5': 0.3 };

describe('memberFactors', () => {
  const large = new Grid({ ...GRID.definition, rows: 24, cols: 24 });
  const logsOf = (index: number, group: number): Float64Array => {
    const factors = memberFactors(large, { seed: 3, index, groups: NAMES, spread, lengthKm: 200, period: 'winter' });
    return Float64Array.from({ length: 24 * 24 }, (_, cell) => Math.log(factors[cell * 5 + group]));
  };

  it('has the asked spread, median 1, and no spread where none is asked', () => {
    const members = Array.from({ length: 60 }, (_, index) => logsOf(index, 0));
    const all = members.flatMap((logs) => [...logs]);
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, value) => sum + value * value, 0) / all.length);
    expect(Math.abs(mean)).toBeLessThan(0.1); // 60 members: the common part alone has a standard error of 0.4 · 0.5 / √60 = 0.03
    expect(Math.abs(deviation - 0.4)).toBeLessThan(0.04);
    expect(logsOf(0, 3).every((value) => value === 0)).toBe(true);
  });

  it('is smooth over the length, and shares a part over the whole domain', () => {
    let [near, far, total] = [0, 0, 0];
    for (let index = 0; index < 60; index++) {
      const logs = logsOf(index, 2);
      for (let row = 0; row < 24; row++) {
        near += logs[row * 24] * logs[row * 24 + 2];
        far += logs[row * 24] * logs[row * 24 + 23];
        total += logs[row * 24] ** 2;
      }
    }
    expect(near / total).toBeGreaterThan(0.85); // 0.25 + 0.75 · exp(−(54/200)²/2) = 0.97
    expect(far / total).toBeGreaterThan(0);
    expect(far / total).toBeLessThan(0.5); // 0.25
  });

  it('is the same for the same seed, and another for another member, period, stretch and seed', () => {
    const settings = { seed: 3, index: 0, groups: NAMES, spread, lengthKm: 200, period: 'winter' };
    const one = memberFactors(GRID, settings);
    expect(memberFactors(GRID, settings)).toEqual(one);
    expect(memberFactors(GRID, { ...settings, stretch: 0 })).toEqual(one);
    for (const change of [{ index: 1 }, { period: 'summer' }, { seed: 4 }, { stretch: 1 }])
      expect(memberFactors(GRID, { ...settings, ...change })).not.toEqual(one);
  });

  it('gives a group the same factors whatever other groups there are', () => {
    const settings = { seed: 3, index: 0, spread: { ...spread, CO: 0.4 }, lengthKm: 200, period: 'winter' };
    const [two, five] = [['CO', 'SO2'], NAMES].map((groups) => memberFactors(GRID, { ...settings, groups }));
    expect(two).toHaveLength(CELLS * 2);
    expect(two.filter((_, i) => i % 2 === 1)).toEqual(five.filter((_, i) => i % 5 === 2));
    expect(two[0]).not.toBe(two[1]);
  });
});

describe('the factors of a member', () => {
  const settings = {
    seed: 1,
    index: 2,
    groups: NAMES,
    spread: { NOx: 0.4, NH3: 0.4, SO2: 0.4, VOC: 0.4, 'PM2.5': 0.4 },
    lengthKm: 200,
    period: 'winter',
  };

  it('of all groups have the same factors from version to version', () => {
    const factors = memberFactors(GRID, settings);
    expect([0, 171, 399].map((i) => factors[i])).toEqual([1.310022234916687, 0.5684633255004883, 1.4884570837020874].map(Math.fround));
  });

  it('of one group leave the others alone, and are not those of that group among all', () => {
    const [all, one] = [memberFactors(GRID, settings), memberFactors(GRID, { ...settings, group: 'SO2' })];
    one.forEach((factor, i) => {
      if (i % 5 === 2) expect(factor).not.toBe(all[i]);
      else expect(factor).toBe(1);
    });
  });
});

describe('writeScaledEmissions', () => {
  const folder = temporaryFolder();
  const input = join(folder.path, 'EMIS.nc');
  const output = join(folder.path, 'SCALED.nc');
  const factors = memberFactors(GRID, { seed: 1, index: 0, groups: NAMES, spread, lengthKm: 100, period: 'p' });
  beforeAll(() => {
    const carbonMonoxide = { name: 'CO', units: 'moles/s', value: (hour: number, cell: number) => hour + cell };
    writeFile(input, [...EMISSIONS, carbonMonoxide], { layers: 2 });
  });
  afterAll(() => folder.remove());

  it('scales mass per species and hour by the factors to 1e-6, and copies the rest', () => {
    writeScaledEmissions([input], output, factors, GROUPS);
    const [before, after] = [readAll(input), readAll(output)];
    const names = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'] as const;
    names.forEach((group, g) => {
      for (const name of GROUPS[group].variables) {
        for (let hour = 0; hour < HOURS; hour++) {
          let [expected, received] = [0, 0];
          for (let i = hour * 2 * CELLS; i < (hour + 1) * 2 * CELLS; i++) {
            expected += before.get(name)![i] * factors[(i % CELLS) * 5 + g];
            received += after.get(name)![i];
          }
          expect(Math.abs(received / expected - 1)).toBeLessThan(1e-6);
        }
      }
    });
    expect(after.get('CO')).toEqual(before.get('CO'));
  });

  it('writes the part of a larger grid that the case is on', () => {
    const { xorig, yorig, xcell, ycell, cols, rows } = GRID.definition;
    const inner = new Grid({ ...GRID.definition, name: 'inner', xorig: xorig + xcell, yorig: yorig + 2 * ycell, cols: cols - 2, rows: rows - 2 });
    const twos = new Float32Array(inner.rows * inner.cols * 5).fill(2);
    const cut = join(folder.path, 'PART.nc');
    writeScaledEmissions([input], cut, twos, GROUPS, { grid: inner });
    const [whole, part] = [IoapiFile.open(input), IoapiFile.open(cut)];
    expect(part.grid.definition).toEqual(inner.definition);
    const [before, after] = [whole.read('NO2', 3, 1), part.read('NO2', 3, 1)];
    after.forEach((value, i) => {
      const [layer, row, col] = [Math.floor(i / (inner.rows * inner.cols)), Math.floor(i / inner.cols) % inner.rows, i % inner.cols];
      expect(value).toBe(2 * before[(layer * rows + row + 2) * cols + col + 1]);
    });
    whole.close();
    part.close();
  });

  it('keeps variables, units, layers, header and time axis', () => {
    const [a, b] = [IoapiFile.open(input), IoapiFile.open(output)];
    expect(b.variables).toEqual(a.variables);
    expect([b.time, b.layers]).toEqual([a.time, a.layers]);
    b.grid.assertSame(a.grid, input);
    const changing = ['HISTORY', 'WDATE', 'WTIME', 'CDATE', 'CTIME'];
    for (const name of Object.keys(a.attributes))
      if (!changing.includes(name)) expect([name, b.attributes[name]]).toEqual([name, a.attributes[name]]);
    a.close();
    b.close();
  });

  it('takes a factor per hour, for the hours that they cover and the instant at which they end', () => {
    const hourly = new Float32Array(3 * CELLS * 5).map((_, i) => 1 + Math.floor(i / (CELLS * 5)));
    writeScaledEmissions([input], output, [{ factors: hourly, start: new Date(START.getTime() + 3600e3) }], GROUPS);
    const [before, after] = [readAll(input).get('NH3')!, readAll(output).get('NH3')!];
    const ratios = Array.from({ length: 6 }, (_, hour) => after[hour * 2 * CELLS + 5] / before[hour * 2 * CELLS + 5]);
    [1, 1, 2, 3, 3, 1].forEach((ratio, hour) => expect(ratios[hour]).toBeCloseTo(ratio, 5));
  });

  it.each([
    ['NaN factors', () => factors.map((factor, i) => (i === 3 ? NaN : factor)), GROUPS, 'FACTORS_INVALID'],
    ['negative factors', () => factors.map((factor, i) => (i === 3 ? -1 : factor)), GROUPS, 'FACTORS_INVALID'],
    ['factors of another grid', () => factors.subarray(5), GROUPS, 'FACTORS_SHAPE'],
    ['a variable that is not there', () => factors, { ...GROUPS, VOC: { variables: ['ISOP'] } }, 'VARIABLE_MISSING'],
    ['a variable in two groups', () => factors, { ...GROUPS, VOC: { variables: ['NO'] } }, 'GROUPS_OVERLAP'],
  ])('refuses %s and writes nothing', (_, given, groups, code) => {
    const refused = join(folder.path, 'refused.nc');
    expect(() => writeScaledEmissions([input], refused, given(), groups)).toThrow(expect.objectContaining({ code }) as Error);
    expect(existsSync(refused) || existsSync(`${refused}.tmp`)).toBe(false);
  });

  it('refuses NaN in the emissions', () => {
    const bad = writeFile(
      join(folder.path, 'bad.nc'),
      EMISSIONS.map((variable) => ({ ...variable, value: (hour: number, cell: number) => (hour === 5 && cell === 2 ? NaN : 1) })),
    );
    const refused = join(folder.path, 'refused.nc');
    expect(() => writeScaledEmissions([bad], refused, factors, GROUPS)).toThrow(expect.objectContaining({ code: 'NOT_FINITE' }) as Error);
    expect(existsSync(refused) || existsSync(`${refused}.tmp`)).toBe(false);
  });
});

describe('members of a case', () => {
  const grid = unitGrid(2, 3);
  const period = { name: 'p', start: new Date('2017-01-01T00:00:00Z'), hours: 60, spinUpHours: 12, members: true };
  const spread = { NOx: 0.4, NH3: 0.3, SO2: 0.2, VOC: 0.1, 'PM2.5': 0.5 };

  /** The keys of a case that members read. */
  function settings(regions: Case['regions'], regionFactors: Case['members']['regionFactors'] = []): Case {
    const members = { count: 1, seed: 5, spread, lengthKm: 100, stretchHours: 72, perGroup: 1, scalings: [], regionFactors };
    return { members, regions, emissions: { groups: GROUPS }, concentrations: {} } as unknown as Case;
  }

  describe('the factors of a designed member', () => {
    it('are smooth and random on all groups or on one', () => {
      const random = { seed: 5, index: 3, groups: NAMES, spread, lengthKm: 100, period: 'p' };
      expect(designedFactors(settings({}), grid, { name: 'a', kind: 'random', index: 3 }, period)).toEqual(memberFactors(grid, random));
      expect(designedFactors(settings({}), grid, { name: 'a', kind: 'group', group: 'VOC', index: 3 }, period)).toEqual(
        memberFactors(grid, { ...random, group: 'VOC' }),
      );
    });

    it('are others in each stretch, and the first are those of a period with one', () => {
      const asked = settings({});
      asked.members.stretchHours = 24;
      const design = { name: 'a', kind: 'random', index: 3 } as const;
      const spans = designedFactors(asked, grid, design, period) as FactorSpan[];
      expect(spans.map(({ start, hours }) => [start.toISOString(), hours])).toEqual([1, 2, 3].map((day) => [`2017-01-0${day}T00:00:00.000Z`, 24]));
      expect(spans[0].factors).toEqual(designedFactors(settings({}), grid, design, period));
      expect(new Set(spans.map(({ factors }) => factors[0])).size).toBe(3);
      expect(stretchCount(asked, period)).toBe(3);
      // One number is meant to be that for the whole period.
      expect(designedFactors(asked, grid, { name: 'a', kind: 'scaling', group: 'NH3', factor: 0.5 }, period)).toBeInstanceOf(Float32Array);
    });

    it('are one number on one group in the whole domain', () => {
      const factors = designedFactors(settings({}), grid, { name: 'a', kind: 'scaling', group: 'NH3', factor: 0.5 }, period);
      expect([...factors]).toEqual(Array.from({ length: 6 }, () => [1, 0.5, 1, 1, 1]).flat());
    });

    it('are one number in a region, on one group or on all, and 1 elsewhere', () => {
      const case_ = settings({ east: { rows: [0, 1], cols: [2, 2] } });
      const one = designedFactors(case_, grid, { name: 'a', kind: 'region', region: 'east', group: 'PM2.5', factor: 2 }, period);
      const all = designedFactors(case_, grid, { name: 'a', kind: 'region', region: 'east', factor: 2 }, period);
      const row = (inside: number[]): number[] => [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...inside];
      expect([...one]).toEqual([...row([1, 1, 1, 1, 2]), ...row([1, 1, 1, 1, 2])]);
      expect([...all]).toEqual([...row([2, 2, 2, 2, 2]), ...row([2, 2, 2, 2, 2])]);
      expect(uniformFactors(grid, NAMES, { factor: 3 })).toEqual(new Float32Array(30).fill(3));
    });

    it('are refused where the region has no cell, before any run', () => {
      const regions = {
        sea: {
          polygon: [
            [100, 50],
            [101, 50],
            [101, 51],
          ],
        } as Case['regions'][string],
      };
      const empty = settings(regions, [{ region: 'sea', factor: 2 }]);
      expect(() => checkDesignedRegions(empty, grid)).toThrow(
        expect.objectContaining({
          code: 'REGION_EMPTY',
          message: expect.stringMatching(/^regions\.sea: no cell .*: mend the region/) as string,
        }) as Error,
      );
      expect(() => checkDesignedRegions(settings(regions), grid)).not.toThrow(); // regions of the tables alone may be empty
      expect(designedRegions(empty)).toEqual(regions);
      expect(designedRegions(settings(regions))).toEqual({});
    });
  });
});
