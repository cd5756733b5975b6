import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { withThreads } from './options';

const { OMP_NUM_THREADS: before } = process.env;
afterEach(() => {
  if (before === undefined) delete process.env['OMP_NUM_THREADS'];
  else process.env['OMP_NUM_THREADS'] = before;
});

it.each([
  ['7', 7],
  [' 7 ', 7],
  ['7,2', 7],
  ['0', availableParallelism()],
  ['many', availableParallelism()],
  ['', availableParallelism()],
])('OMP_NUM_THREADS=%s is as many threads as an OpenMP program would take', (text, threads) => {
  process.env['OMP_NUM_THREADS'] = text;
  expect(withThreads(new Command()).opts()).toEqual({ threads });
});
