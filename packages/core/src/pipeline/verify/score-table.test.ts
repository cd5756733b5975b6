import type { Case } from '../../data/case';
import type { Observations } from '../../data/observations';
import { Role } from '../../inversion/forward-model';
import { unitGrid } from '../../inversion/testing/small-world';
import { caseScores, scoresCsv, type ComparedPeriod } from './score-table';

const grid = unitGrid(3, 4);
const settings = {
  regions: { west: { rows: [0, 2], cols: [0, 1] }, 'sea, "far"': { rows: [0, 0], cols: [3, 3] } },
  scores: { ozoneCutoff: 40 },
  observations: { timeZone: 'Asia/Shanghai' },
} as unknown as Case;

/** Two stations, one withheld in the west; O3 for two days of Shanghai, the first of which begins at 16:00 UTC. */
function compared(hours = 56): ComparedPeriod {
  const field = (value: number): Float32Array => new Float32Array(2 * hours).fill(value);
  const stations = [
    { id: 'A', role: Role.withheld, cell: 5 },
    { id: 'B', role: Role.used, cell: 7 },
  ];
  const times = Array.from({ length: hours }, (_, t) => new Date(Date.UTC(2017, 0, 1, 16 + t)));
  const observed = new Map([['O3', field(50)]]);
  const observations = {
    stations: [
      { id: 'A', lon: 1, lat: 1, type: 'urban' },
      { id: 'B', lon: 3, lat: 1 },
    ],
    time: { start: times[0], stepSeconds: 3600, count: hours },
  } as Observations;
  return {
    ...{ name: 'winter', grid },
    monitors: { observations, withheld: new Set('A'), watched: new Set(), block: new Map(Object.entries({ A: '0/0', B: '0/1' })) },
    prior: { stations, times, observed, simulated: new Map([['O3', field(60)]]) },
    updated: { stations, times, observed, simulated: new Map([['O3', field(45)]]) },
  };
}

