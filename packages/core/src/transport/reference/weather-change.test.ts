import { join } from 'node:path';
import { runReferenceModel } from './reference-model';
import type { ReferenceSettings } from './reference-options';
import { EMISSIONS, GROUPS, readAll, SPECIES_NAMES, START, temporaryFolder, WEATHER, writeFile } from '../testing/small-case';

const folder = temporaryFolder();
let emissions: string;
beforeAll(() => (emissions = writeFile(join(folder.path, 'EMIS.nc'), EMISSIONS)));
afterAll(() => folder.remove());

type Change = (value: number) => number;

async function concentrations(options: ReferenceSettings, changes: Record<string, Change> = {}): Promise<Map<string, Float32Array>> {
  const changed = WEATHER.map((variable) => {
    const change: Change = changes[variable.name] ?? ((value) => value);
    return { ...variable, value: (hour: number, cell: number) => change(variable.value(hour, cell, 0)) };
  });
  const output = join(folder.path, 'ACONC.nc');
  const meteorologyFiles = [writeFile(join(folder.path, 'METCRO2D.nc'), changed)];
  await runReferenceModel({
    emissionFiles: [emissions],
    meteorologyFiles,
    output,
    period: { start: START, hours: 26 },
    groups: GROUPS,
    variables: SPECIES_NAMES,
    options,
  });
  return readAll(output);
}

function largestChange(one: Map<string, Float32Array>, other: Map<string, Float32Array>): number {
  return Math.max(
    ...[...one].map(([name, values]) => values.reduce((most, value, i) => Math.max(most, Math.abs(other.get(name)![i] / value - 1)), 0)),
  );
}

describe('settings that change the weather of the files', () => {
  const cases: [string, ReferenceSettings, Record<string, Change>][] = [
    ['winds by a factor', { 'weatherFactor.wind': 1.25 }, { WSPD10: (speed) => 1.25 * speed }],
    ['winds that veer', { windTurn: 20 }, { WDIR10: (degrees) => (degrees + 20) % 360 }],
    [
      'winds by a factor, turned back',
      { 'weatherFactor.wind': 0.8, windTurn: -30 },
      { WSPD10: (speed) => 0.8 * speed, WDIR10: (degrees) => (degrees + 330) % 360 },
    ],
    ['the mixed layer', { 'weatherFactor.mixedLayer': 1.3 }, { PBL: (height) => 1.3 * height }],
    ['radiation', { 'weatherFactor.radiation': 0.5 }, { RGRND: (flux) => 0.5 * flux }],
    ['rain, to none', { 'weatherFactor.rain': 0 }, { RN: () => 0 }],
  ];
  it.each(cases)('%s: as with files that have it so', async (_, options, changes) => {
    const [plain, expected, got] = [await concentrations({}), await concentrations({}, changes), await concentrations(options)];
    // Files hold speed and direction in single precision.
    expect(largestChange(expected, got)).toBeLessThan(2e-4);
    expect(largestChange(plain, got)).toBeGreaterThan(0.01);
  });

  it('names the settings where it is they that make weather which there is not', async () => {
    const said = async (options: ReferenceSettings): Promise<string> =>
      concentrations(options).then(
        () => 'nothing',
        (error: Error) => error.message,
      );
    expect(await said({ 'weatherFactor.radiation': 2.5, windTurn: 5 })).toMatch(
      /radiation: expected 0 to 1500 W m-2 but received 1\d+(\.\d+)? at row 0, column 0: the weather of the files is changed by weatherFactor.radiation 2.5, windTurn 5: mend these settings, or the meteorology file$/,
    );
  });

  it('refuses a negative factor and a field that there is not', async () => {
    await expect(concentrations({ 'weatherFactor.wind': -1 })).rejects.toMatchObject({
      code: 'CTM_OPTION',
      message: expect.stringMatching(/weatherFactor.wind: expected a factor of 0 or more but received -1/) as string,
    });
    await expect(concentrations({ 'weatherFactor.winds': 1.2 })).rejects.toMatchObject({
      code: 'CTM_OPTION',
      message: expect.stringMatching(/no such setting/) as string,
    });
  });
});
