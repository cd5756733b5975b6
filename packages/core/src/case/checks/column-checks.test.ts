import { columnFiles } from '../case-runs';
import { loadCase, columnEntries, caseChannels, observedSpecies, surfaceChannels } from '../index';
import { CaseFolder } from '../testing/case-folder';
import { TINY_CASE } from '../testing/tiny-case';

const cases = new CaseFolder();
const COLUMNS = 'columns: { NO2_column: { files: "S5P*.nc" }, NH3_column_cris: { files: "CrIS*.nc", method: replace_apriori, bias: 0.2 } }\n';
const LAYERS = 'concentrations: { layers: { meteorology: METCRO3D.nc } }\n';
const RUN = 'name: a, emissions: "E*.nc", concentrations: "C*.nc"';
const message = (text: string): string => cases.failure(TINY_CASE + text).message;

it('makes further species of the columns, after those at the surface', () => {
  const settings = loadCase(cases.write(TINY_CASE + COLUMNS));
  expect(caseChannels(settings).species).toEqual(['NO2', 'SO2', 'O3', 'PM2.5', 'NO2_column', 'NH3_column_cris']);
  expect(surfaceChannels(settings).species).toEqual(['NO2', 'SO2', 'O3', 'PM2.5']);
  expect(columnEntries(settings)).toMatchObject([
    { name: 'NO2_column', gas: 'NO2', method: 'apply_ak', bias: 0 },
    { name: 'NH3_column_cris', gas: 'NH3', method: 'replace_apriori', bias: 0.2 },
  ]);
  expect(observedSpecies(settings.inversion, ['NO2', 'NO2_column'])).toEqual(['NO2', 'NO2_column']);
  expect(settings.inversion.priorSpread).toMatchObject({ NH3: 0.5, VOC: 0.12 });
});

it('refuses a name that is no column', () => {
  expect(message('columns: { O3_column: { files: "a*.nc" } }\n')).toContain(
    'columns.O3_column: expected a name that is a gas, NO2, HCHO, NH3, SO2, and _column, such as NO2_column',
  );
  expect(message('inversion: { observationError: { NO2_column: { relative: 0.1 } } }\n')).toContain('columns does not name this species');
});

it('draws columns from the truth of a twin alone', () => {
  const real = TINY_CASE.replace('  twin: {}', '  files: "obs*.csv"').replace('truth: { factors: inputs/truth.nc }\n', '');
  expect(cases.failure(`${real}columns: { NO2_column: { twin: {} } }\n`).message).toContain(
    'columns.NO2_column.twin: columns are drawn from the truth',
  );
  const settings = loadCase(cases.write(`${TINY_CASE}columns: { NO2_column_b: { twin: { bias: 0.15 } } }\n`));
  const [column] = columnEntries(settings);
  expect(column.twin).toEqual({ bias: 0.15 });
  const files = columnFiles(column, settings.periods[0], 'simulate');
  expect([files.length, files[0], files[5]]).toEqual([6, 'simulate/columns/NO2_column_b/20260108_winter.nc', 'simulate/columns/NO2_column_b/20260113_winter.nc']); // prettier-ignore
});

it.each([
  [`${COLUMNS}priorConcentrations: "P*.nc"\n`, 'priorLayers: columns are compared with all layers of a run'],
  [
    `${COLUMNS}${LAYERS}priorConcentrations: "P*.nc"\npriorLayers: "L*.nc"\nmembers: { runs: [{ ${RUN} }] }\n`,
    'members.runs.0.layers: columns are compared',
  ],
  [`${COLUMNS}priorConcentrations: "P*.nc"\npriorLayers: "L*.nc"\n`, 'concentrations.layers: the layers of a run say nothing of their pressures'],
  ['priorConcentrations: "P*.nc"\npriorLayers: "L*.nc"\n', 'priorLayers: the case has no columns'],
  [LAYERS, 'concentrations.layers: the case has no columns'],
  ['ctm: { kind: command, command: run, layers: "CONC*.nc" }\n', 'ctm.layers: the case has no columns'],
  [`${COLUMNS}${LAYERS}ctm: { kind: command, command: run }\n`, 'ctm.layers: columns are compared with all layers of a run: give the glob'],
  ['columns: { NO2_column: { bias: 0.1 } }\n', 'columns.NO2_column: there are no files'],
  ['columns: { NO2_column: { files: "a*.nc", twin: {} } }\n', 'columns.NO2_column.files: in a twin experiment simulate writes the files'],
])('refuses %j', (text, sentence) => {
  expect(message(text)).toContain(sentence);
});
