/** Stages of a small twin whose pieces two processes share: folds of cross-validation, other surrogates, members of the ensemble, products with the Hessian. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTensors } from '../packages/core/src/files/checkpoint';
import type { CrossValidation } from '../packages/core/src/assimilation/cross-validation/candidates';
import type { PreviewSummary } from '../packages/core/src/run/inversions/preview';
import type { StageRecord } from '../packages/core/src/run/engine/record';
import type { UncertaintySummary } from '../packages/core/src/run/inversions/uncertainty';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { describeOnRanks, onRanks } from './testing/on-ranks';
import { MAIN, SHORT_STAGES, SMALL_RUN, winterOnly } from './testing/small-run';

jest.setTimeout(400_000); // on a machine that does other things too

const SETTINGS = [
  ...SMALL_RUN,
  winterOnly(60, 24),
  ...SHORT_STAGES,
  'inversion.hoursPerDay=24', // more than one batch to share
  'withheld.blockCells=4',
  'crossValidation.folds=3',
  'crossValidation.iterations=2',
  'crossValidation.hoursPerDay=1',
  'crossValidation.try.lengthKm=[27, 160]',
  'inversion.uncertainty.method=rto',
  'inversion.uncertainty.members=3',
  'inversion.uncertainty.surrogates=2',
].flatMap((setting) => ['--set', setting]);

/** ‖a − b‖ / ‖b‖ */
function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const norm = (of: (i: number) => number): number => Math.sqrt(Array.from(b, (_, i) => of(i) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((i) => a[i] - b[i]) / norm((i) => b[i]);
}

describeOnRanks('pieces of a stage on two processes', () => {
  let folder: string;
  let caseFile: string;
  const command = (stage: string, out: string, ...more: string[]): string[] => [
    MAIN,
    stage,
    caseFile,
    '--out',
    join(folder, out),
    '--threads',
    '1',
    '--quiet',
    '--json',
    ...SETTINGS,
    ...more,
  ];
  const alone = (stage: string, out: string, ...more: string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, command(stage, out, ...more), { encoding: 'utf8' });
    expect([stage, status, stderr.match(/^retroplume: .*/m)]).toEqual([stage, 0, null]);
  };
  const bytes = (out: string, file: string): Buffer => readFileSync(join(folder, out, file));
  const read = <T>(out: string, file: string): T => JSON.parse(bytes(out, file).toString()) as T;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'retroplume-spread-'));
    caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
    alone('run', 'one', '--stages', 'simulate,prepare,train,evaluate,certify,export,invert');
    cpSync(join(folder, 'one'), join(folder, 'two'), { recursive: true, preserveTimestamps: true });
    for (const stage of ['crossvalidate', 'uncertainty']) alone(stage, 'one');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('folds: what one finds, which one can go on from after a signal to the second', async () => {
    const inversions = join(folder, 'two/crossvalidate/inversions');
    const finished = (): number => (existsSync(inversions) ? readdirSync(inversions).filter((name) => name.endsWith('.json')).length : 0);
    let timer: NodeJS.Timeout | undefined;
    const stopped = await onRanks(2, command('crossvalidate', 'two'), ({ pid }: ChildProcess) => {
      timer = setInterval(() => {
        if (finished() === 0) return;
        clearInterval(timer);
        const [, second] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
        process.kill(second);
      }, 5);
    });
    clearInterval(timer);
    expect(stopped.exitCode).toBe(130);
    expect(stopped.stderr.match(/retroplume: CROSS_VALIDATION_INTERRUPTED: crossvalidate: interrupted after \d+ inversions/g)).toHaveLength(1);
    expect(finished()).toBeLessThan(9);
    cpSync(join(folder, 'two/crossvalidate'), join(folder, 'stopped'), { recursive: true });

    expect(await onRanks(2, command('crossvalidate', 'two'))).toMatchObject({ exitCode: 0, stderr: '' });
    const found = read<CrossValidation>('one', 'crossvalidate/crossvalidation.json');
    expect(found.candidates.length * found.folds.length).toBe(9);
    expect(read('two', 'crossvalidate/crossvalidation.json')).toEqual(found);
    expect(read<StageRecord>('two', 'crossvalidate/record.json').ranks).toBe(2);

    rmSync(join(folder, 'two/crossvalidate'), { recursive: true });
    cpSync(join(folder, 'stopped'), join(folder, 'two/crossvalidate'), { recursive: true });
    alone('crossvalidate', 'two');
    expect(read('two', 'crossvalidate/crossvalidation.json')).toEqual(found);
  });

  it('other surrogates and members of the ensemble: those of one, to the bit', async () => {
    expect(await onRanks(2, command('uncertainty', 'two'))).toMatchObject({ exitCode: 0, stderr: '' });
    const files = [
      ...[1, 2, 3].map((member) => `uncertainty/members/member-${member}.safetensors`),
      ...[2, 3].map((surrogate) => `surrogate-${surrogate}/train/weights.safetensors`),
    ];
    for (const file of files) expect([file, bytes('two', file).equals(bytes('one', file))]).toEqual([file, true]);
    const [one, two] = ['one', 'two'].map((out) => ({ ...read<UncertaintySummary>(out, 'uncertainty/uncertainty.json'), seconds: 0 }));
    expect(one).toMatchObject({ method: 'rto', members: 3, surrogates: 3 });
    expect(two).toEqual(one);
    expect(readdirSync(join(folder, 'two/uncertainty/members'))).toHaveLength(3);
  });

  it('products with the Hessian: those of one but for the rounding of sums, gone on from after a signal; a preview as well', async () => {
    const lanczos = ['method=lanczos', 'rank=6', 'surrogates=0'].flatMap((setting) => ['--set', `inversion.uncertainty.${setting}`]);
    for (const stage of ['preview', 'uncertainty']) alone(stage, 'one', ...lanczos);
    expect(await onRanks(2, command('preview', 'two', ...lanczos))).toMatchObject({ exitCode: 0, stderr: '' });
    const second = join(folder, 'two/uncertainty/products/product-0002.safetensors');
    let timer: NodeJS.Timeout | undefined;
    const stopped = await onRanks(2, command('uncertainty', 'two', ...lanczos), ({ pid }: ChildProcess) => {
      timer = setInterval(() => {
        if (!existsSync(second)) return;
        clearInterval(timer);
        const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
        process.kill(first);
      }, 5);
    });
    clearInterval(timer);
    expect(stopped.exitCode).toBe(130);
    expect(stopped.stderr.match(/retroplume: INTERRUPTED: uncertainty: interrupted: what was finished is kept/g)).toHaveLength(1);
    expect(await onRanks(2, command('uncertainty', 'two', ...lanczos))).toMatchObject({ exitCode: 0, stderr: '' });
    for (const stage of ['preview', 'uncertainty']) expect(read<StageRecord>('two', `${stage}/record.json`).ranks).toBe(2);
    const [one, two] = ['one', 'two'].map((out) => read<UncertaintySummary>(out, 'uncertainty/uncertainty.json'));
    expect(one).toMatchObject({ method: 'lanczos', products: 6 });
    expect(two.products).toBe(6);
    expect(two.eigenvalues).not.toEqual(one.eigenvalues); // rounded otherwise: they have shared the passes
    one.areas.forEach(({ total }, i) => expect(two.areas[i].total.sigma / total.sigma).toBeCloseTo(1, 4));
    const [expected, found] = ['one', 'two'].map((out) => read<PreviewSummary>(out, 'preview/preview.json'));
    expect(found.dofsEstimate / expected.dofsEstimate).toBeCloseTo(1, 3);

    // Each product anew, alone, after those before it that were shared: of the same direction to the bit. So are its forward passes; the sums of the way back are
    // rounded in another order. (Of directions that differ in their last bits the difference of two passes in single precision makes 1e-5, more than ranks do.)
    const product = (out: string, pass: number): string => join(folder, out, `uncertainty/products/product-000${pass}.safetensors`);
    for (let pass = 1; pass <= 6; pass++) {
      rmSync(join(folder, 'one/uncertainty/products'), { recursive: true });
      for (let before = 1; before < pass; before++) cpSync(product('two', before), product('one', before));
      alone('uncertainty', 'one', ...lanczos, '--set', `inversion.uncertainty.rank=${pass}`);
      const [own, shared] = ['one', 'two'].map((out) => readTensors(product(out, pass)).tensors);
      expect(own.get('0.simulated')).toEqual(shared.get('0.simulated'));
      expect(relativeDifference(own.get('0.factorImage')!.data, shared.get('0.factorImage')!.data)).toBeLessThan(1e-6);
    }
    // Rounding changes all by parts of the largest (Weyl), the smallest of 0.7 as well as that of 1400.
    const { eigenvalues } = read<UncertaintySummary>('one', 'uncertainty/uncertainty.json');
    const [largest] = eigenvalues!;
    eigenvalues!.forEach((value, k) => expect(Math.abs(two.eigenvalues![k] - value) / largest).toBeLessThan(2e-6));
  });
});
