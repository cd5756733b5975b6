/** Emissions per area, and gases in mass: what `check` takes, `simulate` and a design take, too. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import { temporaryFolder } from '../../files/testing/shared-data';
import { writeGriddesc } from '../../grid/griddesc';
import { EMISSIONS, GRID, GROUPS, HOURS, readAll, START, WEATHER, writeFile } from '../../transport/testing/small-case';
import type { StageContext } from '../engine/stage';
import { simulateStage } from './simulate-stage';
import { writeDesign } from '../commands/write-design';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const CONCENTRATIONS = { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' };
const WITHOUT_MASSES = Object.fromEntries(Object.entries(GROUPS).map(([name, { variables }]) => [name, { variables }]));
/** g mol-1 of the groups' variables, by which their moles are written as mass. */
const MASSES: Record<string, number> = { NO: 46.0055, NO2: 46.0055, NH3: 17.031, SO2: 64.066, VOC: 40 };
const grams = EMISSIONS.map(({ name, value }) => ({
  name,
  units: 'g/s',
  value: (hour: number, cell: number, layer: number) => (MASSES[name] ?? 1) * value(hour, cell, layer),
}));
/** The same, per area. */
const fluxes = grams.map(({ name, value }) => ({
  name,
  units: 'kg m-2 s-1',
  value: (hour: number, cell: number, layer: number) => value(hour, cell, layer) / 1000 / GRID.cellArea(0),
}));

beforeEach(() => {
  writeGriddesc(at('GRIDDESC'), GRID);
  mkdirSync(at('inputs'));
  writeFile(at('inputs/moles.nc'), EMISSIONS);
  writeFile(at('inputs/grams.nc'), grams);
  writeFile(at('inputs/fluxes.nc'), fluxes);
  writeFile(at('METCRO2D.nc'), WEATHER);
});

function settings(emissions: string, ctm: object = { kind: 'reference', options: {} }, groups: object = GROUPS): Case {
  return {
    name: 'units',
    file: at('case.yaml'),
    grid: { griddesc: at('GRIDDESC'), name: 'SMALL' },
    periods: [{ name: 'july', start: START, hours: HOURS, spinUpHours: 0, members: true }],
    emissions: { files: at(`inputs/${emissions}.nc`), groups, sectors: {} },
    meteorology: { files: at('METCRO2D.nc'), format: 'auto', layers: 1, names: {} },
    concentrations: { variables: CONCENTRATIONS },
    members: {
      count: 0,
      perGroup: 0,
      scalings: [1.5],
      regionFactors: [],
      seed: 1,
      spread: Object.fromEntries(Object.keys(GROUPS).map((group) => [group, 0.4])),
      lengthKm: 50,
    },
    response: { groups: [], factor: 1.3 },
    observations: {},
    inversion: { factors: 'period', uncertainty: { method: 'none' }, nuisance: { runs: [] } },
    regions: {},
    ctm,
  } as unknown as Case;
}

/** Concentrations of the prior run and of a member. */
async function simulated(emissions: string): Promise<Map<string, Float32Array>[]> {
  const dir = at(`simulate-${emissions}`);
  const context = { caseSettings: settings(emissions), dir, threads: 1, signal: new AbortController().signal, progress: () => {}, log: () => {} };
  await simulateStage.run(context as unknown as StageContext);
  return ['prior', 'scaling-SO2-x1.5'].map((run) => readAll(join(dir, run, 'ACONC_july.nc')));
}

it('the reference model makes of emissions per cell and per area in mass what it makes of moles', async () => {
  const expected = await simulated('moles');
  for (const emissions of ['grams', 'fluxes']) {
    (await simulated(emissions)).forEach((run, r) => {
      for (const [name, values] of run) {
        // Single precision of emissions that were converted, through 26 hours of a model that smooths.
        values.forEach((value, i) => expect(Math.abs(value / expected[r].get(name)![i] - 1)).toBeLessThan(1e-5));
      }
    });
  }
});

it('a command gets emissions in mass without molar masses', async () => {
  const of = settings('grams', { kind: 'command', command: `echo {emissions} > ${at('got')}`, output: '*.nc', timeoutHours: 1 }, WITHOUT_MASSES);
  const context = { caseSettings: of, dir: at('simulate'), threads: 1, signal: new AbortController().signal, progress: () => {}, log: () => {} };
  // It has been run, and leaves nothing.
  await expect(simulateStage.run(context as unknown as StageContext)).rejects.toMatchObject({ code: 'CTM_OUTPUT' });
  expect(readFileSync(at('got'), 'utf8')).toBe(`${at('inputs/grams.nc')}\n`);
});

it.each(['grams', 'fluxes'])('a design of %s needs no molar masses', async (emissions) => {
  await writeDesign(settings(emissions, undefined, WITHOUT_MASSES), { dir: at('design') });
  const [prior, member] = [at(`inputs/${emissions}.nc`), at('design/scaling-VOC-x1.5/EMIS_july.nc')].map((path) => readAll(path).get('VOC')!);
  expect(member).toEqual(prior.map((value) => 1.5 * value));
});

it('a variable that is not there is missed before a command is run or a design is written', async () => {
  const groups = { ...GROUPS, VOC: { variables: ['PAR'] } };
  const missing = { code: 'VARIABLE_MISSING', message: expect.stringMatching(/PAR, which emissions\.groups\.VOC needs/) as string };
  await expect(writeDesign(settings('moles', undefined, groups), { dir: at('design') })).rejects.toMatchObject(missing);
  expect(existsSync(at('design'))).toBe(false);
});
