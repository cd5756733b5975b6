/** Everything through `runStages` on a small twin: what each stage leaves, what is made again after a change, what `apply` writes. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GROUPS, SPECIES } from '../packages/core/src/base/species';
import { loadCase } from '../packages/core/src/case';
import { IoapiFile } from '../packages/core/src/files/ioapi/ioapi-file';
import type { ScoreRow } from '../packages/core/src/inversion/scores/score-rows';
import { appliedSectors, filesOf, priorSectors } from '../packages/core/src/inventory/reading/sector-files';
import { FACTORS_FILE, readFactors, type PeriodFactors } from '../packages/core/src/assimilation/factors/factors-file';
import { readRecord } from '../packages/core/src/run/engine/record';
import { runStages } from '../packages/core/src/run/run-case';
import { type RunResult } from '../packages/core/src/run/run';
import { DISTANCE_FILE, readDistance, shownSpread, TRUST_FILE, type TrustSummary } from '../packages/core/src/assimilation/factors/trust-region';
import { stageContext } from '../packages/core/src/run/stage-context';
import { STAGES, type RunContext, type StageEvent, type StageName } from '../packages/core/src/run/engine/stage';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { SMALL_NETWORK, SHORT_STAGES, SMALL_RUN } from './testing/small-run';

jest.setTimeout(400_000); // every stage runs twice, on a busy machine too

const PAPER_STAGES: StageName[] = ['train', 'evaluate', 'certify', 'export', 'invert', 'apply', 'verify'];
const ALL = [
  ...STAGES.filter((stage) => !['preview', 'crossvalidate', 'uncertainty', 'loop'].includes(stage)),
  ...PAPER_STAGES.map((stage) => `paper/${stage}`),
];
const SETTINGS = [
  ...SMALL_RUN,
  ...SHORT_STAGES,
  'inversion.iterations=4',
  'paperMode.run=true',
  'paperMode.surrogate.window=[{count: 4, hours: 1}]',
  ...SMALL_NETWORK.map((setting) => `paperMode.surrogate.${setting}`),
  'paperMode.training.iterations=4', // the branches are the authors', and large
  'paperMode.training.batch=2',
  'paperMode.inversion.iterations=2',
];

let folder: string;
let caseFile: string;
let first: { result: RunResult; events: StageEvent[] };

/** Runs all stages with some settings changed. */
async function run(...changes: string[]): Promise<{ result: RunResult; events: StageEvent[] }> {
  const events: StageEvent[] = [];
  const result = await runStages(loadCase(caseFile, [...SETTINGS, ...changes]), {
    out: join(folder, 'run'),
    threads: 2,
    onEvent: (event) => events.push(event),
  });
  return { result, events };
}

/** Stages with an event of a kind, in order; those of the paper's mode as `paper/STAGE`. */
function stagesWith(kind: StageEvent['kind'], events: readonly StageEvent[]): string[] {
  return events.filter((event) => event.kind === kind).map(({ stage, variant }) => (variant === 'paper' ? `paper/${stage}` : stage));
}

