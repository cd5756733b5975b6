import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeShared, sharedData } from '../../../files/testing/shared-data';
import { checkCase, type CheckResult } from './check-case';

const CASE = `name: toy
grid: { griddesc: toy/GRIDDESC, name: TOY12 }
periods: [{ name: january, start: 2017-01-10T00:00:00Z, hours: 120, spinUpHours: 24 }]
meteorology: { files: "toy/METCRO2D_20170*.nc" }
emissions:
  files: "toy/EMIS_{period}_*.nc"
  groups: { NOx: { variables: [NO, NO2], molarMass: 46.0055 }, VOC: { variables: [PAR, OLE], molarMass: 30 } }
concentrations:
  species: [NO2]
  layers: { meteorology: "toy/layers/METCRO3D_06Z_*.nc" }
columns:
  NO2_column: { files: "toy/columns/*NO2*.nc" }
  HCHO_column: { files: "toy/columns/*HCHO*.nc" }
priorConcentrations: "toy/conc_prior_{period}.nc"
priorLayers: "toy/layers/conc3d_prior_{period}.nc"
ctm: { kind: command, command: "true {output}", layers: "CONC_*.nc" }
observations: { stations: { file: toy/stations.csv }, files: "toy/obs_{period}.csv", columns: { species: { NO2: { column: NO2, unit: ppb } } } }
`;

describeShared('columns of a case', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'check-columns-'));
    symlinkSync(join(sharedData, 'cmaq55-toy'), join(folder, 'toy'));
    writeFileSync(join(folder, 'case.yaml'), CASE);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const check = (...set: string[]): Promise<CheckResult> => checkCase(join(folder, 'case.yaml'), { set, out: join(folder, 'run') });

  it('are counted by pixels, overpasses and cells, and those left out by reason', async () => {
    const { right, problems } = await check();
    expect(problems).toEqual([]);
    expect(right).toContain(
      'columns.NO2_column, january: 4 overpasses in 4 files; 11162 of 19968 pixels make 2161 values of cells; left out: 8806 not qa_value > 0.75',
    );
    expect(right.find((sentence) => sentence.startsWith('columns.HCHO_column'))).toContain('8825 not qa_value > 0.5');
    expect(right).toContain('layers of the prior run, january: 10 of 120 hours');
  });

  it.each([
    ['columns.NO2_column.files=toy/columns/*HCHO*.nc', 'COLUMN_GAS'],
    ['columns.NO2_column.files=toy/columns/*.nc', 'COLUMN_GAS'],
    ['columns.NO2_column.files=none/*.nc', 'FILES_NONE'],
    ['columns.NO2_column.files=toy/layers/conc3d_prior_january.nc', 'COLUMN_PRODUCT'],
    ['periods.0.hours=26', 'COLUMN_NO_OVERPASS'],
    ['priorLayers=toy/conc_prior_{period}.nc', 'LAYERS_DIFFER'],
    ['priorLayers=toy/layers/conc3d_prior_july.nc', 'LAYERS_HOURS'],
    ['concentrations.layers.meteorology=toy/METCRO2D_*.nc', 'VARIABLE_MISSING'],
    ['concentrations.layers.variables.HCHO=HCHO', 'VARIABLE_MISSING'],
  ])('%s: %s', async (set, code) => {
    expect((await check(set)).problems.map((problem) => problem.code)).toContain(code);
  });

  it('of one period alone are warned of', async () => {
    const { warnings, problems } = await check(
      'periods=[{name: january, start: 2017-01-10T00:00:00Z, hours: 120, spinUpHours: 24}, {name: july, start: 2017-07-10T00:00:00Z, hours: 120, spinUpHours: 24}]',
    );
    expect(problems).toEqual([]);
    expect(warnings).toContain('columns.NO2_column: no file is of july: its emissions there rest on what else is observed');
  });
});
