import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeFactors } from '../../../assimilation/factors/factors-file';
import { GROUPS } from '../../../base/species';
import { Grid } from '../../../grid/grid';
import { GRID } from '../../../transport/testing/small-case';
import { compareRuns } from './compare-runs';
import { listRuns } from './list-runs';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'compare-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]): string => join(folder, ...names);

function put(path: string, content: object | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

const record = (stage: string, summary: object, startedAt = '2026-01-01T00:00:00.000Z'): object => ({
  stage,
  key: 'k',
  inputs: [],
  startedAt,
  seconds: 60,
  products: [],
  bytes: {},
  sha256: {},
  summary,
});

const side = (n: number, mae: number): object => ({ n, mae, meanObserved: 5, r: 0.9 });

interface Made {
  lengthKm?: number;
  pairs?: number;
  updated?: number;
  /** of NOx in cell 7 */
  factor?: number;
  grid?: Grid;
  slots?: number;
}

/** A run that is finished up to verify, as far as these commands look. */
function makeRun(name: string, { lengthKm = 81, pairs = 100, updated = 1, factor = 1.5, grid = GRID, slots = 1 }: Made = {}): string {
  const run = at(name);
  const settings = { name, description: name, grid: { griddesc: join(run, 'inputs/GRIDDESC') }, inversion: { lengthKm, groups: ['NOx'] } };
  put(join(run, 'run.json'), { case: settings, file: join(run, 'case.yaml'), versions: {} });
  const NO2 = { unit: 'ppb', prior: side(pairs, 2), updated: side(pairs, updated) };
  const audit = [
    { period: 'winter', group: 'NOx', prior: 10, updated: 10 * updated },
    { period: 'winter', group: 'NOx', region: 'north', prior: 1, updated: 2 },
  ];
  put(join(run, 'verify/record.json'), record('verify', { withheld: { NO2 }, used: {}, audit }, '2026-01-02T00:00:00.000Z'));
  put(join(run, 'certify/record.json'), record('certify', { verdict: 'passed' }));
  const data = new Float32Array(slots * grid.rows * grid.cols * GROUPS.length).fill(1);
  data[7 * GROUPS.length] = factor;
  mkdirSync(join(run, 'invert'));
  writeFactors(join(run, 'invert/factors.nc'), { grid, groups: GROUPS }, [{ period: 'winter', slots, data }]);
  return run;
}

describe('compareRuns', () => {
  it('puts scores, totals, factors and settings beside each other', () => {
    const [a, b] = [makeRun('a'), makeRun('b', { lengthKm: 54, updated: 0.5, factor: 0.75 })];
    const { runs, scores, totals, factors, settings, notes } = compareRuns(a, b);
    expect(runs).toEqual([{ run: a, case: 'a' }, { run: b, case: 'b' }]); // prettier-ignore
    const same = { pairs: 100, observed: 5, prior: 2, rPrior: 0.9, rUpdated: 0.9 };
    expect(scores).toEqual([
      { variant: 'default', monitors: 'withheld', species: 'NO2', unit: 'ppb', runs: [{ ...same, updated: 1 }, { ...same, updated: 0.5 }] }, // prettier-ignore
    ]);
    expect(totals).toEqual([{ period: 'winter', group: 'NOx', runs: [{ prior: 10, updated: 10 }, { prior: 10, updated: 5 }] }]); // prettier-ignore
    // ln(0.75 / 1.5) in one cell of all.
    expect(factors[0].meanLogRatio).toBeCloseTo(Math.log(2) / (GRID.rows * GRID.cols), 6);
    expect(factors[0].largest).toMatchObject({ row: Math.floor(7 / GRID.cols), col: 7 % GRID.cols, factors: [1.5, 0.75] });
    expect(factors[1]).toEqual({ period: 'winter', group: 'NH3', meanLogRatio: 0 });
    expect(settings).toEqual([{ key: 'inversion.lengthKm', runs: [81, 54] }]);
    expect(notes).toEqual([]);
  });

  it('tells what keeps runs from being compared', () => {
    const a = makeRun('a');
    const turned = new Grid({ ...GRID.definition, xorig: GRID.definition.xorig + 1000 });
    expect(compareRuns(a, makeRun('grid', { grid: turned, pairs: 50 })).notes).toEqual([
      expect.stringContaining('withheld monitors are of other pairs'),
      expect.stringContaining('on different grids'),
    ]);
    expect(compareRuns(a, makeRun('slots', { slots: 3 })).notes).toEqual([expect.stringContaining('hours that share a factor differ')]);
    const young = makeRun('young');
    for (const stage of ['verify', 'invert']) rmSync(join(young, stage), { recursive: true });
    const { scores, notes } = compareRuns(a, young);
    expect(scores[0].runs[1]).toBeNull();
    expect(notes.join()).toMatch(/young: verify is not finished.*young\/invert\/factors\.nc: is not there/);
  });

  it('refuses what is no run folder, and writes nothing', () => {
    const a = makeRun('a');
    const before = readdirSync(folder, { recursive: true });
    expect(() => compareRuns(a, at('none'))).toThrow(expect.objectContaining({ code: 'RUN_FILE_MISSING', exitCode: 2 }) as Error);
    expect(() => compareRuns(a, a)).not.toThrow();
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
    put(at('cut/run.json'), readFileSync(join(a, 'run.json'), 'utf8').slice(0, 40));
    expect(() => compareRuns(at('cut'), a)).toThrow(expect.objectContaining({ code: 'JSON_UNREADABLE', exitCode: 3 }) as Error);
  });
});

describe('listRuns', () => {
  it('tells of each run how far it is, when, and what came of it', () => {
    makeRun('deep/one');
    put(at('two/run.json'), { case: { name: 'two' }, file: at('two/case.yaml'), versions: {} });
    put(at('two/train/partial.json'), { key: 'k' });
    put(at('two/failure.json'), { stage: 'train', code: 'DISK_FULL' });
    put(at('torn/run.json'), '{');
    put(at('data/readme.txt'), 'no run');
    symlinkSync(folder, at('round'));
    const [one, torn, two, ...others] = listRuns(folder);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ run: at('deep/one'), case: 'deep/one', finished: '2026-01-02T00:01:00.000Z', certificate: 'passed' });
    expect(one.stages.map(({ stage }) => stage)).toEqual(['certify', 'verify']);
    expect(one.scores).toMatchObject([{ monitors: 'withheld', species: 'NO2', prior: 2, updated: 1 }]);
    expect(torn.trouble).toContain('torn/run.json: expected JSON');
    expect(two).toEqual({ run: at('two'), case: 'two', stages: [{ stage: 'train' }], failure: 'train: DISK_FULL', scores: [] });
  });

  it('takes a run folder itself, an empty folder, and refuses what is none', () => {
    const run = makeRun('one');
    expect(listRuns(run).map((each) => each.run)).toEqual([run]);
    mkdirSync(at('empty'));
    expect(listRuns(at('empty'))).toEqual([]);
    for (const path of [at('none'), join(run, 'run.json')]) {
      expect(() => listRuns(path)).toThrow(expect.objectContaining({ code: 'RUNS_FOLDER', exitCode: 2 }) as Error);
    }
  });
});
