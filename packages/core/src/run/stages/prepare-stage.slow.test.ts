import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../../case';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { readGriddesc } from '../../grid/griddesc';
import { createCtm } from '../../transport/create-ctm';
import { writeScaledEmissions } from '../../inventory/scaling/scaled-emissions';
import { EMISSIONS, GRID, GROUPS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';
import { writeDemoWorld } from '../../worlds/demo-world';
import { readInventory } from '../../inventory/reading/read-inventory';
import { runStages } from '../run-case';
import type { StageEvent } from '../engine/stage';

const folder = temporaryFolder();
afterAll(folder.remove);

it('takes the hour that two daily files hold from the later one, and says so once', () => {
  const day = (d: number): string =>
    writeFile(
      join(folder.path, `EMIS_${d}.nc`),
      EMISSIONS.map((variable) => ({ ...variable, value: () => 1 + d })),
      { start: new Date(START.getTime() + d * 86400e3), count: 25 },
    );
  const told: string[] = [];
  const sector = { name: 'rest', files: [0, 1, 2].map(day), groups: GROUPS };
  const time = { start: START, stepSeconds: 3600, count: 72 };
  const emissions = readInventory([sector], GRID, time, {}, (text) => void told.push(text));
  const perHour = emissions.length / time.count;
  expect([23, 24, 25, 48].map((hour) => emissions[hour * perHour] / emissions[0])).toEqual(
    [1, 2, 2, 3].map((ratio) => expect.closeTo(ratio, 5) as number),
  );
  expect(told).toEqual([expect.stringMatching(/EMIS_1\.nc: NO at .*: the later file's hour counts$/)]);
});

describe('what is prepared', () => {
  let own: string;
  let file: string;
  beforeAll(async () => {
    own = mkdtempSync(join(tmpdir(), 'prepare-'));
    file = await writeDemoWorld(own, { rows: 12, cols: 12, hours: 30, spinUpHours: 6, stations: 12 });
    await prepare();
  });
  afterAll(() => rmSync(own, { recursive: true, force: true }));

  it('tells how the wind directions were turned', async () => {
    await prepare('meteorology.variables=[u, v, PBL, RGRND, TEMP2, Q2, RN, PRSFC]');
    expect(told).toContain('winter: WDIR10 is taken against true north: by its header the file is not of MCIP');
  });

  const at = (...path: string[]): string => join(own, 'run/prepare/winter', ...path);
  const files = (): string[] => readdirSync(at()).sort();
  /** what the last run told */
  let told: string[];
  /** Runs it; the files that are written, of winter. */
  async function prepare(...set: string[]): Promise<string[]> {
    const before = new Map((existsSync(at()) ? files() : []).map((name) => [name, statSync(at(name)).mtimeMs]));
    told = [];
    const settings = loadCase(file, ['members.count=2', 'response.groups=[]', 'paperMode.run=false', ...set]);
    const onEvent = (event: StageEvent): void => void (event.kind === 'log' && event.stage === 'prepare' && told.push(event.text));
    await runStages(settings, { out: join(own, 'run'), stages: ['simulate', 'prepare'], threads: 1, onEvent });
    return files().filter((name) => before.get(name) !== statSync(at(name)).mtimeMs);
  }

  it.each<[string, string[]]>([
    ['members.count=3', ['run-member03.nc']],
    ['members.seed=9', ['run-member01.nc', 'run-member02.nc']],
    ['meteorology.variables=[u, v, PBL, RGRND, TEMP2, Q2, RN]', ['meteorology.nc']],
    ['ctm.options.honoRate=0', ['run-member01.nc', 'run-member02.nc', 'run-prior.nc']],
  ])('is made again only where what decides it has changed: %s', async (set, written) => {
    await prepare();
    expect(await prepare(set)).toEqual(written);
  });

  it('is what the case has, and no more', async () => {
    await prepare('members.count=3');
    await prepare('members.count=1');
    expect(files()).toEqual(['meteorology.nc', 'run-member01.nc', 'run-prior.nc']);
  });

  it('tells of an inventory without a group or a millionth as large, of a run a millionth as large, and refuses one that emits nothing', async () => {
    const settings = loadCase(file);
    /** The prior's files with these factors on the groups. */
    const changed = (ofGroups: number[]): string => {
      const factors = Float32Array.from({ length: 12 * 12 * 5 }, (_, i) => ofGroups[i % 5]);
      for (const { name, start, hours } of settings.periods) {
        const span = { factors, start: new Date(start), hours: hours + 1 };
        const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
        writeScaledEmissions([join(own, `inputs/EMIS_${name}.nc`)], join(own, `changed_${name}.nc`), [span], settings.emissions.groups, { grid });
      }
      return `emissions.files=${own}/changed_{period}.nc`;
    };
    await prepare(changed([1e-6, 0, 1, 1, 1]));
    const said = (text: string): unknown => expect.stringMatching(new RegExp(`^warning: winter: .*changed_winter\\.nc: ${text}`));
    expect(told).toContainEqual(said('NOx: a mean of \\S+ kg m-2 s-1 is less than a ten-thousandth'));
    expect(told).toContainEqual(said('NH3 is 0 in all cells and hours of the period, and nothing can be found of it'));
    expect(told.filter((text) => /unit wrong|nothing can be found/.test(text))).toHaveLength(4); // winter and summer
    await expect(prepare(changed([0, 0, 0, 0, 0]))).rejects.toMatchObject({ code: 'EMISSIONS_NONE' });
    await prepare();
    for (const { name } of settings.periods) {
      const made = IoapiFile.open(join(own, 'run/simulate/prior', `ACONC_${name}.nc`));
      const { grid, time, layers, variables } = made;
      const writer = IoapiWriter.create(join(own, `small_${name}.nc`), { grid, time, layers, variables });
      for (const variable of variables) writer.write(variable.name, 0, made.read(variable.name).map((value) => value * 1e-6)); // prettier-ignore
      for (const each of [made, writer]) each.close();
    }
    await prepare(`members.runs=[{name: m1, emissions: "${own}/inputs/EMIS_{period}.nc", concentrations: "${own}/small_{period}.nc"}]`);
    expect(told).toContainEqual(expect.stringMatching(/^warning: winter: m1: O3: a mean of \S+ ppb is less than the cleanest air holds/));
  });

  it('tells of a brought run in another unit than the prior, and of hours in which it emits nothing', async () => {
    const settings = loadCase(file);
    const { emissions, grid, periods } = settings;
    const options = { grid: readGriddesc(grid.griddesc, grid.name) };
    /** The prior's files with factors on the groups in some hours, and what the model makes of them. */
    const bring = async (ofGroups: number[], first: number, hours: number): Promise<string> => {
      for (const period of periods) {
        const { name, start } = period;
        const factors = Float32Array.from({ length: 12 * 12 * 5 }, (_, i) => ofGroups[i % 5]);
        const span = { factors, start: new Date(new Date(start).getTime() + first * 3600e3), hours };
        const [scaled, output] = ['m1', 'm1_ACONC'].map((kind) => join(own, `${kind}_${name}.nc`));
        writeScaledEmissions([join(own, `inputs/EMIS_${name}.nc`)], scaled, [span], emissions.groups, options);
        rmSync(output, { force: true });
        await createCtm(settings).run({ run: 'm1', period, emissionFiles: [scaled], output, threads: 1 });
      }
      return `members.runs=[{name: m1, emissions: "${own}/m1_{period}.nc", concentrations: "${own}/m1_ACONC_{period}.nc"}]`;
    };
    await prepare();
    await prepare(await bring([33, 1, 1, 1, 1], 0, 30));
    const ratio = 'm1 emits 33 times as much NOx as the prior: is a unit wrong in the files of one of them?';
    expect(told.slice(1)).toEqual([`warning: winter: ${ratio}`, `warning: summer: ${ratio}`]); // the first says why it is run again
    await prepare(await bring([0, 0, 0, 0, 0], 20, 1)); // and the hour at which that ends
    const zero = (name: string, day: string): unknown =>
      expect.stringContaining(`m1_${name}.nc: all emissions of all cells are 0 in 2 of the 30 hours of the period, first at ${day}T20:00Z: are`);
    expect(told.slice(1)).toEqual([zero('winter', '2026-01-05'), zero('summer', '2026-07-06')]);
  });
});
