/** A twin experiment whose truth has another transport model than prior and members, through `runStages` on a small world. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS, SPECIES } from '../packages/core/src/base/species';
import { loadCase, type Case } from '../packages/core/src/case';
import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import { simulatedRuns, TRUTH } from '../packages/core/src/case/case-runs';
import { canonicalJson } from '../packages/core/src/files/json';
import { runStages } from '../packages/core/src/run/run-case';
import { type RunResult } from '../packages/core/src/run/run';
import { simulateStage } from '../packages/core/src/run/stages/simulate-stage';
import type { InvertSummary } from '../packages/core/src/run/inversions/run-inversion';
import type { StageContext } from '../packages/core/src/run/engine/stage';
import type { VerifySummary } from '../packages/core/src/run/results/verify';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { SHORT_STAGES, SMALL_RUN } from './testing/small-run';

jest.setTimeout(400_000); // every stage runs, on a busy machine too

const WORLD = { rows: 16, cols: 16, hours: 72, spinUpHours: 24, stations: 20, seed: 5 };
const SETTINGS = [
  ...SMALL_RUN,
  ...SHORT_STAGES,
  'certificate.patches={count: 1, cells: 2}',
  `inversion.nuisance.runs=[${[
    '{name: mixing, options: {minimumMixedLayer: 200}, spread: 1}',
    '{name: winds, windErrors: {draws: 2, speed: 0.15, direction: 8}, spread: 1, varies: {hours: 24, km: 300}}', // as in the demo's case
    '{name: inflow, options: {background.O3: 50}, spread: 1, varies: {km: 300}}',
  ].join()}]`,
  'inversion.uncertainty.rank=3',
];

const WINDS = 'truth.windError={speed: 0.12, direction: 10}';
const OPTIONS = 'truth.options.windExponent=0.2';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'retroplume-non-identical-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Concentrations of a run of `simulate`. */
function concentrations(out: string, run: string, period = 'winter'): string {
  const file = IoapiFile.open(join(folder, out, 'simulate', run, `ACONC_${period}.nc`));
  const hash = createHash('sha256');
  for (const { name } of file.variables) hash.update(Buffer.from(file.read(name).buffer));
  file.close();
  return hash.digest('hex');
}

/** What of the case decides the runs of `simulate`, as its key has it. */
function decisive(out: string, changes: string[] = []): string {
  return canonicalJson(simulateStage.settings({ caseSettings: caseOf(out, changes) } as StageContext));
}

function caseOf(out: string, changes: string[] = []): Case {
  return loadCase(join(folder, out, 'case.yaml'), [...SETTINGS, ...changes]);
}

async function run(out: string, nonIdentical: boolean, stages: 'all' | 'simulate', changes: string[] = []): Promise<RunResult> {
  await writeDemoWorld(join(folder, out), { ...WORLD, nonIdentical });
  return runStages(caseOf(out, changes), { out: join(folder, out), stages: stages === 'all' ? 'all' : [stages], threads: 1 });
}

