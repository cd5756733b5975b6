/** The real case's inputs, made from the real files: skipped, visibly, where these are missing. */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { describeShared, sharedData } from '../packages/core/src/files/testing/shared-data';
import { checkCase, IoapiFile, loadCase, readGriddesc } from '../packages/core/src';

const SCRIPT = join(__dirname, '..', 'examples', 'china-201701', 'prepare-inputs.mjs');
const HOURS = 41; // up to the end of 2 January in Beijing

test('prepare-inputs says what is missing before it makes anything', () => {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-china-'));
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, folder, join(folder, 'out')], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    3,
    expect.stringMatching(/expected china-201701\/GRIDDESC and 8 more in .* but did not find them: give the folder/),
  ]);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

describeShared('prepare-inputs of examples/china-201701', () => {
  let [out, inputs, messages] = ['', '', ''];
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'retroplume-china-'));
    inputs = join(out, 'inputs');
    const run = spawnSync(process.execPath, [SCRIPT, sharedData, out, String(HOURS)], { encoding: 'utf8' });
    messages = run.stderr;
    if (run.status !== 0) throw new Error(messages);
  }, 300000);
  afterAll(() => rmSync(out, { recursive: true }));

  it('writes inputs on cn27 and a case that the schema accepts', () => {
    const grid = readGriddesc(join(inputs, 'GRIDDESC'), 'cn27');
    const loaded = loadCase(join(out, 'case.yaml'));
    expect(loaded.assumptions.length).toBeGreaterThan(10);
    expect([grid.cols, grid.rows]).toEqual([232, 182]);
    for (const name of ['METCRO2D_january.nc', 'EMIS_january.nc']) {
      const file = IoapiFile.open(join(inputs, name));
      grid.assertSame(file.grid, name);
      expect([file.time.count, file.time.start.toISOString()]).toEqual([HOURS, '2017-01-01T00:00:00.000Z']);
      file.close();
    }
  });

  it('holds no numbers that no region has, and says how its wind is turned', async () => {
    const { right, notes } = await checkCase(join(out, 'case.yaml'), { set: [`periods.0.hours=${HOURS - 1}`, 'periods.0.spinUpHours=16'] });
    expect(notes.filter((note) => /is a unit wrong|its unit wrong|° apart/.test(note))).toEqual([]);
    expect(right.join('\n')).toMatch(
      /^meteorology, january: 1 file, 41 hours; WDIR10 is taken against true north: by its header the file is not of MCIP$/m,
    );
    expect(right.join('\n')).toMatch(/^prior emissions, january: /m);
  }, 60000);

  it("emits the paper's national totals, times January", () => {
    const rate = (group: string): number => Number(new RegExp(`${group.replace('.', '\\.')} ([0-9.]+)`).exec(messages)![1]);
    expect(rate('NH3')).toBeCloseTo(10.39 / 2, 2);
    expect(rate('NOx') / 20.44).toBeGreaterThan(1);
    expect(rate('NOx') / 20.44).toBeLessThan(1.3);
    expect(rate('SO2') / 14.4).toBeLessThan(1.6);
    // the file holds China and its neighbours: more than China, less than three times it
    const file = IoapiFile.open(join(inputs, 'EMIS_january.nc'));
    const grams = file.read('NO', 0, 24).reduce((sum, moles) => sum + (moles * 46.0055) / 24, 0) / 0.9;
    const megatonnes = (grams * 3.1536e7) / 1e12;
    expect(megatonnes).toBeGreaterThan(rate('NOx'));
    expect(megatonnes).toBeLessThan(3 * rate('NOx'));
    for (const { name } of file.variables) expect(file.read(name).every((value) => value >= 0)).toBe(true);
    file.close();
  });

  it('blows from where the reanalysis says, four tenths as fast', async () => {
    const file = IoapiFile.open(join(inputs, 'METCRO2D_january.nc'));
    const [speed, direction] = [file.read('WSPD10'), file.read('WDIR10')];
    const cells = file.grid.rows * file.grid.cols;
    const mean = (cell: number, component: (radians: number) => number): number => {
      let sum = 0;
      for (let hour = 16; hour < 40; hour++) sum -= speed[hour * cells + cell] * component((direction[hour * cells + cell] * Math.PI) / 180);
      return sum / 24;
    };
    const [given, found]: [number[], number[]] = [[], []];
    for (const [lon, lat, U, V] of await windsOfDay('20170102')) {
      const cell = file.grid.cellAt(lon, lat);
      if (!cell) continue;
      const at = cell.row * file.grid.cols + cell.col;
      given.push(U, V);
      found.push(mean(at, Math.sin), mean(at, Math.cos));
    }
    file.close();
    expect(given.length).toBeGreaterThan(2000);
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
    // hours are linear between the noons of days, so a day holds an eighth of each neighbour
    expect(dot(given, found) / dot(given, given)).toBeGreaterThan(0.34);
    expect(dot(given, found) / dot(given, given)).toBeLessThan(0.42);
    expect(dot(given, found) / Math.sqrt(dot(given, given) * dot(found, found))).toBeGreaterThan(0.95);
  });

  it('has a winter in physical bounds, colder in the north', () => {
    const file = IoapiFile.open(join(inputs, 'METCRO2D_january.nc'));
    const bounds: Record<string, [number, number]> = {
      TEMP2: [225, 310],
      Q2: [1e-5, 0.03],
      PRSFC: [5e4, 1.04e5],
      PBL: [80, 2500],
      RGRND: [0, 1000],
      RN: [0, 0.1],
    };
    for (const [name, [low, high]] of Object.entries(bounds)) expect(file.read(name).every((value) => value >= low && value <= high)).toBe(true);
    const temperature = file.read('TEMP2', 0, 1);
    const at = (lon: number, lat: number): number => {
      const { row, col } = file.grid.cellAt(lon, lat)!;
      return temperature[row * file.grid.cols + col];
    };
    expect(at(126.6, 45.8)).toBeLessThan(at(113.3, 23.1) - 20); // Harbin, Guangzhou
    file.close();
  });
});

/** [lon, lat, U, V] of every point of a day, read independently of the script. */
async function windsOfDay(day: string): Promise<[number, number, number, number][]> {
  const stream = createReadStream(join(sharedData, 'china-201701', 'wind_1deg_daily_201701.csv.gz')).pipe(createGunzip());
  const rows: [number, number, number, number][] = [];
  for await (const line of createInterface({ input: stream })) {
    const [date, ...values] = line.split(',');
    if (date === day) rows.push(values.map(Number) as [number, number, number, number]);
  }
  return rows;
}
