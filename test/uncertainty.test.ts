/** Preview and uncertainty on a small twin: what they leave, both methods, an interruption, and the report that shows them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS } from '../packages/core/src/base/species';
import { loadCase } from '../packages/core/src/case';
import { readCf } from '../packages/core/src/files/netcdf/netcdf-cf';
import { ConfigError, InterruptedError } from '../packages/core/src/base/errors';
import type { PreviewSummary } from '../packages/core/src/run/inversions/preview';
import { runStages } from '../packages/core/src/run/run-case';
import { type RunOptions } from '../packages/core/src/run/run';
import type { StageEvent } from '../packages/core/src/run/engine/stage';
import type { UncertaintySummary } from '../packages/core/src/run/inversions/uncertainty';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { SMALL_RUN, winterOnly } from './testing/small-run';

jest.setTimeout(900_000); // every stage runs, on a busy machine too: 440 s in all at a load of ten on two cores

const SETTINGS = [
  ...SMALL_RUN,
  winterOnly(96, 60),
  'training.iterations=40',
  'training.evaluateEvery=20',
  'certificate.onFailure=warn', // so little training teaches no response
  'certificate.factors=[]',
  'certificate.patches={count: 2, cells: 2}',
  'inversion.iterations=4',
  'inversion.hoursPerDay=2',
  'paperMode.run=false',
  'regions={west: {cols: [0, 9], rows: [0, 15]}}',
];
const LANCZOS = ['inversion.uncertainty.method=lanczos', 'inversion.uncertainty.rank=8'];
const ENSEMBLE = ['inversion.uncertainty.method=rto', 'inversion.uncertainty.members=2'];

let folder: string;
let caseFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'uncertainty-'));
  caseFile = await writeDemoWorld(folder, { size: 'quick', rows: 16, cols: 20, hours: 96, spinUpHours: 60, stations: 30 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (changes: string[], options: RunOptions = {}): ReturnType<typeof runStages> =>
  runStages(loadCase(caseFile, [...SETTINGS, ...changes]), { out: join(folder, 'run'), threads: 1, ...options });
const read = <T>(path: string): T => JSON.parse(readFileSync(join(folder, 'run', path), 'utf8')) as T;

describe('uncertainty', () => {
  it('comes after a run only where it is asked for; alone it says what is missing', async () => {
    const { seconds } = await run([], { stages: ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export'] });
    expect(Object.keys(seconds)).not.toContain('uncertainty');
    const alone = run(LANCZOS, { stages: ['uncertainty'] });
    await expect(alone).rejects.toMatchObject({ code: 'STAGE_MISSING' });
    await run([], { stages: ['invert'] });
    const none = run([], { stages: ['uncertainty'] });
    await expect(none).rejects.toBeInstanceOf(ConfigError);
    await expect(none).rejects.toMatchObject({ code: 'UNCERTAINTY_NONE' });
    expect(() => loadCase(caseFile, [...SETTINGS, ...LANCZOS, 'inversion.mode=paper'])).toThrow(/no prior term, so that there is no posterior/);
  });

  it('by Lanczos, with a preview before: figures, masks, coverage, and all of it in the report', async () => {
    await run(LANCZOS, { stages: ['preview'] });
    const preview = read<PreviewSummary>('preview/preview.json');
    expect(preview.areas.map(({ group }) => group)).toEqual(expect.arrayContaining([...GROUPS]));
    expect(Object.values(preview.seconds).every((value) => value > 0)).toBe(true);
    const events: StageEvent[] = [];
    const { report } = await run(LANCZOS, { onEvent: (event) => events.push(event) });
    // The settings of the uncertainty are not those of the inversion.
    expect(events.filter(({ kind }) => kind === 'stage-skipped').map(({ stage }) => stage)).toContain('invert');
    const summary = read<UncertaintySummary>('uncertainty/uncertainty.json');
    expect(summary).toMatchObject({ method: 'lanczos', products: 8, preview: { products: preview.products } });
    expect(summary.dofs!).toBeGreaterThan(0);
    for (const { total, reduction, constrained } of summary.areas) {
      expect(total.sigma).toBeLessThanOrEqual(total.updated * (total.priorSigma / total.prior) * 1.2);
      expect(total.oneSigma[0]).toBeLessThan(total.updated);
      expect(total.twoSigma[1]).toBeGreaterThan(total.oneSigma[1]);
      expect(reduction).toBeGreaterThanOrEqual(-1e-9);
      expect(constrained).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect(summary.areas.filter(({ region }) => region === 'west').length).toBeGreaterThan(0);
    expect(summary.kernelRows!.length).toBe(2 * GROUPS.length); // areas
    expect(summary.innovations.map(({ species }) => species)).toEqual(['NO2', 'SO2', 'O3', 'PM2.5']);
    const variables = readCf(join(folder, 'run/uncertainty/uncertainty.nc')).variables.filter(({ dimensions }) => dimensions.includes('group'));
    expect(variables.map(({ name }) => name)).toEqual(
      ['log_factor_sigma', 'reduction', 'constrained', 'factor_low', 'factor_high', 'averaging_kernel'].map((name) => `${name}_winter`),
    );
    const [sigma, , constrained, low, high] = variables.map(({ data }) => data);
    expect(sigma).toHaveLength(16 * 20 * GROUPS.length);
    low.forEach((value: number, i: number) => expect(value).toBeLessThanOrEqual(high[i]));
    const on = [...(constrained as Uint8Array)].filter((value) => value === 1).length;
    expect(summary.coverage!.reduce((sum, { cells }) => sum + cells, 0)).toBeGreaterThanOrEqual(on);
    const page = readFileSync(report!, 'utf8');
    expect(page).toContain('id="uncertainty"');
    const errors = page.slice(page.indexOf('id="table-surrogate"'));
    // Bias and error of each species are there.
    expect(errors.slice(0, errors.indexOf('</table>')).match(/\d\s%<\/td>\s*<td[^>]*>\d+(\.\d+)?\s%<\/td>/g)).toHaveLength(4);
  });

  it('by Lanczos: makes no product twice, neither after an interruption nor for another rank or mask', async () => {
    const before = read<UncertaintySummary>('uncertainty/uncertainty.json');
    const products = join(folder, 'run/uncertainty/products');
    const made = (): Record<string, number> =>
      Object.fromEntries(readdirSync(products).map((name) => [name, statSync(join(products, name)).mtimeMs]));
    const first = made();
    expect(Object.keys(first)).toHaveLength(8);
    const abort = new AbortController();
    const stop = (event: StageEvent): void => void (event.kind === 'progress' && event.done === 10 && abort.abort());
    const higher = [...LANCZOS, 'inversion.uncertainty.rank=12'];
    const stopped = run(higher, { stages: ['uncertainty'], onEvent: stop, signal: abort.signal });
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(Object.keys(made())).toHaveLength(10);
    expect(existsSync(join(folder, 'run/uncertainty/uncertainty.json'))).toBe(false); // of the lower rank
    await run(higher, { stages: ['uncertainty'] });
    const more = read<UncertaintySummary>('uncertainty/uncertainty.json');
    expect(more.products).toBe(12);
    expect(more.dofs!).toBeGreaterThan(before.dofs!);
    expect(more.preview).toBeUndefined(); // that of before was of the lower rank
    await run([...LANCZOS, 'inversion.uncertainty.leastReduction=0.2'], { stages: ['uncertainty'] });
    expect(read<UncertaintySummary>('uncertainty/uncertainty.json')).toMatchObject({
      products: 8,
      dofs: before.dofs,
      eigenvalues: before.eigenvalues,
    });
    expect(made()).toMatchObject(first);
    await run([...LANCZOS, 'inversion.uncertainty.seed=3'], { stages: ['uncertainty'] });
    expect(Object.keys(made())).toHaveLength(8);
    expect(made()).not.toMatchObject(first);
    await run(LANCZOS, { stages: ['uncertainty'] });
    expect({ ...read<UncertaintySummary>('uncertainty/uncertainty.json'), seconds: 0 }).toEqual({ ...before, seconds: 0 });
  });

  it('with another surrogate: its spread widens every interval, and it is trained and inverted once', async () => {
    const before = read<UncertaintySummary>('uncertainty/uncertainty.json');
    const events: StageEvent[] = [];
    const more = [...LANCZOS, 'inversion.uncertainty.surrogates=1'];
    await run(more, { stages: ['uncertainty'], onEvent: (event) => events.push(event) });
    const started = (from: StageEvent[]): string[] => from.flatMap((each) => (each.kind === 'stage-start' ? [`${each.variant}/${each.stage}`] : []));
    expect(started(events)).toEqual(['default/uncertainty', 'surrogate-2/train', 'surrogate-2/invert']);
    const summary = read<UncertaintySummary>('uncertainty/uncertainty.json');
    expect(summary).toMatchObject({ method: 'lanczos', surrogates: 2, dofs: before.dofs });
    summary.areas.forEach(({ total }, i) => expect(total.sigma).toBeGreaterThanOrEqual(before.areas[i].total.sigma));
    const nox = summary.areas.findIndex(({ group }) => group === 'NOx');
    expect(summary.areas[nox].total.sigma).toBeGreaterThan(before.areas[nox].total.sigma);
    const again: StageEvent[] = [];
    await run([...more, 'inversion.uncertainty.leastReduction=0.2'], { stages: ['uncertainty'], onEvent: (event) => again.push(event) });
    expect(started(again)).toEqual(['default/uncertainty']);
  });

  it('by an ensemble: goes on from the member at which it was interrupted, to the same end', async () => {
    const members = join(folder, 'run/uncertainty/members');
    const abort = new AbortController();
    const stop = (event: StageEvent): void => {
      if (event.kind === 'progress' && event.text.startsWith('member 2 ') && event.done % 4 === 2) abort.abort();
    };
    const stopped = run(ENSEMBLE, { stages: ['uncertainty'], onEvent: stop, signal: abort.signal });
    await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
    expect(readdirSync(members)).toEqual(['checkpoint-2.safetensors', 'member-1.safetensors']);
    const told: string[] = [];
    const log = (event: StageEvent): void => void (event.kind === 'log' && told.push(event.text));
    await run(ENSEMBLE, { stages: ['uncertainty'], onEvent: log });
    expect(told.join()).toMatch(/resumes after step/);
    const resumed = read<UncertaintySummary>('uncertainty/uncertainty.json');
    expect(resumed).toMatchObject({ method: 'rto', members: 2 });
    expect(resumed.areas.every(({ dofs }) => dofs === null)).toBe(true);
    rmSync(join(folder, 'run/uncertainty'), { recursive: true });
    await run(ENSEMBLE, { stages: ['uncertainty'] });
    const whole = read<UncertaintySummary>('uncertainty/uncertainty.json');
    expect(whole.areas).toEqual(resumed.areas);
    expect(existsSync(join(members, 'checkpoint.safetensors'))).toBe(false);
  });
});
