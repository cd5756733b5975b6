import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineCase } from './examine-case';
import { TINY_CASE } from './testing/tiny-case';
import { idleKeys, loadCase } from './index';

let path: string;
beforeAll(() => {
  path = join(mkdtempSync(join(tmpdir(), 'examine-')), 'case.yaml');
  writeFileSync(path, TINY_CASE);
});
afterAll(() => rmSync(join(path, '..'), { recursive: true }));

const keysOf = (...set: string[]): string[] => examineCase(path, set).problems.map(({ key }) => key);

test('nothing is concluded of emissions that could not be read', () => {
  const power = 'emissions.sectors={power: {files: p.nc}}';
  const inverted = 'inversion.sectors=[{sector: power}]';
  const runs = 'certificate.runs=[{name: a, emissions: "a_{sector}_{period}.nc", concentrations: "A_{period}.nc"}]';
  expect(keysOf(power, inverted, runs)).toEqual([]);
  expect(keysOf(inverted, runs)).toEqual(['inversion.sectors.0.sector', 'certificate.runs.0.emissions']);
  expect(keysOf(power, inverted, runs, 'emissions.groups.NOx.variables=[]')).toEqual(['emissions.groups.NOx.variables']);
});

describe('keys that do nothing', () => {
  let path: string;
  beforeAll(() => {
    path = join(mkdtempSync(join(tmpdir(), 'idle-')), 'case.yaml');
    writeFileSync(path, TINY_CASE);
  });
  afterAll(() => rmSync(join(path, '..'), { recursive: true }));

  /** Keys that are told of the tiny case with these settings. */
  function told(...set: string[]): string[] {
    return idleKeys(path, set, loadCase(path, set)).map((sentence) => /: (\S+) does nothing: /.exec(sentence)![1]);
  }

  const GAUSS_NEWTON = 'inversion.optimiser=gauss-newton';
  const RTO = 'inversion.uncertainty.method=rto';
  const CROSS_VALIDATED = ['crossValidation.folds=3', 'crossValidation.try.lengthKm=[27]'];
  const TWO_PERIODS = 'periods.1={name: summer, start: 2026-07-05T00:00:00Z, hours: 216}';

  /** A setting, beside which others it does something, and beside which it does nothing. */
  test.each<[string, string[], string[]]>([
    ['inversion.learningRate=1', [], [GAUSS_NEWTON]],
    ['inversion.learningRateDecay=0.5', [], [GAUSS_NEWTON]],
    ['inversion.seed=1', ['inversion.starts=2'], []],
    ['inversion.blockKm=90', ['inversion.space=blocks'], []],
    ['inversion.initialConcentrations.spread=0.1', ['surrogate.initialConcentrations=control'], []],
    ['inversion.errorCorrelation.inSpace=exact', ['inversion.errorCorrelation.km=30'], []],
    ['inversion.factorCorrelation.hours=6', ['inversion.factors=day'], []],
    ['inversion.errorCorrelation.part=0.5', ['inversion.errorCorrelation.hours=24'], []],
    ['inversion.factorCorrelation.lasting=0.5', ['inversion.factors=week'], []],
    ['inversion.factorCorrelation.periods=0.5', [TWO_PERIODS], []],
    ['inversion.factorCorrelation.periods=0.5', [TWO_PERIODS], [TWO_PERIODS, 'inversion.factors=day']],
    ['inversion.uncertainty.members=8', [RTO], ['inversion.uncertainty.method=lanczos']],
    ['inversion.uncertainty.rank=8', ['inversion.uncertainty.method=lanczos'], [RTO]],
    ['inversion.uncertainty.surrogates=2', [RTO], []],
    ['inversion.patience=8', [], ['inversion.stopOnWithheld=false']],
    ['surrogate.residualBlocks=3', ['surrogate.network=resnet'], []],
    ['surrogate.hidden=3', [], ['surrogate.network=resnet']],
    ['surrogate.headActivation=relu', ['surrogate.network=lstm-unet'], []],
    ['training.differenceLoss=l1', [], ['training.differenceWeight=0']],
    ['training.synchronisedBatchNorm=false', ['surrogate.batchNorm=true'], []],
    ['training.testFraction=0.3', ['training.testMembers=0'], ['training.testMembers=1']],
    ['members.seed=4', [], ['members.count=0', 'members.scalings=[0.8]']],
    ['response.factor=1.2', ['response.groups=[NOx]'], []],
    ['certificate.patches.cells=2', ['certificate.patches.count=1'], []],
    ['observations.gasReference.temperature=298.15', [], ['observations.gasReference.rule=eu']],
    ['crossValidation.rounds=2', CROSS_VALIDATED, []],
    ['loop.smallestGain=0.1', ['loop.passes=2'], []],
    ['paperMode.training.iterations=3', ['paperMode.run=true'], []],
    ['jobs.launcher=mpirun', ['jobs.network.tasks=2'], []],
    ['columns.NO2_column.bias=0.1', ['columns.NO2_column.twin={}'], ['columns.NO2_column.twin={}', 'inversion.observed=[NO2]']],
    ['withheld.columns.days=0.2', ['columns={NO2_column: {twin: {}}}'], []],
  ])('%s does something with %j, and nothing with %j', (set, needed, without) => {
    expect(told(set, ...needed)).toEqual([]);
    const [key] = told(set, ...without);
    expect(set.startsWith(key)).toBe(true);
  });

  test('of the mode of the paper, and of the one beside', () => {
    expect(told('inversion.lossDivisor=cells')).toEqual(['inversion.lossDivisor']);
    expect(told('inversion.mode=paper', 'inversion.lossDivisor=cells')).toEqual([]);
    expect(told('inversion.mode=paper', 'inversion.speciesWeights=none')).toEqual(['inversion.speciesWeights']);
    expect(told('inversion.speciesWeights=none')).toEqual([]);
    expect(told('surrogate.mode=paper', 'training.differenceWeight=0', 'surrogate.branchWidth=4')).toEqual(['surrogate.branchWidth']);
    expect(told('paperMode.run=true', 'paperMode.inversion.blockKm=9')).toEqual(['paperMode.inversion.blockKm']);
  });

  test('of defaults, the case and the paper have nothing to say', () => expect(told()).toEqual([]));

  test('says where the key stands', () => {
    writeFileSync(path, `${TINY_CASE}loop: { iterations: 5 }\n`);
    expect(idleKeys(path, [], loadCase(path))).toEqual([`${path}:19: loop.iterations does nothing: with passes: 1 there is no loop`]);
  });
});
