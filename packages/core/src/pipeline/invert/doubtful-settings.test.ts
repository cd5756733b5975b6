import { caseSchema, type Case, type InversionSettings } from '../../data/case';
import { Grid } from '../../grid/grid';
import { smallGrid } from '../../report/testing/synthetic-report';
import { effortDoubt, withheldDoubt } from './doubtful-settings';

const { inversion, withheld, crossValidation, observations } = defaults();

/** The sections with what the schema gives them. */
function defaults(): Pick<Case, 'inversion' | 'withheld' | 'crossValidation' | 'observations'> {
  const { shape } = caseSchema;
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
