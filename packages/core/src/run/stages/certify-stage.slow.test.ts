/** The certificate and the gate on a tiny world, whose "transport model" is a formula: trained well, spoiled, and trained on a shuffled inventory. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEFAULT_CHANNELS, GROUPS, type Group, SPECIES } from '../../base/species';
import type { Case } from '../../case';
import { certificateSchema } from '../../case/schema/certificate-schema';
import { membersSchema, responseSchema } from '../../case/schema/experiment-schema';
import { withPriorConcentrations } from '../../fields/training-period';
import { writePreparedMeteorology, writePreparedRun, type PreparedPeriod, type PreparedRun } from '../../fields/prepared';
import type { Tensor } from '../../files/checkpoint';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { GateError, InterruptedError } from '../../base/errors';
import { Random } from '../../base/random';
import type { Certificate } from '../../surrogate/judgement/certificate';
import { normalisationOf } from '../../surrogate/model/normalisation';
import { Surrogate } from '../../surrogate/model/surrogate';
import { CELLS, gridSetting, tinyPeriod, tinySurrogate, tinyTraining, WORLD } from '../../surrogate/testing/tiny-world';
import { carryRuns } from '../../surrogate/tracers/carried-runs';
import { train } from '../../surrogate/training/train';
import { createSurfaceOutput, speciesVariables } from '../../transport/surface-output';
import { PRIOR, responseRun, simulatedFile } from '../../case/case-runs';
import { passCertificateGate } from '../inversions/run-inversion';
import { CERTIFICATE_FILE } from '../transport-runs/output-hashes';
import { certifyStage } from './certify-stage';
import { evaluateStage } from './evaluate-stage';
import { InputHashes } from '../engine/input-hashes';
import { finishStage, readRecord, type StageRecord } from '../engine/record';
import { runStage } from '../engine/run-stage';
import { type RunContext, type StageContext, type StageEvent } from '../engine/stage';
import { stageContext } from '../stage-context';

const HOURS = 96;
/** Factors on NOx and NH3 of the members: apart, so that one can be told from the other. */
const MEMBERS: Record<string, Partial<Record<Group, number>>> = { member01: { NOx: 1.5, NH3: 0.6 }, member02: { NOx: 0.6, NH3: 1.5 } };
const FACTOR = 1.3;
/** Of the member that no training sees. */
const KEPT: Partial<Record<Group, number>> = { NOx: 0.7, NH3: 1.2, SO2: 1.4 };
const VARIABLES: Record<string, string> = { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' };
const SURROGATE = tinySurrogate({ window: [{ count: 2, hours: 1 }], hidden: 6, widths: [6, 6, 6], headWidth: 6 });

const period = withMembers(tinyPeriod('winter', 1, { runs: { prior: 1 }, hours: HOURS }));
carryRuns([period], SURROGATE.tracers, 1);
/** The period as the surrogate sees it, by the default of `surrogate.priorConcentrations`. */
const seen = withPriorConcentrations(period);
const normalisation = normalisationOf([seen], [WORLD.spinUpHours]);
let folder: string;
let good: ReadonlyMap<string, Tensor>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-certify-'));
  good = await trainedOn(seen);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function trainedOn(each: PreparedPeriod): Promise<ReadonlyMap<string, Tensor>> {
  const single = each.runs.size === 1;
  carryRuns([each], SURROGATE.tracers, 1);
  const training = tinyTraining({ iterations: 1000, evaluateEvery: 1000, testFraction: 0.2, ...(single ? { differenceWeight: 0 } : {}) });
  const checkpoint = join(folder, `checkpoint-${each.runs.size}`);
  return (await train([each], [WORLD.spinUpHours], SURROGATE, training, normalisation, { threads: 1, checkpoint })).weights;
}

/** The formula of the tiny world with groups scaled: the n-th species follows the n-th group. */
function scaled({ emissions, concentrations }: PreparedRun, factors: Partial<Record<Group, number>>): PreparedRun {
  const factor = GROUPS.map((group) => factors[group] ?? 1);
  return {
    emissions: emissions.map((value, i) => factor[i % GROUPS.length] * value),
    concentrations: concentrations.map((value, i) => 5 + factor[i % SPECIES.length] * (value - 5)),
  };
}

function withMembers(each: PreparedPeriod): PreparedPeriod {
  const prior = each.runs.get(PRIOR)!;
  return { ...each, runs: new Map([[PRIOR, prior], ...Object.entries(MEMBERS).map(([name, factors]) => [name, scaled(prior, factors)] as const)]) };
}

/** A run folder with everything before `certify`, and the context of a run in it. @param judge - by which the response is judged */
async function runFolder(
  name: string,
  weights: ReadonlyMap<string, Tensor>,
  certificate: object,
  { world = period, judge = 'runs' }: { world?: PreparedPeriod; judge?: 'runs' | 'member' } = {},
): Promise<RunContext & { events: StageEvent[] }> {
  const out = join(folder, name);
  const { grid, time } = world;
  writePreparedMeteorology(join(out, 'prepare'), world);
  const prior = world.runs.get(PRIOR)!;
  for (const [run, fields] of [[PRIOR, prior] as const, ['member01', scaled(prior, KEPT)] as const]) {
    writePreparedRun(join(out, 'prepare'), { period: world.name, run, grid, time, channels: DEFAULT_CHANNELS, ...fields });
  }
  for (const group of ['NOx', 'NH3'] as const) {
    const path = simulatedFile(join(out, 'simulate'), responseRun(group), 'ACONC', world.name);
    mkdirSync(dirname(path), { recursive: true });
    const writer = createSurfaceOutput(path, grid, time, speciesVariables(VARIABLES), 'by formula');
    const { concentrations: changed } = scaled(prior, { [group]: FACTOR });
    SPECIES.forEach((species, s) => {
      for (let step = 0; step < time.count; step++) {
        writer.write(
          VARIABLES[species],
          step,
          Float32Array.from({ length: CELLS }, (_, cell) => changed[(step * CELLS + cell) * SPECIES.length + s]),
        );
      }
    });
    writer.close();
  }
  const description = {
    settings: SURROGATE,
    normalisation,
    meteorologyNames: seen.meteorologyNames,
    geographyNames: ['HT'],
    species: SPECIES.map((species) => ({ name: species, unit: '' })),
    groups: GROUPS.map((group) => ({ name: group, unit: '' })),
  };
  mkdirSync(join(out, 'train'), { recursive: true });
  new Surrogate(description, weights).save(join(out, 'train'));
  for (const stage of ['simulate', 'prepare', 'train']) writeRecord(out, stage, name);
  const events: StageEvent[] = [];
  const settings = {
    grid: gridSetting(out, grid),
    file: join(out, 'case.yaml'),
    periods: [{ name: world.name, start: WORLD.start, hours: world.time.count, spinUpHours: WORLD.spinUpHours, members: true }],
    ctm: { kind: 'reference', options: {} },
    emissions: { groups: Object.fromEntries(GROUPS.map((group) => [group, { variables: [] }])), sectors: {} },
    concentrations: { variables: VARIABLES },
    meteorology: { format: 'auto', layers: 1, names: {} },
    members: membersSchema().parse({ count: judge === 'member' ? 1 : 0 }),
    surrogate: SURROGATE,
    training: { ...tinyTraining({}), ...(judge === 'member' ? { testMembers: 1 } : {}) },
    paperMode: { surrogate: SURROGATE },
    response: responseSchema().parse({ groups: judge === 'runs' ? ['NOx', 'NH3'] : [], factor: FACTOR }),
    certificate: certificateSchema().parse({
      factors: [],
      patches: { count: 0 },
      pairs: [
        { group: 'NOx', species: 'NO2' },
        { group: 'NH3', species: 'SO2' },
      ],
      ...certificate,
    }),
  };
  const run: RunContext & { events: StageEvent[] } = {
    caseSettings: settings as unknown as Case,
    out,
    threads: 1,
    device: 'cpu',
    hardware: 'avx2',
    precision: 'float32',
    events,
    inputs: new InputHashes(),
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
  };
  await runStage(evaluateStage, stageContext(run, 'evaluate', 'default'));
  return run;
}

function writeRecord(out: string, stage: string, key: string): void {
  finishStage(join(out, stage), { stage, key, inputs: [], startedAt: '', seconds: 0, products: [], bytes: {}, sha256: {} } as unknown as StageRecord);
}

async function certified(
  name: string,
  weights: ReadonlyMap<string, Tensor>,
  certificate = {},
  judge: 'runs' | 'member' = 'runs',
): Promise<{ certificate: Certificate; gate: StageContext }> {
  const run = await runFolder(name, weights, certificate, { judge });
  const record = await runStage(certifyStage, stageContext(run, 'certify', 'default'));
  return { certificate: record.summary as Certificate, gate: stageContext(run, 'invert', 'default') };
}

/** Every weight times a random factor: the network is as smooth and as differentiable as before. */
function spoiled(weights: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const random = new Random(5);
  return new Map([...weights].map(([name, { data, shape }]) => [name, { shape, data: data.map((value) => value * random.normal()) }]));
}

/** The prior run only, the emissions of each hour and cell given to another. */
function shuffled(): PreparedPeriod {
  const { emissions, concentrations } = period.runs.get(PRIOR)!;
  const order = new Random(6).permutation(emissions.length / GROUPS.length);
  const moved = Float32Array.from(emissions, (_, i) => emissions[order[Math.floor(i / GROUPS.length)] * GROUPS.length + (i % GROUPS.length)]);
  return { ...period, runs: new Map([[PRIOR, { emissions: moved, concentrations }]]) };
}

it('a surrogate that was trained on members passes, and so does the gate', async () => {
  const { certificate, gate } = await certified('good', good);
  expect(certificate.reasons).toEqual([]);
  expect(certificate.verdict).toBe('passed');
  expect(certificate.differentiation.passed).toBe(true);
  const { figures, runs } = certificate.pairs.find(({ group, species }) => group === 'NOx' && species === 'NO2')!;
  expect(runs).toEqual(['response-NOx']);
  // 30 % more of what emissions add to 5 everywhere
  const { concentrations } = period.runs.get(PRIOR)!;
  const mean =
    concentrations.reduce((sum, value, i) => (i % 4 === 0 && i >= WORLD.spinUpHours * CELLS * 4 ? sum + value : sum), 0) /
    ((HOURS - WORLD.spinUpHours) * CELLS);
  expect(figures.ctmChange / (0.3 * (mean - 5))).toBeCloseTo(1, 1);
  expect(() => passCertificateGate(gate)).not.toThrow();
  expect(JSON.parse(readFileSync(join(folder, 'good/certify', CERTIFICATE_FILE), 'utf8'))).toEqual(JSON.parse(JSON.stringify(certificate)));
});

it('by the member that was kept out of training a group is judged by its part', async () => {
  const { certificate, gate } = await certified('good-member', good, {}, 'member');
  expect(certificate.reasons).toEqual([]);
  expect(certificate.verdict).toBe('passed');
  const { pairs: byRuns } = (await certified('good-runs', good)).certificate;
  for (const { group, species } of certificate.limits) {
    const [part, alone] = [certificate.pairs, byRuns].map((pairs) => pairs.find((pair) => pair.group === group && pair.species === species)!);
    expect(part).toMatchObject({ runs: ['member01'], figures: { part: { wholeR: expect.any(Number) as number } } });
    expect(Math.abs(part.figures.slope / alone.figures.slope - 1)).toBeLessThan(0.25);
    // The formula is linear: a part is what its factor does to what the run with 30 % more does.
    expect(Math.abs(part.figures.ctmChange / alone.figures.ctmChange - (KEPT[group]! - 1) / (FACTOR - 1))).toBeLessThan(0.25);
  }
  const { concentrations } = period.runs.get(PRIOR)!;
  const sulfur = certificate.joint.find(({ species }) => species === 'O3')!;
  expect(sulfur).toMatchObject({ run: 'member01', groups: ['NOx', 'NH3', 'SO2'] });
  const mean = concentrations.reduce((sum, value, i) => (i % 4 === 2 && i >= WORLD.spinUpHours * CELLS * 4 ? sum + value : sum), 0);
  const compared = (HOURS - WORLD.spinUpHours) * CELLS;
  expect(sulfur.figures.ctmChange / ((KEPT.SO2! - 1) * (mean / compared - 5))).toBeCloseTo(1, 1);
  expect(() => passCertificateGate(gate)).not.toThrow();
});

describe('sensitivities as files', () => {
  /** d(NO2)/dε of the formula for NOx times 1 + ε: what NOx adds to 5; in ppmV, as CMAQ-DDM-3D writes it. */
  function sensitivity(name: string, factor: number): object {
    const { grid, time } = period;
    const writer = IoapiWriter.create(join(folder, `${name}_${period.name}.nc`), {
      grid,
      time,
      layers: 1,
      variables: [{ name: 'NO2_ENX', units: 'ppmV' }],
    });
    const { concentrations } = period.runs.get(PRIOR)!;
    for (let step = 0; step < time.count; step++) {
      const values = Float32Array.from({ length: CELLS }, (_, cell) => 1e-3 * factor * (concentrations[(step * CELLS + cell) * 4] - 5));
      writer.write('NO2_ENX', step, values);
    }
    writer.close();
    return { name, group: 'NOx', files: join(folder, `${name}_{period}.nc`), variables: { NO2: 'NO2_ENX' } };
  }

  it("stand beside runs, and pass where the surrogate's derivative is right", async () => {
    const { certificate } = await certified('ddm', good, { sensitivities: [sensitivity('right', 1)] });
    expect(certificate.reasons).toEqual([]);
    const [{ figures, ...of }, ...others] = certificate.sensitivities;
    expect(others).toEqual([]);
    expect(of).toEqual({ name: 'right', group: 'NOx', species: 'NO2', period: period.name });
    const run = certificate.pairs.find(({ group, species }) => group === 'NOx' && species === 'NO2')!;
    expect(figures.slope).toBeCloseTo(run.figures.slope, 1); // the formula is linear, the surrogate nearly
    expect(figures.r).toBeGreaterThan(0.9);
    expect(figures.ctmChange * 0.3).toBeCloseTo(run.figures.ctmChange, 4);
  });

  it('fail the certificate where it is not, whatever the runs say', async () => {
    const { certificate, gate } = await certified('ddm-wrong', good, { sensitivities: [sensitivity('wrong', -1)] });
    expect(certificate.verdict).toBe('failed');
    expect(certificate.reasons).toEqual([expect.stringMatching(/^NOx>NO2, winter, sensitivity wrong: slope -\d/)]);
    expect(() => passCertificateGate(gate)).toThrow(GateError);
  });
});

it('the derivative is looked at within a week after the spin-up: what comes later changes nothing of it', async () => {
  const week = WORLD.spinUpHours + 168;
  const long = tinyPeriod('winter', 2, { runs: { prior: 1 }, hours: week + 50 });
  const { emissions, concentrations } = long.runs.get(PRIOR)!;
  const part = (data: Float32Array): Float32Array => data.subarray(0, (data.length / long.time.count) * week);
  const cut: PreparedPeriod = {
    ...long,
    time: { ...long.time, count: week },
    meteorology: part(long.meteorology),
    runs: new Map([[PRIOR, { emissions: part(emissions), concentrations: part(concentrations) }]]),
  };
  const [whole, first] = await Promise.all(
    [long, cut].map(async (world) => {
      const run = await runFolder(`week-${world.time.count}`, good, {}, { world });
      return (await runStage(certifyStage, stageContext(run, 'certify', 'default'))).summary as Certificate;
    }),
  );
  expect(whole.differentiation).toEqual(first.differentiation);
  expect(whole.pairs).not.toEqual(first.pairs);
});

describe('the gate refuses', () => {
  const deaf = (): ReadonlyMap<string, Tensor> => new Map([...good].map(([name, { data, shape }]) => [name, { shape, data: data.map(() => 0) }]));
  const badly: [string, () => ReadonlyMap<string, Tensor> | Promise<ReadonlyMap<string, Tensor>>][] = [
    ['spoiled weights', () => spoiled(good)],
    ['a surrogate trained on a single inventory with emissions shuffled', () => trainedOn(withPriorConcentrations(shuffled()))],
    ['one that answers nothing', deaf],
  ];
  it.each(badly.flatMap(([name, weights]) => (['runs', 'member'] as const).map((judge) => [name, judge, weights] as const)))(
    '%s, by the %s',
    async (name, judge, weights) => {
      const { certificate, gate } = await certified(`${name}-${judge}`, await weights(), {}, judge);
      expect(certificate.verdict).toBe('failed');
      expect(certificate.reasons.join()).toMatch(/NOx>NO2, winter: /);
      expect(() => passCertificateGate(gate)).toThrow(GateError);
      expect(() => passCertificateGate(gate)).toThrow(/^invert: .*certificate\.json: .*--set certificate\.onFailure=warn$/);
    },
    120_000,
  );

  it('unless it is told to go on, or the paper is only compared with', async () => {
    const weights = spoiled(good);
    const warned = await runFolder('warned', weights, { onFailure: 'warn' });
    await runStage(certifyStage, stageContext(warned, 'certify', 'default'));
    passCertificateGate(stageContext(warned, 'invert', 'default'));
    expect(warned.events.at(-1)).toMatchObject({ kind: 'log', text: expect.stringMatching(/^warning: .*certificate failed/) as string });
    const { gate } = await certified('refused', weights);
    expect(() => passCertificateGate(gate)).toThrow(GateError);
    const dirOf = (): string => gate.dirOf('certify');
    expect(() => passCertificateGate({ ...gate, variant: 'paper', dirOf })).not.toThrow();
  });
});

it('where nothing can judge a pair it says so and warns, and does not pass', async () => {
  const run = await runFolder('unjudged', good, { pairs: [{ group: 'VOC', species: 'O3' }] });
  const { summary } = await runStage(certifyStage, stageContext(run, 'certify', 'default'));
  expect(summary).toMatchObject({
    verdict: 'not certified',
    reasons: [
      'VOC>O3, winter: no member changes VOC, and no run of the transport model changes it alone: raise members.count, name VOC in response.groups, or give certificate.factors',
    ],
  });
  passCertificateGate(stageContext(run, 'invert', 'default'));
  expect(run.events.at(-1)).toMatchObject({ text: expect.stringMatching(/^warning: .*"not certified"/) as string });
});

it('runs of the reference model do not judge a prior run that another model made', async () => {
  const run = await runFolder('files-only', good, {});
  Object.assign(run.caseSettings, { priorConcentrations: 'somewhere/*.nc' });
  const { summary } = await runStage(certifyStage, stageContext(run, 'certify', 'default'));
  expect((summary as Certificate).verdict).toBe('not certified');
});

it.each<[string, (run: RunContext) => void]>([
  ['of another group', ({ caseSettings: { response } }) => response.groups.push('SO2')],
  ['by another factor', ({ caseSettings: { response } }) => (response.factor = 0.8)],
  ['of a surrogate that has been trained anew since', ({ out }) => writeRecord(out, 'train', 'anew')],
])('judges no response %s by what evaluate has compared', async (_, change) => {
  const run = await runFolder('stale', good, {});
  change(run);
  const failed = runStage(certifyStage, stageContext(run, 'certify', 'default'));
  await expect(failed).rejects.toMatchObject({ code: 'STAGE_STALE' });
  await expect(failed).rejects.toThrow(/^certify: expected in .*evaluate what evaluate would leave now .*: run "retroplume evaluate" /);
});

it('ends on Ctrl-C in a sentence and leaves no certificate', async () => {
  const run = await runFolder('stopped', good, {});
  const abort = new AbortController();
  const onEvent = (event: StageEvent): void => void (event.kind === 'progress' && abort.abort());
  const stopped = runStage(certifyStage, stageContext({ ...run, onEvent, signal: abort.signal }, 'certify', 'default'));
  await expect(stopped).rejects.toThrow(InterruptedError);
  await expect(stopped).rejects.toThrow(/^certify: interrupted.*run the same command to go on$/);
  expect(existsSync(join(folder, 'stopped/certify', CERTIFICATE_FILE))).toBe(false);
  expect(readRecord(join(folder, 'stopped/certify'))).toBeUndefined();
});
