import { GROUPS } from '../../base/species';
import type { PreparedPeriod } from '../../fields/prepared';
import { Grid, type GridDefinition } from '../../grid/grid';
import type { DiurnalShift } from '../../inversion/scores/redistribution';
import { SECONDS_PER_YEAR } from '../../units/units';
import { auditCsv, auditPeriod, nearStations, type AuditedPeriod } from './audit';

const grid = new Grid({
  name: 'S',
  gdtyp: 2,
  pAlp: 25,
  pBet: 40,
  pGam: 0,
  xcent: 0,
  ycent: 34,
  xorig: -200000,
  yorig: 0,
  xcell: 100000,
  ycell: 100000,
  rows: 1,
  cols: 4,
});
const REGIONS = { 'west, "far"': { rows: [0, 0] as [number, number], cols: [0, 1] as [number, number] } };

/** `[cells, 5]` with the values of NOx; the other groups emit 1 everywhere. */
const field = (nox: number[]): number[] => nox.flatMap((value) => GROUPS.map((group) => (group === 'NOx' ? value : 1)));
const stations = [
  { id: 'a', role: 0, cell: 0 },
  { id: 'b', role: 1, cell: 3 },
];
const seriesOf = (no2: number[]): AuditedPeriod['series']['prior'] => ({
  stations,
  times: [],
  observed: new Map([['NO2', Float32Array.from([11, 3, NaN, 5])]]),
  simulated: new Map([['NO2', Float32Array.from(no2)]]),
});

/** NOx 4, 2, 2, 2 before, 2, 4, 2, 1 after; NO2 at two hours at the monitors. */
const period: AuditedPeriod = {
  name: 'winter',
  grid,
  nearKm: 50,
  groups: GROUPS,
  inverted: GROUPS,
  update: {
    prior: Float64Array.from(field([4, 2, 2, 2])),
    updated: Float64Array.from(field([2, 4, 2, 1])),
    factors: { period: 'winter', slots: 1, data: new Float32Array(20).fill(1) },
  },
  time: { start: new Date('2026-01-05T00:00:00Z'), stepSeconds: 3600, count: 2 },
  runs: new Map(),
  series: { prior: seriesOf([10, 2, 14, 6]), updated: seriesOf([8, 2, 10, 4]) },
};

it('has a row of each group of the case, and no answer to one that no species tells apart', () => {
  const groups = ['NOx', 'soilNO'];
  const fieldOf = (nox: number[]): Float64Array => Float64Array.from(nox.flatMap((value) => [value, 3 * value]));
  const update = { ...period.update, prior: fieldOf([4, 2, 2, 2]), updated: fieldOf([2, 4, 2, 1]) };
  const rows = auditPeriod({ ...period, groups, inverted: groups, update }, {});
  expect(rows.map(({ group, response }) => [group, response?.species])).toEqual([
    ['NOx', 'NO2'],
    ['soilNO', undefined],
  ]);
  expect(rows[1].prior / rows[0].prior).toBeCloseTo(3, 12);
});

