import type { Case } from '../case';
import { unitGrid } from '../inversion/testing/small-world';
import type { FactorSpan } from '../inventory/scaling/emission-factors';
import { memberFactors } from './members';
import { checkDesignedRegions, designedFactors, designedRegions, stretchCount, uniformFactors } from './member-factors';

const grid = unitGrid(2, 3);
const period = { name: 'p', start: new Date('2017-01-01T00:00:00Z'), hours: 60, spinUpHours: 12 };
const spread = { NOx: 0.4, NH3: 0.3, SO2: 0.2, VOC: 0.1, 'PM2.5': 0.5 };

/** The keys of a case that members read. */
function settings(regions: Case['regions'], regionFactors: Case['members']['regionFactors'] = []): Case {
  return { members: { count: 1, seed: 5, spread, lengthKm: 100, perGroup: 1, scalings: [], regionFactors }, regions } as unknown as Case;
}

describe('the factors of a designed member', () => {
  it('are smooth and random on all groups or on one', () => {
    const random = { seed: 5, index: 3, spread, lengthKm: 100, period: 'p' };
    expect(designedFactors(settings({}), grid, { name: 'a', kind: 'random', index: 3 }, period)).toEqual(memberFactors(grid, random));
    expect(designedFactors(settings({}), grid, { name: 'a', kind: 'group', group: 'VOC', index: 3 }, period)).toEqual(
      memberFactors(grid, { ...random, group: 'VOC' }),
    );
  });

  it('are others in each stretch, if the case asks for that, and the first are those that hold for the whole period without', () => {
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
    expect(uniformFactors(grid, { factor: 3 })).toEqual(new Float32Array(30).fill(3));
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
