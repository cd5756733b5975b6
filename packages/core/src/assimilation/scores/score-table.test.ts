import { DEFAULT_CHANNELS } from '../../base/species';
import type { Case } from '../../case';
import { namingOf } from '../../case/testing/naming';
import type { Observations } from '../../observations/observations';
import { Role } from '../../inversion/cost/cost';
import { unitGrid } from '../../inversion/testing/small-world';
import { caseScores, scoresCsv, type ComparedPeriod } from './score-table';

const UNITS = DEFAULT_CHANNELS.units;
const grid = unitGrid(3, 4);
const settings = {
  ...namingOf(),
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
    name: 'winter',
    grid,
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
    expect(scoresCsv(rows, UNITS)).toMatch(/^O3,hourly,withheld,,,,200,400,updated,ppb,56,1,1,50,45,/m);
    expect(scoresCsv(rows, UNITS)).toMatch(/^O3,hourly,withheld,,,,400,,updated,ppb,0,0,0,,/m);
    expect(caseScores(settings, [compared()], 0).some(({ nearestUsedKm }) => nearestUsedKm)).toBe(false);
  });

  it('are a table with a line for each run, in which an absent value is an empty field and names are quoted', () => {
    const lines = scoresCsv(rows, UNITS).split('\n');
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
    expect(scoresCsv(rows, UNITS)).not.toMatch(/NaN|undefined|Infinity|null/);
  });

  it('have the misfit of used stations beside them, interpolated', () => {
    const [, , , each, mean] = scoresCsv(rows, UNITS)
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
    const lines = scoresCsv([whole], UNITS).split('\n');
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

describe('several periods', () => {
  const winter = compared();
  const summer = { ...compared(), name: 'summer' };
  summer.updated.simulated.set('O3', new Float32Array(112).fill(50));
  const rows = caseScores(settings, [winter, summer], 0);
  const hourly = rows.filter(({ averaging, region, type }) => averaging === 'hourly' && region === undefined && type === undefined);

  it('have rows of each and of all, in which a station of both is one', () => {
    const withheld = hourly.filter(({ stations }) => stations === 'withheld');
    expect(withheld.map(({ period, monitors, prior, updated }) => [period, monitors, prior.n, updated.mae])).toEqual([
      [undefined, 1, 112, 2.5],
      ['winter', 1, 56, 5],
      ['summer', 1, 56, 0],
    ]);
  });

  it('are lines of the table that name period and type of site', () => {
    const table = scoresCsv(rows, UNITS);
    expect(table).toMatch(/^O3,hourly,withheld,,summer,,,,updated,ppb,56,1,1,50,50,0,/m);
    expect(table).toMatch(/^O3,hourly,withheld,,,urban,,,updated,ppb,112,1,1,50,47.5,/m);
  });
});

it('stations count by their blocks, and values above the cut-off of the case', () => {
  const period = compared();
  for (const { stations } of [period.prior, period.updated]) stations[1].role = Role.withheld;
  const [{ change }] = caseScores(settings, [period], 0);
  expect(change.blocks).toBe(2);
  const cutoff = (ozoneCutoff: number): (number | undefined)[] => {
    const [, row] = caseScores({ ...settings, scores: { ...settings.scores, ozoneCutoff } }, [compared()], 0).filter(
      ({ region, type }) => !region && !type,
    );
    expect(row.averaging).toBe('hourly-cutoff');
    return [row.prior.n, row.updated.n];
  };
  expect(cutoff(49)).toEqual([56, 56]);
  expect(cutoff(51)).toEqual([0, 0]);
});

it('a day begins at midnight of the time zone', () => {
  const period = compared();
  // Of the windows of eight hours that begin from 7:00 to 23:00 those of the first day hold 60, those of the second, which begin with the 32nd value, 50 as observed.
  const series = Float32Array.from({ length: 112 }, (_, i) => (i >= 2 * 20 && i < 2 * 31 ? 60 : 50));
  for (const { simulated } of [period.prior, period.updated]) simulated.set('O3', series);
  const mda8 = caseScores(settings, [period], 0).find(({ averaging, stations }) => averaging === 'mda8' && stations === 'withheld')!;
  expect(mda8.prior).toMatchObject({ n: 2, mae: 5 });
});

it('the updated run with what was found beside the emissions stands beside the others', () => {
  const found = new Map([['O3', new Float32Array(112).fill(52)]]);
  const rows = caseScores(settings, [{ ...compared(), withNuisance: found }], 0);
  expect(rows[0].found).toMatchObject({ scores: { mae: 2 }, change: { relative: expect.closeTo(2 / 10 - 1, 12) as number } });
  const lines = scoresCsv(rows.slice(0, 1), UNITS).trimEnd().split('\n');
  expect(lines.at(-1)).toMatch(/^O3,hourly,withheld,,,,,,updated-and-found,ppb,56,1,1,50,52,2,2,2,4,4,.*,-80,,,/);
  expect(caseScores(settings, [compared()], 0).some((row) => row.found)).toBe(false);
});

it('both runs of a row are rated against the benchmarks', () => {
  const [header, prior, updated] = scoresCsv(
    caseScores(settings, [compared()], 0).filter(({ averaging }) => averaging === 'hourly-cutoff'),
    UNITS,
  )
    .split('\n')
    .map((line) => line.split(','));
  const rated = (line: string[]): string[] => ['emery_nmb', 'emery_nme'].map((name) => line[header.indexOf(name)]);
  // 10 of 50 ppb too high, and 5 too low; goals are 5 and 15 %, criteria 15 and 25 %.
  expect(rated(prior)).toEqual(['neither', 'criteria']);
  expect(rated(updated)).toEqual(['criteria', 'goal']);
});

it('fractional errors and correlation are columns', () => {
  const period = compared();
  const inTime = (early: number, late: number): Float32Array => Float32Array.from({ length: 112 }, (_, i) => (i < 56 ? early : late));
  for (const { observed } of [period.prior, period.updated]) observed.set('O3', inTime(40, 60));
  period.prior.simulated.set('O3', inTime(60, 40));
  period.updated.simulated.set('O3', inTime(60, 90));
  const [header, ...lines] = scoresCsv(caseScores(settings, [period], 0).slice(0, 1), UNITS)
    .split('\n')
    .map((line) => line.split(','));
  const of = (line: string[]): number[] => ['mfb_percent', 'mfe_percent', 'r'].map((name) => Number(line[header.indexOf(name)]));
  // 2·20/100 up and down; 2·20/100 and 2·30/150 up.
  expect(of(lines[0])).toEqual([0, 40, -1].map((value) => expect.closeTo(value, 9) as number));
  expect(of(lines[1])).toEqual([40, 40, 1].map((value) => expect.closeTo(value, 9) as number));
});

it('intervals over blocks and the benchmarks of particles are columns', () => {
  const hours = 48;
  const stations = Array.from({ length: 6 }, (_, cell) => ({ id: `s${cell}`, role: Role.withheld, cell }));
  const { monitors, ...period } = compared();
  const { observations } = monitors;
  const at = (value: (station: number) => number): Map<string, Float32Array> =>
    new Map([['PM2.5', Float32Array.from({ length: 6 * hours }, (_, i) => value(i % 6))]]);
  const series = { stations, times: period.prior.times.slice(0, hours), observed: at(() => 50) };
  const [header, , updated] = scoresCsv(
    caseScores(
      settings,
      [
        {
          ...period,
          monitors: {
            ...monitors,
            observations: { ...observations, stations: stations.map(({ id }) => ({ id, lon: 0.5, lat: 0.5 })) },
            block: new Map(stations.map(({ id }) => [id, id])),
          },
          prior: { ...series, simulated: at(() => 60) },
          updated: { ...series, simulated: at((station) => 50 + station) }, // errors of 0 to 5 for 10
        },
      ],
      0,
    ).filter(({ averaging }) => averaging === 'daily-mean'),
    UNITS,
  )
    .split('\n')
    .map((line) => line.split(','));
  const value = (name: string): string => updated[header.indexOf(name)];
  expect([value('averaging'), value('blocks'), value('note')]).toEqual(['daily-mean', '6', '']);
  const [low, change, high] = ['_low', '', '_high'].map((end) => Number(value(`me_change_percent${end}`)));
  expect(change).toBeCloseTo(-75, 4);
  expect(low).toBeGreaterThan(-100);
  expect(low).toBeLessThan(-76);
  expect(high).toBeGreaterThan(-74);
  expect(high).toBeLessThan(-50);
  expect([value('boylan_russell_mfb'), value('boylan_russell_mfe')]).toEqual(['goal', 'goal']);
});
