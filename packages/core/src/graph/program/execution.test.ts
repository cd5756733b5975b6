import type { CudaDevices } from '@retroplume/native';
import { packsTraces, roomOf } from './execution';

const devices = [
  { index: 0, name: 'NVIDIA H100', architecture: 'sm_90', memoryBytes: 80e9 },
  { index: 1, name: 'NVIDIA L4', architecture: 'sm_89', memoryBytes: 24e9 },
];
jest.mock('@retroplume/native', () => ({
  ...jest.requireActual<object>('@retroplume/native'),
  cudaDevices: (): CudaDevices => ({ built: true, reason: '', devices }),
}));

test.each([
  [undefined, 0],
  ['cpu', 0],
  ['cuda', 5e9],
  ['cuda:0', 5e9],
  ['cuda:1', 1.5e9],
  ['cuda:2', 0], // not there: the program says so
] as const)('on %s a graph may keep %d numbers more: a quarter of the memory', (device, numbers) => {
  expect(roomOf({ device })).toBe(numbers);
});

test.each([
  [{ device: 'cuda', precision: 'tf32' }, true],
  [{ device: 'cuda:0', precision: 'bf16' }, true],
  [{ device: 'cuda', precision: 'float32' }, false],
  [{ device: 'cuda' }, false],
  [{ device: 'cpu', precision: 'tf32' }, false],
  [{ precision: 'tf32' }, false],
] as const)('with %p gates are packed: %s, and twice as many find room', (execution, packed) => {
  expect(packsTraces(execution)).toBe(packed);
  expect(roomOf(execution)).toBe('device' in execution && execution.device !== 'cpu' ? (packed ? 10e9 : 5e9) : 0);
});