describe('auditPeriod', () => {
  it('judges no answer to a group that was not inverted', () => {
    const rows = auditPeriod({ ...period, inverted: ['SO2'] }, REGIONS);
    expect(rows[0].change).toBeCloseTo(-0.1, 12);
    expect(rows.some(({ response }) => response)).toBe(false);
  });

  it('has a row per region and group, the whole domain first, worked out by hand', () => {
    const rows = auditPeriod(period, REGIONS);
    expect(rows.map(({ region, group }) => `${region ?? '-'} ${group}`)).toEqual(
      ['-', 'west, "far"'].flatMap((region) => GROUPS.map((group) => `${region} ${group}`)),
    );
    const [domain, west] = [rows[0], rows[5]];
    const megatonnes = (1e10 * SECONDS_PER_YEAR) / 1e9; // cells of 1e10 m²
    expect(domain.prior / megatonnes).toBeCloseTo(10, 9);
    expect(domain.change).toBeCloseTo(-0.1, 12);
    expect(domain.moved).toBeCloseTo(0.5, 12);
    expect(domain.netsOut).toBeCloseTo(0.8, 12);
    expect(domain.diurnal).toBeUndefined();
    // NO2: mean of 10, 2, 14, 6 = 8, then 6; near the monitors NOx 4 + 2 → 2 + 1
    expect(domain.response).toMatchObject({
      species: 'NO2',
      stations: 2,
      prior: 8,
      updated: 6,
      concentrationChange: -0.25,
      plausibility: 'excessive',
    });
    expect(domain.response!.elasticity).toBeCloseTo(2.5, 12);
    expect(domain.response!.nearMonitors).toBeCloseTo(-0.5, 12);
    expect(domain.response!.neighbours).toBeUndefined();
    // the west's total stays, while its one monitor has a quarter less: all of it was moved from beside it; 260 km around lie both other cells, 4 → 3
    expect(west).toMatchObject({ change: 0, netsOut: 1 });
    expect(west.moved).toBeCloseTo(4 / 6, 12);
    expect(west.response).toMatchObject({ stations: 1, prior: 12, updated: 9, plausibility: 'excessive', nearMonitors: -0.5, neighbours: -0.25 });
    expect(west.response!.elasticity).toBeUndefined();
    // what is near its monitors ends with the region: 4 + 2 before and after, though all four cells are
    expect(auditPeriod({ ...period, nearKm: 350 }, REGIONS)[5].response!.nearMonitors).toBeCloseTo(0, 12);
    // no monitor measures SO2, and nothing answers NH3
    expect(rows.filter(({ response }) => response)).toHaveLength(2);
  });

  it('looks at the monitors that measure the species, and at no others', () => {
    const onlyIn = (observed: number[]): AuditedPeriod => {
      const [prior, updated] = [period.series.prior, period.series.updated].map((series) => ({
        ...series,
        observed: new Map([['NO2', Float32Array.from(observed)]]),
      }));
      return { ...period, series: { prior, updated } };
    };
    const [domain, , , , , west] = auditPeriod(onlyIn([NaN, 3, NaN, NaN]), REGIONS);
    // 2, 6 = 4, then 2, 4 = 3; near that monitor NOx 2 → 1
    expect(domain.response).toMatchObject({ stations: 1, prior: 4, updated: 3, concentrationChange: -0.25, nearMonitors: -0.5 });
    expect(west.response).toBeUndefined();
    expect(auditPeriod(onlyIn([NaN, NaN, NaN, NaN]), REGIONS).some(({ response }) => response)).toBe(false);
  });

  it('has the shift of the day with a factor per hour, in local time', () => {
    // On the central meridian 0:00 and 1:00 UTC are hours 0 and 1, west of it 23 and 0: one group, of which half is moved an hour later
    const emissions = Float32Array.from([...field([1, 1, 1, 1]), ...field([1, 1, 1, 1])]);
    const factors = Float32Array.from([...field([0.5, 0.5, 0.5, 0.5]), ...field([1.5, 1.5, 1.5, 1.5])]);
    const runs = new Map([['prior', { emissions }]]) as unknown as PreparedPeriod['runs'];
    const update = { ...period.update, factors: { period: 'winter', slots: 2, data: factors } };
    const [nox, nh3] = auditPeriod({ ...period, runs, update }, REGIONS).slice(5);
    // both cells of the west: ½, ½ in hours 23 and 0, then ¼, ¾
    expect(nox.diurnal!.distance).toBeCloseTo(0.25, 12);
    const direction = (early: number): number => Math.atan2((1 - 2 * early) * Math.sin(Math.PI / 24), Math.cos(Math.PI / 24)) * (12 / Math.PI);
    expect(nox.diurnal!.hours).toBeCloseTo(direction(0.25), 10);
    expect(nh3.diurnal).toEqual({ hours: 0, distance: 0 });
  });
});

