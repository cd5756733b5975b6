import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCase } from '../../data/case';
import { EMISSIONS, GRID, GROUPS, START, temporaryFolder, writeFile } from '../../transport/testing/small-case';
import { writeDemoWorld } from '../../worlds/demo-world';
import { readInventory } from './prepare';
import { runStages } from '../run';

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

  const at = (...path: string[]): string => join(own, 'run/prepare/winter', ...path);
  const files = (): string[] => readdirSync(at()).sort();
  /** Runs it; the files that are written, of winter. */
  async function prepare(...set: string[]): Promise<string[]> {
    const before = new Map((existsSync(at()) ? files() : []).map((name) => [name, statSync(at(name)).mtimeMs]));
    const settings = loadCase(file, ['members.count=2', 'response.groups=[]', 'paperMode.run=false', ...set]);
    await runStages(settings, { out: join(own, 'run'), stages: ['simulate', 'prepare'], threads: 1 });
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
});
