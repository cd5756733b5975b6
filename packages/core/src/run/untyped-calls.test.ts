/** Slips that a compiler would find in a typed program are told before anything is done. */
import { join } from 'node:path';
import * as core from '..';
import { loadCase, type Case } from '../case';
import { temporaryFolder } from '../files/testing/shared-data';
import { bundleRun, type BundleOptions } from './commands/bundle/bundle';
import { runStages } from './run-case';
import { runContext, type RunOptions } from './run';

const folder = temporaryFolder();
const device = { name: 'cpu', hardware: '', precision: 'float32' } as const;

it.each([
  [{ signal: {} }, 'signal: expected the signal of an AbortController but received Object: mend the call'],
  [{ signal: 'SIGTERM' }, 'signal: expected the signal of an AbortController but received "SIGTERM": mend the call'],
  [{ onEvent: 'x' }, 'onEvent: expected a function but received "x": mend the call'],
])('a run with %j', (options, message) => {
  expect(() => runContext({} as Case, join(folder.path, 'run'), device, options as RunOptions)).toThrow(
    expect.objectContaining({ code: 'CALL_INVALID', exitCode: 2, message }) as Error,
  );
});

it.each([
  ['file.tgz', 'options: expected an object, such as { file: "run.tar.gz" }, but received "file.tgz": mend the call'],
  [{ largest: 'x' }, 'largest: expected a number of bytes but received "x": mend the call'],
  [{ largest: NaN }, 'largest: expected a number of bytes but received NaN: mend the call'],
  [{ file: 7 }, 'file: expected a path but received 7: mend the call'],
])('a bundle with %j', async (options, message) => {
  await expect(bundleRun(folder.path, options as BundleOptions)).rejects.toMatchObject({ code: 'CALL_INVALID', message: `bundleRun: ${message}` });
});

it.each([
  [undefined, [], 'path: expected the path of a case file but received undefined: mend the call'],
  [7, [], 'path: expected the path of a case file but received 7: mend the call'],
  ['case.yaml', 'a.b=3', 'overrides: expected a list, such as [\'inversion.iterations=50\'], but received "a.b=3": mend the call'],
])('a case of %j with %j', (path, overrides, message) => {
  expect(() => loadCase(path as string, overrides as string[])).toThrow(expect.objectContaining({ code: 'CALL_INVALID', message }) as Error);
});

it.each([
  [undefined, {}, 'case: expected what loadCase gave, or the path of a case file but received undefined: mend the call'],
  [{}, {}, 'case: expected what loadCase gave, or the path of a case file but received Object: mend the call'],
  [{ file: 'case.yaml' }, { out: 3 }, 'out: expected the path of a run folder but received 3: mend the call'],
])('stages of %j with %j', async (source, options, message) => {
  await expect(runStages(source as Case, options as unknown as RunOptions)).rejects.toMatchObject({ code: 'CALL_INVALID', message });
});

const named = (...names: (keyof typeof core)[]): Partial<typeof core> => Object.fromEntries(names.map((name) => [name, core[name]]));

/** What a program without types calls wrongly: each with nothing, and with an empty object. */
const FUNCTIONS: readonly [name: string, call: (...given: unknown[]) => unknown][] = Object.entries({
  ...named(
    'checkCase',
    'bundleRun',
    'reproduceBundle',
    'openSurrogate',
    'runStages',
    'loadCase',
    'submitChain',
    'plannedWork',
    'runPart',
    'writeDesign',
    'readGriddesc',
    'writeGriddesc',
    'expandGlob',
    'writeCf',
    'writeInventoryEmissions',
    'readStations',
    'readObservations',
    'convert',
    'invert',
    'scores',
    'dailyMeans',
    'maximumDaily8hMeans',
    'rateScores',
  ),
  'new CellOverlaps': (from: core.Grid, to: core.Grid) => new core.CellOverlaps(from, to),
  'IoapiSeries.open': (paths: string[]) => core.IoapiSeries.open(paths),
  'IoapiWriter.create': (path: string, contents: core.IoapiContents) => core.IoapiWriter.create(path, contents),
}) as never;

it.each(FUNCTIONS.flatMap(([name, call]) => [[name, 'nothing', call, []] as const, [name, 'an empty object', call, [{}]] as const]))(
  '%s with %s',
  async (_, __, call, given) => {
    await expect(Promise.resolve().then(() => call(...given))).rejects.toMatchObject({ code: 'CALL_INVALID' });
  },
);

const UNKNOWN = { thread: 2 } as object;

it.each<[string, () => unknown]>([
  ['runStages', () => core.runStages({ file: 'case.yaml' } as Case, UNKNOWN)],
  ['runPart', () => core.runPart({ file: 'case.yaml' } as Case, { run: 'prior' }, UNKNOWN)],
  ['plannedWork', () => core.plannedWork({ file: 'case.yaml' } as Case, UNKNOWN)],
  ['runDemo', () => core.runDemo(UNKNOWN)],
  ['writeDesign', () => core.writeDesign({ file: 'case.yaml' } as Case, UNKNOWN)],
  ['submitChain', () => core.submitChain({ file: 'case.yaml' } as Case, { program: ['retroplume'], ...UNKNOWN })],
  ['openSurrogate', () => core.openSurrogate({ file: 'case.yaml' } as Case, { out: 'run', ...UNKNOWN })],
  ['checkCase', () => core.checkCase('case.yaml', UNKNOWN)],
  ['initCase', () => core.initCase(['inputs'], UNKNOWN)],
  ['bundleRun', () => core.bundleRun('run', UNKNOWN)],
  ['reproduceBundle', () => core.reproduceBundle('run.tar.gz', { out: 'again', ...UNKNOWN })],
  ['readObservations', () => core.readObservations({} as core.ObservationsSpec, UNKNOWN)],
  ['invert', () => core.invert({} as core.ForwardModel, {} as core.InversionProblem, {} as core.InversionSettings, UNKNOWN)],
  ['IoapiSeries.open', () => core.IoapiSeries.open(['a.nc'], UNKNOWN)],
  ['writeCf', () => core.writeCf('a.nc', { dimensions: {}, variables: [] }, UNKNOWN)],
  ['OnnxModel.load', () => core.graph.OnnxModel.load('a.onnx', UNKNOWN)],
  ['adamUpdate', () => core.graph.adamUpdate(new core.graph.Graph(), new Map(), UNKNOWN as Parameters<typeof core.graph.adamUpdate>[2])],
  ['exportOnnx', () => core.graph.exportOnnx({}, { parameters: new Map(), ...UNKNOWN })],
  ['runBench', () => core.bench.runBench({ ...UNKNOWN } as Parameters<typeof core.bench.runBench>[0])],
])('%s with an option that it does not have', async (name, call) => {
  await expect(Promise.resolve().then(call)).rejects.toMatchObject({
    code: 'CALL_INVALID',
    message: expect.stringMatching(new RegExp(`^${name}: expected only .* but received thread: mend the call$`)) as string,
  });
});

it('a program with an option that it does not have', () => {
  const g = new core.graph.Graph();
  const outputs = { out: core.graph.scale(g, g.input('x', [1]), 2) };
  expect(() => core.graph.compile(g, { outputs, ...UNKNOWN })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }) as Error);
});

it('a grid without a definition', () => {
  expect(() => new core.Grid(undefined as never)).toThrow(
    'new Grid: definition: expected the definition of a grid but received undefined: mend the call',
  );
});
