/** Slips that a compiler would find in a typed program are told before anything is done. */
import { join } from 'node:path';
import { loadCase, type Case } from '../data/case';
import { temporaryFolder } from '../data/testing/shared-data';
import { bundleRun, type BundleOptions } from './bundle/bundle';
import { runContext, runStages, type RunOptions } from './run';

const folder = temporaryFolder();
const device = { name: 'cpu', hardware: '', products: 'float32' } as const;

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