/** What `invert` found of the distance from the training. */
function trustOf(invert: string): TrustSummary {
  return JSON.parse(readFileSync(join(folder, 'run', invert, TRUST_FILE), 'utf8')) as TrustSummary;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-tiny-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
  first = await run();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the first run', () => {
  it("makes every stage, the paper's beside the case's own, and the report last", () => {
    const done = stagesWith('stage-done', first.events);
    expect([...done].sort()).toEqual([...ALL].sort());
    expect(done.at(-1)).toBe('report');
    expect(stagesWith('stage-skipped', first.events)).toEqual([]);
  });

  it('gives the figures of both modes', () => {
    const { result } = first;
    expect(result.case).toBe('demo');
    const { device, hardware } = readRecord(join(folder, 'run/train'))!;
    expect(result.device).toEqual({ name: device, hardware, precision: 'float32' });
    expect(Object.keys(result.seconds).sort()).toEqual([...ALL].sort());
    for (const mode of [result, result.paperMode!]) {
      for (const stations of [mode.withheld!, mode.used!]) {
        expect(Object.keys(stations)).toEqual([...SPECIES]);
        for (const { priorMae, updatedMae } of Object.values(stations).map((comparison) => comparison!)) {
          expect(priorMae).toBeGreaterThan(0);
          expect(updatedMae).toBeGreaterThan(0);
        }
      }
      // Of NOx there is a run; of the other groups, parts of members that are told apart.
      const ofNox = Object.keys(mode.response!).filter((pair) => pair.startsWith('NOx>'));
      expect(ofNox.sort()).toEqual(SPECIES.map((species) => `NOx>${species}`).sort());
      expect(mode.response!['NOx>NO2'].slope).not.toBeNaN();
      expect(Object.keys(mode.inventory!)).toEqual([...GROUPS]);
    }
    // The two modes share truth and prior run, so the prior's figures are the same, and the updates are not.
    const [own, paper] = [result.withheld!.NO2!, result.paperMode!.withheld!.NO2!];
    expect(paper.priorMae).toBe(own.priorMae);
    expect(paper.updatedMae).not.toBe(own.updatedMae);
    expect(result.inventory!.NOx.priorError).toBe(result.paperMode!.inventory!.NOx.priorError);
  });

  it('breaks the scores down, each mode in its own table, and the whole is the headline', () => {
    for (const [dir, mode] of [
      ['run/verify', first.result],
      ['run/paper/verify', first.result.paperMode!],
    ] as const) {
      const { scores } = JSON.parse(readFileSync(join(folder, dir, 'verification.json'), 'utf8')) as { scores: ScoreRow[] };
      expect(scores[0]).toMatchObject({
        species: 'NO2',
        averaging: 'hourly',
        stations: 'withheld',
        updated: { mae: mode.withheld!.NO2!.updatedMae },
      });
      expect(scores[0].change).toEqual(mode.withheld!.NO2!.change);
      expect(new Set(scores.map(({ region }) => region))).toEqual(new Set([undefined, 'south', 'north']));
      expect(
        readFileSync(join(folder, dir, 'scores.csv'), 'utf8')
          .trim()
          .split('\n'),
      ).toHaveLength(1 + scores.reduce((lines, { stations }) => lines + (stations === 'withheld' ? 6 : 2), 0));
    }
  });

  it('lowers the misfit at the monitors that the inversion used', () => {
    const { history } = readRecord(join(folder, 'run/invert'))!.summary as { history: { total: number }[] };
    expect(history[history.length - 1].total).toBeLessThan(history[0].total);
  });

  it('ends with a page', () => {
    const { report } = first.result;
    expect(report).toMatch(/report\.html$/);
    expect(readFileSync(report!, 'utf8')).toContain('</html>');
    expect(statSync(report!).size).toBeGreaterThan(100_000);
  });
});

describe('distance from the training', () => {
  it('is given by group and period, and as a field', () => {
    const { members, beyond, limit, groups } = trustOf('invert');
    expect({ members, beyond, limit }).toEqual({ members: 2, beyond: 2, limit: undefined });
    expect(groups.map(({ group, period }) => `${group} ${period}`)).toEqual(['winter', 'summer'].flatMap((p) => GROUPS.map((g) => `${g} ${p}`)));
    const distance = readDistance(join(folder, 'run/invert', DISTANCE_FILE), 'winter')!;
    expect(distance).toHaveLength(16 * 16 * 5);
    const { median, p95 } = groups[0];
    expect(median).toBeGreaterThan(0);
    expect(p95).toBeGreaterThanOrEqual(median);
    expect(Math.max(...distance.filter((d) => Number.isFinite(d)))).toBeGreaterThanOrEqual(p95);
    expect(groups[0].atLimit).toBeUndefined();
    expect(trustOf('paper/invert')).toEqual({ members: 0, beyond: 2, groups: [] });
  });
});

