import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCase, type Case } from '../case';
import { writeGriddesc } from '../grid/griddesc';
import { expandGlobs } from '../files/glob';
import { createCtm } from './create-ctm';
import { EMISSIONS, GRID, readAll, START, temporaryFolder, WEATHER, writeFile } from './testing/small-case';

const FIVE =
  '{ NOx: { variables: [NO, NO2] }, NH3: { variables: [NH3] }, SO2: { variables: [SO2] }, VOC: { variables: [VOC] }, PM2.5: { variables: [PM25] } }';
const FOUR = '{ variables: { PM2.5: PM25_TOT } }';
const yaml = (ctm: string, groups = FIVE, concentrations = FOUR): string => `
name: small
grid: { griddesc: GRIDDESC, name: SMALL }
periods: [ { name: week, start: 2026-07-06T00:00:00Z, hours: 6, spinUpHours: 1 } ]
meteorology: { files: "METCRO2D_{period}*.nc" }
emissions:
  files: "EMIS_{period}*.nc"
  groups: ${groups}
concentrations: ${concentrations}
${ctm}
members: { count: 0 }
training: { differenceWeight: 0 }
surrogate: { window: [ { count: 2, hours: 1 } ] }
observations: { stations: { file: stations.csv, id: id, lon: lon, lat: lat }, files: "obs.csv", layout: cnemc-wide }
`;

describe('createCtm', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path, name);
  const period = { name: 'week', start: START, hours: 6 };
  beforeAll(() => {
    writeGriddesc(file('GRIDDESC'), GRID);
    writeFile(file('METCRO2D_week_1.nc'), WEATHER);
    writeFile(file('EMIS_week_1.nc'), EMISSIONS);
    writeFileSync(file('stations.csv'), 'id,lon,lat\n1,110,34\n');
  });
  afterAll(() => folder.remove());

  const outputOf = async (ctm: string, run: string, ...channels: string[]): Promise<Map<string, Float32Array>> => {
    writeFileSync(file('case.yaml'), yaml(ctm, ...channels));
    const settings = loadCase(file('case.yaml'));
    const output = join(folder.path, run, 'ACONC_week.nc');
    await createCtm(settings).run({ run, period, emissionFiles: expandGlobs(settings.emissions.files!, 'week'), output });
    return readAll(output);
  };

  it('runs the reference model with the options and the names of the case', async () => {
    const plain = await outputOf('', 'plain');
    expect([...plain.keys()]).toEqual(['NO2', 'SO2', 'O3', 'PM25_TOT']);
    const options = await outputOf('ctm: { kind: reference, options: { background.O3: 60 } }', 'options');
    expect(options.get('O3')![0]).toBeGreaterThan(plain.get('O3')![0] + 5);
  });

  it('gives the species of the case, of its groups, in their order, and refuses those that the reference model does not have', async () => {
    const groups = '{ PM2.5: { variables: [PM25] }, SO2: { variables: [SO2] } }';
    const output = await outputOf('', 'few', groups, '{ species: [PM10, SO2, CO], variables: { SO2: SO2_ground } }');
    expect([...output.keys()]).toEqual(['PM10', 'SO2_ground', 'CO']);
    await expect(outputOf('', 'soot', groups, '{ species: [SO2, EC] }')).rejects.toMatchObject({ code: 'CTM_SPECIES' });
  });

  it('leaves layers beside the surface where the case has columns, and makes a run again that lacks them', async () => {
    const columns = 'columns: { NO2_column: { files: "S5P*.nc" }, HCHO_column_tropomi: { files: "HCHO*.nc" } }';
    const concentrations = FOUR.replace(/ }$/, ', layers: { meteorology: "METCRO3D.nc", variables: { HCHO: CH2O } } }');
    const settingsOf = (...more: string[]): Case => {
      writeFileSync(file('case.yaml'), yaml([columns, ...more].join('\n'), FIVE, concentrations));
      return loadCase(file('case.yaml'));
    };
    const settings = settingsOf();
    const ctm = createCtm(settings);
    const output = file('layered/ACONC_week.nc');
    const request = { run: 'prior', period, emissionFiles: expandGlobs(settings.emissions.files!, 'week'), output };
    await ctm.run(request);
    const [surface, layers] = [readAll(output), readAll(file('layered/LAYERS_week.nc'))];
    expect([...surface.keys()]).toEqual(['NO2', 'SO2', 'O3', 'PM25_TOT']);
    expect([...layers.keys()]).toEqual(['NO2', 'CH2O', 'PRES', 'DENS', 'ZF', 'ZH']);
    expect(ctm.isMade(output)).toBe(true);
    rmSync(file('layered/LAYERS_week.nc'));
    expect(ctm.isMade(output)).toBe(false);
    await ctm.run(request);
    expect(readAll(file('layered/LAYERS_week.nc'))).toEqual(layers);
    expect(surface).toEqual(await outputOf('', 'plain'));

    const own = createCtm(
      settingsOf(`ctm: { kind: command, command: "cp ${file('layered')}/*.nc {output}/", output: "ACONC*.nc", layers: "LAYERS*.nc" }`),
    );
    await own.run({ ...request, output: file('own/ACONC_week.nc') });
    const copied = readAll(file('own/LAYERS_week.nc'));
    expect([...copied.keys()]).toEqual(['NO2', 'CH2O']);
    for (const [name, values] of copied) expect(values).toEqual(layers.get(name));
    expect(readAll(file('own/ACONC_week.nc'))).toEqual(surface);
  });

  it('runs a command, whose output then looks the same', async () => {
    await outputOf('', 'plain');
    const copied = await outputOf(`ctm: { kind: command, command: "cp ${file('plain/ACONC_week.nc')} {output}/" }`, 'command');
    expect(copied).toEqual(readAll(file('plain/ACONC_week.nc')));
  });
});
