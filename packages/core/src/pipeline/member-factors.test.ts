import type { Case } from '../data/case';
import { unitGrid } from '../inversion/testing/small-world';
import { memberFactors } from '../transport/members';
import { checkDesignedRegions, designedFactors, designedRegions, uniformFactors } from './member-factors';

const grid = unitGrid(2, 3);
const spread = { NOx: 0.4, NH3: 0.3, SO2: 0.2, VOC: 0.1, 'PM2.5': 0.5 };

/** The keys of a case that members read. */
function settings(regions: Case['regions'], regionFactors: Case['members']['regionFactors'] = []): Case {
  return { members: { count: 1, seed: 5, spread, lengthKm: 100, perGroup: 1, scalings: [], regionFactors }, regions } as unknown as Case;
}

describe('the factors of a designed member', () => {
  it('are smooth and random on all groups or on one', () => {
    const random = { seed: 5, index: 3, spread, lengthKm: 100, period: 'p' };
    expect(designedFactors(settings({}), grid, { name: 'a', kind: 'random', index: 3 }, 'p')).toEqual(memberFactors(grid, random));
    expect(designedFactors(settings({}), grid, { name: 'a', kind: 'group', group: 'VOC', index: 3 }, 'p')).toEqual(
      memberFactors(grid, { ...random, group: 'VOC' }),
    );
  });

  it('are one number on one group in the whole domain', () => {
    const factors = designedFactors(settings({}), grid, { name: 'a', kind: 'scaling', group: 'NH3', factor: 0.5 }, 'p');
    expect([...factors]).toEqual(Array.from({ length: 6 }, () => [1, 0.5, 1, 1, 1]).flat());
  });

  it('are one number in a region, on one group or on all, and 1 elsewhere', () => {
    const case_ = settings({ east: { rows: [0, 1], cols: [2, 2] } });
    const one = designedFactors(case_, grid, { name: 'a', kind: 'region', region: 'east', group: 'PM2.5', factor: 2 }, 'p');
    const all = designedFactors(case_, grid, { name: 'a', kind: 'region', region: 'east', factor: 2 }, 'p');
    const row = (inside: number[]): number[] => [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...inside];
    expect([...one]).toEqual([...row([1, 1, 1, 1, 2]), ...row([1, 1, 1, 1, 2])]);
    expect([...all]).toEqual([...row([2, 2, 2, 2, 2]), ...row([2, 2, 2, 2, 2])]);
    expect(uniformFactors(grid, { factor: 3 })).toEqual(new Float32Array(30).fill(3));
  });

  it('are refused where the region has no cell, before any run', () => {
    const regions = { sea: { rows: [7, 9], cols: [0, 2] } as Case['regions'][string] };
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