describe('apply', () => {
  const settings = (): ReturnType<typeof loadCase> => loadCase(caseFile, SETTINGS);

  /** Sum over the grid of a variable at every hour, with the factors of its group on it where given. */
  function mass(file: IoapiFile, variable: string, group: number, factors?: PeriodFactors): number[] {
    const { rows, cols } = file.grid;
    const field = rows * cols;
    return Array.from({ length: file.time.count }, (_, hour) => {
      const values = file.read(variable, hour, 1);
      const slot = factors && factors.slots > 1 ? hour : 0;
      return values.reduce((sum, value, cell) => sum + value * (factors ? factors.data[(slot * field + cell) * GROUPS.length + group] : 1), 0);
    });
  }

  it.each(['invert', 'paper/invert'])('writes the prior times the factors of %s, species by species and hour by hour', (invert) => {
    const applied = join(folder, 'run', invert.replace('invert', 'apply'));
    let largestChange = 0;
    for (const { name: period } of settings().periods) {
      const [priorPath] = filesOf(priorSectors(settings(), period));
      const [updatedPath] = filesOf(appliedSectors(applied, settings(), period));
      const [prior, updated] = [IoapiFile.open(priorPath), IoapiFile.open(updatedPath)];
      const factors = readFactors(join(folder, 'run', invert, FACTORS_FILE), { grid: prior.grid, groups: GROUPS }, period);
      GROUPS.forEach((group, g) => {
        for (const variable of settings().emissions.groups[group].variables) {
          const expected = mass(prior, variable, g, factors);
          const unchanged = mass(prior, variable, g);
          mass(updated, variable, g).forEach((value, hour) => {
            expect(Math.abs(value / expected[hour] - 1)).toBeLessThan(1e-6);
            largestChange = Math.max(largestChange, Math.abs(value / unchanged[hour] - 1));
          });
        }
      });
      prior.close();
      updated.close();
    }
    expect(largestChange).toBeGreaterThan(1e-3);
  });

  it('keeps grid, time axis, variables and header of the prior', () => {
    for (const { name: period } of settings().periods) {
      const prior = IoapiFile.open(filesOf(priorSectors(settings(), period))[0]);
      const updated = IoapiFile.open(filesOf(appliedSectors(join(folder, 'run/apply'), settings(), period))[0]);
      expect(updated.grid.definition).toEqual(prior.grid.definition);
      expect(updated.time).toEqual(prior.time);
      expect(updated.layers).toBe(prior.layers);
      expect(updated.variables).toEqual(prior.variables);
      prior.close();
      updated.close();
    }
  });
});

describe('another run', () => {
  it('skips every stage and gives the same figures', async () => {
    const { result, events } = await run();
    expect(stagesWith('stage-skipped', events)).toEqual(stagesWith('stage-done', first.events));
    expect(stagesWith('stage-start', events)).toEqual([]);
    expect(result).toEqual(first.result);
  });

  it('with another setting of the inversion makes again what depends on it', async () => {
    const { events } = await run('inversion.iterations=2');
    expect(stagesWith('stage-done', events)).toEqual(['invert', 'apply', 'verify', 'report']);
    expect(stagesWith('stage-skipped', events).sort()).toEqual(
      ALL.filter((stage) => !['invert', 'apply', 'verify', 'report'].includes(stage)).sort(),
    );
  });

  it('with a trust region keeps the distance within it', async () => {
    const limit = 0.01;
    const { events } = await run(`inversion.trustRegion=${limit}`);
    expect(stagesWith('stage-done', events)).toEqual(['invert', 'apply', 'verify', 'report']);
    const trust = trustOf('invert');
    expect(trust.limit).toBe(limit);
    expect(Math.max(...trust.groups.map(({ atLimit }) => atLimit!))).toBeGreaterThan(0.1);
    expect(Math.max(...trust.groups.map(({ p95 }) => p95))).toBeGreaterThan(limit / 2);
    const settings = loadCase(caseFile, SETTINGS);
    const context = stageContext(
      { caseSettings: settings, out: join(folder, 'run'), signal: new AbortController().signal } as RunContext,
      'invert',
      'default',
    );
    const spread = shownSpread(context)!;
    settings.periods.forEach(({ name }, p) => {
      const { grid } = IoapiFile.open(filesOf(priorSectors(settings, name))[0]);
      const { data } = readFactors(join(folder, 'run/invert', FACTORS_FILE), { grid, groups: GROUPS }, name);
      data.forEach((f, i) => expect(Math.abs(Math.log(f))).toBeLessThanOrEqual(limit * spread[p][i] + 1e-6)); // factors are float32
      const distance = readDistance(join(folder, 'run/invert', DISTANCE_FILE), name)!;
      expect(Math.max(...distance.filter((d) => Number.isFinite(d)))).toBeLessThanOrEqual(limit + 1e-4);
    });
    expect(readFileSync(join(folder, 'run/report/report.html'), 'utf8')).toContain('At the limit');
  });
});
