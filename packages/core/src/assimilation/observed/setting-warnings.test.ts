import { caseSchema, type Case, type InversionSettings } from '../../case';
import { Grid } from '../../grid/grid';
import { smallGrid } from '../../report/testing/synthetic-report';
import { effortDoubt, unfinishedDoubt, withheldDoubt } from './setting-warnings';

const { inversion, withheld, crossValidation, observations } = defaults();

/** The sections with what the schema gives them. */
function defaults(): Pick<Case, 'inversion' | 'withheld' | 'crossValidation' | 'observations'> {
  const { shape } = caseSchema();
  return {
    inversion: shape.inversion.parse({}),
    withheld: shape.withheld.parse({}),
    crossValidation: shape.crossValidation.parse({ folds: 3, try: { spreadScale: [0.5] } }),
    observations: shape.observations.parse({ stations: { file: 'stations.csv' }, files: 'obs.csv' }),
  };
}

describe('withheldDoubt', () => {
  const doubt = (change: Partial<InversionSettings>, blocks: Partial<Case['withheld']> = {}, grid = smallGrid()): string | undefined =>
    withheldDoubt({ ...withheld, ...blocks }, { ...inversion, ...change }, grid);

  it('tells of blocks narrower than twice the correlation length, and how wide they have to be', () => {
    // 6 cells of 27 km are 162 km: exp(-½ (81/162)²) = 0.88 from the middle to the edge
    expect(doubt({ lengthKm: 162 })).toMatch(
      /blocks of 6 cells \(162 km\) are narrower than twice inversion\.lengthKm \(162 km\).* is 0\.88, .*raise it to 12 /,
    );
    expect(doubt({ lengthKm: 81 })).toBeUndefined();
    expect(doubt({ lengthKm: 81.1 })).toMatch(/raise it to 7 /);
    expect(doubt({ lengthKm: 162 }, { blockCells: 12 })).toBeUndefined();
    expect(doubt({ lengthKm: 162 }, { blockCells: 11 })).toBeDefined();
  });

  it('knows what a far part adds to that correlation', () => {
    // ½·exp(−½ (81/162)²) + ½·exp(−½ (81/600)²)
    expect(doubt({ lengthKm: 162, factorCorrelation: { ...inversion.factorCorrelation, far: { part: 0.5, km: 600 } } })).toMatch(/ is 0\.94, /);
  });

  it('looks at the narrower side of cells', () => {
    const { definition } = smallGrid();
    expect(doubt({ lengthKm: 81 }, {}, new Grid({ ...definition, xcell: 9000 }))).toMatch(/blocks of 6 cells \(54 km\).*raise it to 18 /);
  });

  it('has nothing to say where nothing is withheld, or no length ties cells together', () => {
    expect(doubt({ lengthKm: 162 }, { fraction: 0 })).toBeUndefined();
    expect(doubt({ lengthKm: 0 })).toBeUndefined();
    expect(doubt({ lengthKm: 162, space: 'regions' })).toBeUndefined();
    expect(doubt({ lengthKm: 162, mode: 'paper' })).toBeUndefined();
  });
});

describe('effortDoubt', () => {
  const settings = { inversion, crossValidation, observations };
  const doubt = (change: Partial<InversionSettings>, own: Partial<Case['crossValidation']> = {}): string | undefined =>
    effortDoubt({ ...settings, inversion: { ...inversion, ...change }, crossValidation: { ...crossValidation, ...own } });

  it('tells of spreads and errors that are chosen with fewer values a day than they are used with', () => {
    expect(doubt({})).toMatch(/chosen at 2 hours a day and used at 8 .* weigh 4 times as much/);
    expect(doubt({}, { try: { errorScale: [2] }, hoursPerDay: 24 })).toMatch(/chosen at 24 hours a day and used at 8 .* weigh 0\.33 times as much/);
    const hours = { NO2: 24, SO2: 24, O3: 0, 'PM2.5': 24 };
    expect(doubt({ errorCorrelation: { ...inversion.errorCorrelation, hours } })).toBeDefined();
  });

  it('has nothing to say where the numbers agree, values repeat each other, days are compared, or another key is chosen', () => {
    expect(doubt({ hoursPerDay: 2 })).toBeUndefined();
    expect(doubt({}, { hoursPerDay: 8 })).toBeUndefined();
    expect(doubt({ errorCorrelation: { ...inversion.errorCorrelation, hours: 24 } })).toBeUndefined();
    expect(doubt({ dailyMeans: true })).toBeUndefined();
    expect(doubt({}, { try: { lengthKm: [54] } })).toBeUndefined();
    expect(doubt({}, { folds: 0 })).toBeUndefined();
    expect(effortDoubt({ ...settings, observations: { ...observations, resolution: 'daily' } })).toBeUndefined();
  });
});

describe('unfinishedDoubt', () => {
  const after = (totals: number[], over: Partial<Parameters<typeof unfinishedDoubt>[0]> = {}): string | undefined =>
    unfinishedDoubt({
      status: 'iterations',
      keptIteration: totals.length - 1,
      history: totals.map((total, iteration) => ({ iteration, total })),
      ...over,
    });
  const falling = [1000, 500, 300, 200, 150, 120, 110, 105, 100];

  it('tells of a cost that still falls when the steps are used up', () => {
    expect(after(falling)).toMatch(/^inversion\.iterations: after 8 steps the cost still falls \(9 % in the last 2\)/);
    expect(after([...falling.slice(0, -2), 108, 107.5])).toBeUndefined();
  });

  it('looks at the best costs, not at steps that were taken back', () => {
    expect(after([1000, 100, 100, 100, 100, 100, 160, 100, 100])).toBeUndefined();
    expect(after([...falling.slice(0, -1), 100, 300])).toMatch(/still falls \(5 % in the last 2\)/);
  });

  it('says nothing where it converged, watched monitors chose an earlier step, or the steps are few', () => {
    expect(after(falling, { status: 'converged' })).toBeUndefined();
    expect(after(falling, { keptIteration: 5 })).toBeUndefined();
    expect(after(falling, { keptIteration: 6 })).toBeDefined();
    expect(after([1000, 500, 300])).toBeUndefined();
    expect(after([])).toBeUndefined();
  });
});