describe('a truth with another model', () => {
  let result: RunResult;
  beforeAll(async () => {
    await run('identical', false, 'simulate');
    result = await run('other', true, 'all');
  });

  it('leaves every other run as it is, bit for bit', () => {
    const others = simulatedRuns(caseOf('other')).filter((name) => name !== TRUTH);
    expect(others).toHaveLength(8);
    for (const name of others) expect(concentrations('other', name)).toBe(concentrations('identical', name));
    expect(concentrations('other', TRUTH)).not.toBe(concentrations('identical', TRUTH));
  });

  it('counts for the key of simulate, which stays as it was without it', () => {
    expect(decisive('identical')).not.toContain('truth');
    const keys = [decisive('identical'), decisive('other'), decisive('identical', [WINDS]), decisive('identical', [OPTIONS])];
    expect(new Set(keys).size).toBe(4);
  });

  it('has another truth with other options alone and with other winds alone, and the same with the same seed', async () => {
    await run('winds', false, 'simulate', [WINDS]);
    await run('options', false, 'simulate', [OPTIONS]);
    await run('again', true, 'simulate');
    const truths = ['identical', 'winds', 'options', 'other'].map((out) => concentrations(out, TRUTH));
    expect(new Set(truths).size).toBe(4);
    expect(concentrations('again', TRUTH)).toBe(truths[3]);
  });

  it('runs to the report, which says what differs', () => {
    expect(Object.keys(result.inventory!)).toEqual([...GROUPS]);
    expect(result.case).toBe('demo-non-identical');
    const page = readFileSync(result.report!, 'utf8');
    expect(page).toContain('made by another model than all other runs');
    expect(page).toContain('id="table-audit"');
  });

  it('is audited, and judged near the monitors, in the file as in the result', () => {
    const verify = join(folder, 'other/verify');
    const written = JSON.parse(readFileSync(join(verify, 'verification.json'), 'utf8')) as VerifySummary;
    expect(written.audit).toHaveLength(2 * 3 * 5); // periods, whole domain and two regions, groups
    const asWritten = JSON.parse(JSON.stringify(result)) as typeof result; // what is undefined is left out
    expect(written).toMatchObject({ audit: asWritten.audit, inventoryNearMonitors: asWritten.inventoryNearMonitors });
    for (const group of GROUPS) expect(result.inventoryNearMonitors![group].priorError).not.toBe(result.inventory![group].priorError);
    expect(readFileSync(join(verify, 'audit.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(1 + written.audit.length);
  });

  it('has numbers of each period for what varies in time, and of both for what varies in space alone', () => {
    const { nuisance } = JSON.parse(readFileSync(join(folder, 'other/invert/inversion.json'), 'utf8')) as InvertSummary;
    const days = ['2026-01-05T00:00Z', '2026-01-06T12:00Z', '2026-01-08T00:00Z', '2026-07-06T00:00Z', '2026-07-07T12:00Z', '2026-07-09T00:00Z'];
    const places = ['0.0', '16.7'].flatMap((row) => ['0.0', '16.7'].map((col) => `row ${row}, column ${col}`));
    const winds = [1, 2].map((draw) => days.map((day) => places.map((place) => `winds, draw ${draw} at ${day}, ${place}`)));
    expect(nuisance!.map(({ name }) => name)).toEqual(['mixing', ...winds.flat(2), ...places.map((place) => `inflow at ${place}`)]);
    // Daily means after a day of spin-up have their middles at 36 and 60 h: the first node of a period, which reaches to the second at 36 h, sees none.
    const still = nuisance!.filter(({ value }) => value === 0).map(({ name }) => name);
    expect(still).toEqual(winds.flatMap((ofDraw) => [...ofDraw[0], ...ofDraw[3]]));
    // Two of them vary together as one of spread 1 would.
    expect(new Set(nuisance!.filter(({ name }) => name.startsWith('winds')).map(({ spread }) => spread))).toEqual(new Set([1 / Math.sqrt(2)]));
  });

  // docs/cases/non-identical.md says with it what no inversion can gain.
  it('is measured by tools/bench/model-error.mjs, which compares as verify does', () => {
    const script = join(__dirname, '..', 'tools/bench/model-error.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, join(folder, 'other'), '--threads', '1'], { encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    for (const stations of ['withheld', 'used'] as const) {
      const { NO2, O3 } = result[stations]!;
      const [no2, o3] = [NO2, O3].map((comparison) => comparison!.priorMae.toFixed(2));
      expect(stdout).toMatch(new RegExp(`^  ${stations} +NO2 ${no2} → \\d+\\.\\d\\d \\(-?\\d+ %\\)  SO2 .*  O3 ${o3} → `, 'm'));
    }
  });

  // docs/dev/reference-model.md has its table.
  it('is of a model whose levels and responses tools/bench/reference-responses.mjs tells', () => {
    const script = join(__dirname, '..', 'tools/bench/reference-responses.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, join(folder, 'other')], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' | '));
    // Of the groups, only NOx has a run of its own in this small case.
    expect(rows.map(([name]) => name.replace('| ', ''))).toEqual(['', '---', ...SPECIES, 'NOx → NO2', 'NOx → O3', 'NOx → PM2.5']);
    const row = (name: string): number[] =>
      rows
        .find(([first]) => first === `| ${name}`)!
        .slice(1)
        .map(parseFloat);
    for (const change of row('NOx → NO2')) expect(change).toBeGreaterThan(0);
    const [winterCities, winterCountry, summerCities, summerCountry] = row('NO2');
    expect(winterCities).toBeGreaterThan(winterCountry);
    expect(summerCities).toBeGreaterThan(summerCountry);
    expect(row('NOx → O3')[0]).toBeLessThan(0); // titration
  });

  it('is told by tools/bench/winds-found.mjs whether the inversion has found its winds', () => {
    const script = join(__dirname, '..', 'tools/bench/winds-found.mjs');
    const found = (caseFile: string): string => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, join(folder, 'other'), caseFile], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout;
    };
    const [own, asRun] = ['case.yaml', 'as-run.yaml'].map((name) => join(folder, 'other', name));
    expect(found(own)).toBe('winds  the inversion has 48 numbers of it, the case 768\n');
    writeFileSync(asRun, readFileSync(own, 'utf8').replace('draws: 32', 'draws: 2'));
    expect(found(asRun)).toMatch(
      /^winds, speed {2}all: r -?[01]\.\d\d \(100 %\), 0\.1 of it or more found: r .*\nwinds, direction {2}all: r -?[01]\.\d\d \(100 %\), .*\n$/,
    );
  });

  it('refuses options that the reference model has not, before the first run', async () => {
    const refused = (setting: string): Promise<RunResult> => run('refused', true, 'simulate', [setting]);
    await expect(refused('truth.options={diffusion: 2}')).rejects.toMatchObject({
      code: 'CTM_OPTION',
      message: expect.stringMatching(/^truth\.options\.diffusion: the reference model has no such setting/) as string,
    });
    await expect(refused('truth.options={no2Share: 2}')).rejects.toThrow(/^truth\.options: .*share of NO2/);
  });
});
