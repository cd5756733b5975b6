import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Grid } from '../../grid/grid';
import type { CtmRequest } from '../ctm';
import { priorRequest, settingsOf, SPECIES } from '../testing/external-runs';
import { CELLS, GRID, readAll, START, temporaryFolder, writeFile } from '../testing/small-case';
import { ExternalCtm, type ExternalCtmSettings } from './external-ctm';

describe('the layers of a command', () => {
  const folder = temporaryFolder();
  const aconc = join(folder.path, 'surface.nc');
  beforeAll(() => writeFile(aconc, SPECIES, { layers: 2 }));
  afterAll(() => folder.remove());

  const HOUR = 3600e3;
  const GASES = [
    { name: 'NO2', units: 'ppmV', value: (hour: number, cell: number, layer: number) => 1e-3 * (1 + hour + cell / 100 + 10 * layer) },
    { name: 'FORM', units: 'ppbV', value: () => 2 },
    { name: 'O3', units: 'ppmV', value: () => 0.04 },
  ];
  const layers = { glob: 'CONC*.nc', variables: { NO2: 'NO2', HCHO: 'FORM' } };
  const calls = join(folder.path, 'calls-with-layers');
  const made = (dir: string): string => join(folder.path, `of-${dir}`);
  /** A command that leaves its surface, and what a folder holds. */
  const ctmOf = (dir: string, changes: Partial<ExternalCtmSettings> = {}): ExternalCtm =>
    new ExternalCtm(
      settingsOf(`echo called >>'${calls}'; cp {emissions} {output}/ACONC.nc; cp ${made(dir)}/* {output}/`, {
        outputGlob: 'ACONC*.nc',
        layers,
        ...changes,
      }),
    );
  const called = (): number => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0);
  /** Files of a model: first hour from the start of the period, steps, and what each differs in. */
  const leave = (dir: string, ...files: { first?: number; count?: number; changes?: object; gases?: typeof GASES; grid?: Grid }[]): string => {
    mkdirSync(made(dir), { recursive: true });
    files.forEach(({ first = 0, count = 25, changes = {}, gases = GASES, grid }, i) => {
      const shifted = gases.map((gas) => ({ ...gas, value: (h: number, c: number, l: number) => gas.value(h + first, c, l) }));
      writeFile(join(made(dir), `CONC_${i}.nc`), shifted, { layers: 3, start: new Date(START.getTime() + first * HOUR), count, grid, ...changes });
    });
    return dir;
  };
  const asked = (dir: string): CtmRequest => priorRequest(aconc, join(folder.path, dir, 'ACONC_winter.nc'));
  const layersOf = (dir: string): string => join(folder.path, dir, 'LAYERS_winter.nc');

  it('copies the gases that columns need, all layers, every instant from the beginning to the end', async () => {
    leave(
      'days',
      { count: 13 },
      { first: 12, count: 18, gases: GASES.map((gas) => ({ ...gas, value: (h, c, l) => (h === 12 ? 1 : gas.value(h, c, l)) })) },
    );
    const ctm = ctmOf('days');
    await ctm.run(asked('days'));
    const all = readAll(layersOf('days'));
    expect([...all.keys()]).toEqual(['NO2', 'FORM']);
    const no2 = all.get('NO2')!;
    expect(no2).toHaveLength(25 * 3 * CELLS);
    for (const [hour, layer, cell] of [
      [0, 0, 0],
      [12, 2, 7],
      [24, 1, 79],
    ])
      expect(no2[(hour * 3 + layer) * CELLS + cell]).toBeCloseTo(1 + hour + cell / 100 + 10 * layer, 4);
    expect(readAll(asked('days').output).get('NO2')![3 * CELLS + 7]).toBeCloseTo(10, 5); // the surface as ever
    expect(ctm.isMade(asked('days').output)).toBe(true);
  });

  it('takes its surface of the other files where the glob of the output matches those with layers, too', async () => {
    leave('both', {});
    await ctmOf('both', { outputGlob: '*.nc' }).run(asked('both'));
    leave('apart', {});
    await ctmOf('apart').run(asked('apart'));
    expect(readAll(asked('both').output)).toEqual(readAll(asked('apart').output));
  });

  it('takes fewer instants of equal distance', async () => {
    leave('rare', { first: 6, count: 1 }, { first: 18, count: 1 });
    await ctmOf('rare').run(asked('rare'));
    expect(readAll(layersOf('rare')).get('FORM')).toHaveLength(2 * 3 * CELLS);
  });

  it('reads them again where they are gone or the case reads others, and does not run the command', async () => {
    leave('reread', {});
    const surfaceAlone = ctmOf('reread', { layers: undefined });
    const request = asked('reread');
    await surfaceAlone.run(request);
    const before = called();
    expect(existsSync(layersOf('reread'))).toBe(false);
    const [ctm, other] = [ctmOf('reread'), ctmOf('reread', { layers: { ...layers, variables: { NO2: 'O3' } } })];
    expect([surfaceAlone.isMade(request.output), ctm.isMade(request.output)]).toEqual([true, false]); // the case has got its columns now
    await ctm.run(request);
    expect([surfaceAlone, ctm, other].map((each) => each.isMade(request.output))).toEqual([true, true, false]);
    rmSync(layersOf('reread'));
    expect([surfaceAlone, ctm].map((each) => each.isMade(request.output))).toEqual([true, false]);
    await ctm.run(request);
    await other.run(request);
    expect([...readAll(layersOf('reread')).keys()]).toEqual(['O3']);
    rmSync(layersOf('reread'));
    rmSync(join(folder.path, 'reread/ACONC_winter'), { recursive: true });
    await expect(other.run(request)).rejects.toMatchObject({
      code: 'CTM_OUTPUT_GONE',
      message: expect.stringMatching(
        /prior: the file with its layers is not there, and what the command left in .*reread.ACONC_winter is not there any more/,
      ) as string,
    });
    expect(called()).toBe(before);
  });

  it.each<[string, () => string, Partial<ExternalCtmSettings>, RegExp]>([
    ['no file', () => (leave('none'), writeFileSync(join(made('none'), 'other'), ''), 'none'), {}, /CONC\*\.nc: no file matches/],
    [
      'the lowest layer alone',
      () => leave('flat', { changes: { layers: 1 } }),
      {},
      /CONC_0\.nc: expected output with layers but it has the lowest alone/,
    ],
    [
      'files of other layers',
      () => leave('mixed', { count: 13 }, { first: 13, changes: { layers: 2 } }),
      {},
      /expected 3 layers as in .*CONC_0\.nc but received 2/,
    ],
    ['a gas missing', () => leave('gas', { gases: GASES.slice(0, 1) }), {}, /CONC_0\.nc: .*no variable FORM/],
    [
      'a gap',
      () => leave('gap', { count: 5 }, { first: 6, count: 19 }),
      {},
      /CONC\*\.nc: these files hold no layers at 2026-07-06T05:00Z: let the model/,
    ],
    ['a late beginning', () => leave('late', { first: 2 }), {}, /hold no layers at 2026-07-06T01:00Z/],
    ['an early end', () => leave('early', { count: 23 }), {}, /hold no layers at 2026-07-06T23:00Z/],
    ['another period', () => leave('period', { first: 48 }), {}, /hold no layers at 2026-07-06T00:00Z/],
    ['another grid', () => leave('grid', { grid: new Grid({ ...GRID.definition, xorig: 0 }) }), {}, /XORIG/],
    ['a mass', () => leave('mass', { gases: GASES.map((gas) => ({ ...gas, units: 'kg m-3' })) }), {}, /CONC_0\.nc: NO2/],
    [
      'codes',
      () => leave('codes', { gases: GASES.map((gas) => ({ ...gas, value: (h) => (h === 4 ? -9999 : 1e-3) })) }),
      {},
      /NO2.*-9999.*2026-07-06T04:00Z/,
    ],
    ['a surface that does not fit', () => leave('surface', {}), { outputGlob: 'ACONC_other*.nc' }, /ACONC_other\*\.nc: no file matches/],
  ])('refuses %s, and leaves neither file', async (_, prepare, changes, message) => {
    const dir = prepare();
    const failure = ctmOf(dir, changes).run(asked(dir));
    await expect(failure).rejects.toMatchObject({ code: 'CTM_OUTPUT', message: expect.stringMatching(message) as string });
    expect(readdirSync(join(folder.path, dir)).filter((name) => /\.nc/.test(name))).toEqual([]);
  });
});
