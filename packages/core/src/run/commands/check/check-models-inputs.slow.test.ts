/** What `check` says of files that only certify and the reference model read, which come after hours of work or before all of it. */
import { NetcdfFile } from '@retroplume/native';
import { checkedWorld, codes } from '../../testing/checked-world';

const { input, check, rewrite } = checkedWorld();

const PERIOD = 'periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 100}]';
const FILES = 'inputs/ddm_{period}.nc';

/** One of NOx, with `more` keys. */
const given = (more = '', files = FILES, variable = 'NO2_ENX'): string[] => [
  `certificate.sensitivities=[{name: ddm, group: NOx, files: "${files}", variables: {NO2: ${variable}}${more}}]`,
  PERIOD,
];
const mask = (file: string, variable = 'GA'): string => `, mask: {file: inputs/${file}, variable: ${variable}}`;

function writeSensitivity(hours = 100, units = 'ppmV'): void {
  rewrite('EMIS_winter.nc', {
    target: 'ddm_winter.nc',
    time: (t) => ({ ...t, count: hours }),
    variables: ([first]) => [{ ...first, name: 'NO2_ENX', units }],
  });
}

function writeMask(name: string, values: (data: Float32Array) => void): void {
  rewrite('EMIS_winter.nc', {
    target: name,
    time: (t) => ({ ...t, count: 1 }),
    variables: ([first]) => [{ ...first, name: 'GA', units: '1' }],
    data: (_, data) => values(data),
  });
}

test('sensitivities: files, variables, hours and units', async () => {
  const key = 'certificate.sensitivities.0';
  expect(codes(await check(given()))).toEqual([`FILE_MISSING ${key}.files`]);
  writeSensitivity();
  const good = await check(given());
  expect(good.problems).toEqual([]);
  expect(good.right).toContain('sensitivity ddm, winter: 1 file, 100 hours');
  expect(codes(await check(given('', FILES, 'NO2_ESO2')))).toEqual([`VARIABLE_MISSING ${key}.variables.NO2`]);
  writeSensitivity(99);
  expect(codes(await check(given()))).toEqual([`PERIOD_NOT_COVERED ${key}.files`]);
  writeSensitivity(100, 'ug m-3');
  expect(codes(await check(given()))).toEqual([`UNIT_MISMATCH ${key}.variables.NO2`]);
});

test('masks of sensitivities, by the rules of certify', async () => {
  writeSensitivity();
  writeMask('half.nc', (data) => data.fill(0.5));
  writeMask('percent.nc', (data) => data.fill(50));
  writeMask('nothing.nc', (data) => data.fill(0));
  expect((await check(given(mask('half.nc')))).problems).toEqual([]);
  const faults: [string, string][] = [
    [mask('none.nc'), 'FILE_MISSING'],
    [mask('half.nc', 'AL'), 'VARIABLE_MISSING'],
    [mask('percent.nc'), 'MASK_INVALID'],
    [mask('nothing.nc'), 'REGION_EMPTY'],
  ];
  for (const [more, code] of faults) expect(codes(await check(given(more)))).toEqual([`${code} certificate.sensitivities.0.mask`]);
});

test('what the reference model needs of the weather, whichever channels the surrogate is given', async () => {
  rewrite('METCRO2D_winter.nc', { variables: (v) => v.filter(({ name }) => name !== 'Q2') });
  const few = [PERIOD, 'meteorology.variables=[u, v, TEMP2, PBL, RGRND, RN]', 'surrogate.tracers=[]'];
  const { problems } = await check(few);
  expect(problems.map(({ code, key, message }) => `${code} ${key}: ${message}`)).toEqual([
    `VARIABLE_MISSING meteorology.files: ${input('METCRO2D_winter.nc')}: there is no variable Q2, which the reference model needs: give files that hold it`,
  ]);
  // the pressure, where the files hold it
  rewrite('METCRO2D_winter.nc', { data: (name, values) => void (name === 'PRSFC' && values.fill(1000)) });
  expect(codes(await check(few))).toEqual(['VALUE_RANGE meteorology.files', 'VARIABLE_MISSING meteorology.files']);
  expect((await check([...few, 'ctm={kind: command, command: "sh run.sh {output}"}'])).problems).toEqual([]);
});

test('geography without time that has a date nevertheless is told, and read', async () => {
  const file = NetcdfFile.open(input('GRIDCRO2D.nc'), 'write');
  const [, variables] = file.shape('TFLAG');
  file.write(
    'TFLAG',
    [0, 0, 0],
    [1, variables, 2],
    Int32Array.from({ length: 2 * variables }, (_, i) => (i % 2 === 0 ? 2026005 : 60000)),
  );
  file.close();
  const { problems, notes } = await check();
  expect(problems).toEqual([]);
  expect(notes.find((note) => note.startsWith('geography'))).toMatch(/TSTEP is 0, .* but TFLAG says 2026-01-05T06:00Z: set TSTEP/);
});