describe('the day of a region', () => {
  /** Of NOx on two cells that emit 1 in each of two hours, with factors by hour and cell. */
  function dayOf(
    layout: Pick<GridDefinition, 'xorig' | 'yorig' | 'xcell' | 'ycell' | 'rows' | 'cols'>,
    factors: number[][],
  ): DiurnalShift | undefined {
    const grid = new Grid({ name: 'LL', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, ...layout });
    const even = field([1, 1]);
    const runs = new Map([['prior', { emissions: Float32Array.from([...even, ...even]) }]]) as unknown as PreparedPeriod['runs'];
    const update = {
      prior: Float64Array.from(even),
      updated: Float64Array.from(even),
      factors: { period: 'winter', slots: 2, data: Float32Array.from(factors.flatMap((ofHour) => [...field(ofHour)])) },
    };
    const series = { prior: { ...seriesOf([]), stations: [] }, updated: { ...seriesOf([]), stations: [] } };
    return auditPeriod({ ...period, grid, runs, update, series }, {})[0].diurnal;
  }

  it('is that of the local hours of its cells', () => {
    // Cells at 0 and 15 E, an hour apart: what is emitted in both hours goes to 1 o'clock in both, the second hour of the one and the first of the other.
    const day = dayOf({ xorig: -7.5, yorig: 0, xcell: 15, ycell: 1, rows: 1, cols: 2 }, [
      [0, 2],
      [2, 0],
    ])!;
    expect(day.distance).toBeCloseTo(0.5, 12); // a quarter, a half, a quarter; then all at one hour
    expect(day.hours).toBeCloseTo(0, 12);
  });

  it('counts cells by their area', () => {
    // Centres at 0 and 60 N: the northern cell has half of the area of the southern.
    const day = dayOf({ xorig: -0.5, yorig: -30, xcell: 1, ycell: 60, rows: 2, cols: 1 }, [
      [0, 1],
      [2, 1],
    ])!;
    // A half in each hour; then 0.5 in the first and 2 + 0.5 in the second.
    expect(day.distance).toBeCloseTo(1 / 3, 6);
  });
});

it('says nothing of the day, nor of an answer, where a group is not emitted', () => {
  const emissions = Float32Array.from([...field([0, 0, 2, 2]), ...field([0, 0, 2, 2])]);
  const runs = new Map([['prior', { emissions }]]) as unknown as PreparedPeriod['runs'];
  const update = {
    prior: Float64Array.from(field([0, 0, 2, 2])),
    updated: Float64Array.from(field([0, 0, 2, 1])),
    factors: { period: 'winter', slots: 2, data: new Float32Array(40).fill(1) },
  };
  const rows = auditPeriod({ ...period, runs, update }, REGIONS);
  const [domain, west] = [rows[0], rows[5]];
  expect([domain.diurnal, domain.response?.species]).toEqual([{ hours: 0, distance: 0 }, 'NO2']);
  expect([west.group, west.diurnal, west.response]).toEqual(['NOx', undefined, undefined]);
});

it('writes rows as CSV', () => {
  const [header, first, ...rest] = auditCsv(auditPeriod(period, REGIONS)).trimEnd().split('\n');
  expect(header.split(',')).toHaveLength(21);
  expect(first).toMatch(/^winter,whole domain,NOx,3153600000,2838240000,-0\.1,0\.5,0\.8,/);
  expect(first).toMatch(/,NO2,2,8,6,-0\.25,2\.5,excessive,-0\.5,$/);
  expect(rest).toHaveLength(9);
  expect(rest[4]).toMatch(/^winter,"west, ""far""",NOx,/);
});

it('knows the cells near stations', () => {
  expect([...nearStations(grid, stations, 100)]).toEqual([1, 1, 1, 1]);
  expect([...nearStations(grid, [stations[1]], 100)]).toEqual([0, 0, 1, 1]);
});