describe('the scores of a case', () => {
  const rows = caseScores(settings, [compared()], 400);

  it('know regions, types of site and the days of the stations’ time zone', () => {
    const of = (scope: object): unknown[] => rows.filter((row) => Object.entries(scope).every(([key, value]) => row[key as 'type'] === value));
    expect(of({ stations: 'withheld', averaging: 'mda8', region: undefined, type: undefined, nearestUsedKm: undefined })).toMatchObject([
      { prior: { n: 2, mae: 10 } },
    ]);
    expect(of({ stations: 'withheld', averaging: 'hourly', region: 'west' })).toMatchObject([{ monitors: 1, updated: { mae: 5 } }]);
    expect(of({ stations: 'used', averaging: 'hourly', region: 'west' })).toMatchObject([{ monitors: 0 }]);
    expect(of({ stations: 'withheld', averaging: 'hourly', type: 'urban' })).toMatchObject([{ monitors: 1 }]);
  });

  it('are divided by distance at half the correlation length and at the whole of it, where cells have one', () => {
    const divided = rows.filter(({ averaging, nearestUsedKm }) => averaging === 'hourly' && nearestUsedKm);
    // A is two cells of 111 km from B.
    expect(divided.map(({ nearestUsedKm, monitors }) => [nearestUsedKm!.above, nearestUsedKm!.upTo, monitors])).toEqual([
      [0, 200, 0],
      [200, 400, 1],
      [400, undefined, 0],
    ]);
    expect(scoresCsv(rows)).toMatch(/^O3,hourly,withheld,,,,200,400,updated,ppb,56,1,1,50,45,/m);
    expect(scoresCsv(rows)).toMatch(/^O3,hourly,withheld,,,,400,,updated,ppb,0,0,0,,/m);
    expect(caseScores(settings, [compared()], 0).some(({ nearestUsedKm }) => nearestUsedKm)).toBe(false);
  });

  it('are a table with a line for each run, in which an absent value is an empty field and names are quoted', () => {
    const lines = scoresCsv(rows).split('\n');
    const withheld = rows.filter(({ stations }) => stations === 'withheld');
    expect(lines).toHaveLength(1 + 2 * rows.length + 4 * withheld.length + 1);
    const [header, prior, updated] = lines.map((line) => line.split(','));
    const value = (line: string[], name: string): string => line[header.indexOf(name)];
    expect(lines[1]).toMatch(/^O3,hourly,withheld,,,,,,prior,ppb,56,1,1,50,60,10,10,10,20,20,/);
    for (const [name, wanted] of Object.entries({ run: 'updated', mb: '-5', nmb_percent: '-10', mfb_percent: '-10.52632', r: '', ioa: '0' }))
      expect(value(updated, name)).toBe(wanted);
    expect([value(updated, 'me_change_percent'), value(prior, 'me_change_percent')]).toEqual(['-50', '']);
    expect([value(updated, 'note'), value(prior, 'note')]).toEqual(['blocks: 1; an interval needs 5', '']);
    const cutoff = lines.find((line) => line.startsWith('O3,hourly-cutoff,withheld,,,,,,updated'))!.split(',');
    expect([value(cutoff, 'emery_nmb'), value(cutoff, 'emery_nme'), value(cutoff, 'emery_r')]).toEqual(['criteria', 'goal', '']);
    expect(lines.filter((line) => line.startsWith('O3,hourly,withheld,"sea, ""far""",'))).toHaveLength(6);
    expect(lines.filter((line) => line.startsWith('O3,hourly,used,"sea, ""far""",'))).toHaveLength(2);
    expect(lines.find((line) => line.startsWith('O3,hourly,withheld,"sea'))).toMatch(/,prior,ppb,0,0,0,(,)+no station with a value$/);
    expect(scoresCsv(rows)).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it('have the misfit of used stations beside them, interpolated', () => {
    const [, , , each, mean] = scoresCsv(rows)
      .split('\n')
      .map((line) => line.split(','));
    expect([each[8], mean[8]]).toEqual(['interpolated', 'interpolated-mean']);
    // B is 10 ppb too high at all hours, as A is, and tells little of it: it is 222 km away, and no third block says how far its misfit reaches.
    const whole = rows.find(({ stations, averaging }) => stations === 'withheld' && averaging === 'hourly')!;
    expect(whole.interpolated!.each.change.relative).toBeLessThan(0);
    expect(whole.interpolated!.each.change.relative).toBeGreaterThan(-0.5);
    expect(whole.interpolated!.mean.change.relative).toBeCloseTo(whole.interpolated!.each.change.relative, 6);
    expect(rows.filter(({ stations }) => stations === 'used').every(({ interpolated }) => interpolated === undefined)).toBe(true);
  });
  it('have both runs beside them without what is the same everywhere in their misfit, compared with each other', () => {
    const period = compared();
    const updated = Float32Array.from({ length: 112 }, (_, i) => (i % 2 === 0 ? 48 : 44));
    period.updated.simulated.set('O3', updated);
    const [whole, ...others] = caseScores(settings, [period], 0);
    // B, in use, is 10 ppb too high, and in the updated run 6 too low: without that A is right in the prior run, and 4 ppb too high in the updated one.
    expect(whole.biasCorrected).toMatchObject({ prior: { scores: { mae: 0 }, change: { relative: -1 } }, updated: { scores: { mae: 4 } } });
    const lines = scoresCsv([whole]).split('\n');
    expect(lines[5]).toMatch(/^O3,hourly,withheld,,,,,,prior-bias-corrected,ppb,56,1,1,50,50,0,0,.*,-100,,,/);
    expect(lines[6]).toMatch(/^O3,hourly,withheld,,,,,,updated-bias-corrected,ppb,56,1,1,50,54,4,4,/);
    expect(others.filter(({ stations }) => stations === 'used').every(({ biasCorrected }) => biasCorrected === undefined)).toBe(true);
  });

  it('compare the runs without their bias with each other, not with the prior run', () => {
    const period = compared();
    const alternating = (a: number, b: number): Float32Array => Float32Array.from({ length: 112 }, (_, i) => (i % 2 === 0 ? a : b));
    period.prior.simulated.set('O3', alternating(60, 52));
    period.updated.simulated.set('O3', alternating(50, 47));
    // A is off by 8 with what B says taken out of the prior run, and by 3 of the updated one.
    const [{ biasCorrected }] = caseScores(settings, [period], 0);
    expect(biasCorrected!.prior.change.relative).toBeCloseTo(8 / 10 - 1, 12);
    expect(biasCorrected!.updated.change.relative).toBeCloseTo(3 / 8 - 1, 12);
  });
});
