import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS } from '../../base/species';
import { Role } from '../../inversion/cost/cost';
import { unitGrid } from '../../inversion/testing/small-world';
import { Random } from '../../base/random';
import { writeTruthFactors } from '../../worlds/truth-factors';
import { inventorySummary, truthNearMonitors } from './inventory-errors';

/** `[cells, 5]` from the values of NOx; the other groups emit 1 and stay. */
const field = (nox: number[]): Float64Array => Float64Array.from(nox.flatMap((value) => GROUPS.map((group) => (group === 'NOx' ? value : 1))));
/** `[5, cells]` from the factors on NOx; the others are 2. */
const truth = (nox: number[]): Float32Array => Float32Array.from(GROUPS.flatMap((group) => (group === 'NOx' ? nox : nox.map(() => 2))));

describe('inventorySummary', () => {
  it('adds up periods and counts near cells apart', () => {
    const { inventory, inventoryNearMonitors } = inventorySummary(
      [
        { prior: field([4, 2, 0]), updated: field([6, 2, 0]), truth: truth([1.5, 0.5, 1]), near: Uint8Array.of(1, 0, 1) },
        { prior: field([2, 2, 2]), updated: field([2, 1, 3]), truth: truth([1, 1, 1.5]), near: Uint8Array.of(0, 1, 0) },
      ],
      GROUPS,
    );
    // truth 6, 1, 0 and 2, 2, 3: off by 2 + 1 and 1 of 14 before, by 0 + 1 and 1 + 0 of 14 after
    expect(inventory.NOx).toEqual({ priorError: 4 / 14, updatedError: 2 / 14 });
    // near: truth 6 and 2; off by 2 before, by 1 after
    expect(inventoryNearMonitors.NOx).toEqual({ priorError: 2 / 8, updatedError: 1 / 8 });
    expect(inventory.VOC).toEqual({ priorError: 0.5, updatedError: 0.5 });
  });
});

it('each group is held against its own truth', () => {
  const random = new Random(2);
  const cells = 7;
  const [prior, updated] = [0, 1].map(() => Float64Array.from({ length: cells * GROUPS.length }, () => 0.5 + random.uniform()));
  const ofTruth = Float32Array.from({ length: GROUPS.length * cells }, () => 0.5 + random.uniform());
  const { inventory } = inventorySummary([{ prior, updated, truth: ofTruth, near: new Uint8Array(cells) }], GROUPS);
  GROUPS.forEach((group, g) => {
    let [before, after, total] = [0, 0, 0];
    for (let cell = 0; cell < cells; cell++) {
      const [own, found, true_] = [prior[cell * GROUPS.length + g], updated[cell * GROUPS.length + g], ofTruth[g * cells + cell]];
      before += Math.abs(own - own * true_);
      after += Math.abs(found - own * true_);
      total += own * true_;
    }
    expect(inventory[group].priorError).toBeCloseTo(before / total, 12);
    expect(inventory[group].updatedError).toBeCloseTo(after / total, 12);
  });
});

it('near are the cells about monitors that had a say, not about withheld ones', () => {
  const dir = mkdtempSync(join(tmpdir(), 'retroplume-truth-'));
  try {
    const grid = unitGrid(1, 9); // of 111 km
    const factors = Float32Array.from({ length: 9 * GROUPS.length }, (_, i) => i / 8);
    writeTruthFactors(join(dir, 'truth.nc'), grid, new Map([['winter', factors]]), GROUPS);
    const stations = [
      { id: 'a', role: Role.used, cell: 1 },
      { id: 'b', role: Role.withheld, cell: 7 },
      { id: 'c', role: Role.watched, cell: 4 },
    ];
    const series = { prior: { stations, times: [], observed: new Map(), simulated: new Map() } };
    const found = truthNearMonitors(join(dir, 'truth.nc'), { grid, groups: GROUPS, name: 'winter' }, series, 120);
    expect([...found.near]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0]);
    expect(found.truth).toEqual(factors);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
