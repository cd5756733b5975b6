import type { CudaDevices } from '@retroplume/native';
import { chooseDevice, describeDevice, type DeviceChoice, type Precision } from './device';
import { describeEnvironment, type Finding } from './environment';
import { ConfigError, DeviceError } from './errors';

const GPUS = [
  { index: 0, name: 'NVIDIA H100', architecture: 'sm_90', memoryBytes: 85e9 },
  { index: 1, name: 'NVIDIA A100', architecture: 'sm_80', memoryBytes: 42e9 },
];
const NOT_BUILT = { built: false, reason: 'this build has no CUDA kernels: no CUDA toolkit (nvcc) was found when it was made', devices: [] };
const NONE = { built: true, reason: 'CUDA says "no CUDA-capable device is detected"', devices: [] };
const TWO = { built: true, reason: '', devices: GPUS };

let found: CudaDevices;
jest.mock('@retroplume/native', () => ({
  ...jest.requireActual<object>('@retroplume/native'),
  cudaDevices: () => found,
  cpuFeatures: () => ({ isa: 'avx2', threads: 2, compiler: '' }),
}));

describe('the device that is chosen', () => {
  it.each<[DeviceChoice | undefined, CudaDevices, string]>([
    [undefined, TWO, 'cuda:0 NVIDIA H100 (sm_90, 79 GiB)'],
    ['auto', TWO, 'cuda:0 NVIDIA H100 (sm_90, 79 GiB)'],
    ['cuda', TWO, 'cuda:0 NVIDIA H100 (sm_90, 79 GiB)'],
    ['cuda:1', TWO, 'cuda:1 NVIDIA A100 (sm_80, 39 GiB)'],
    ['cpu', TWO, 'cpu, 2 threads, avx2'],
    ['auto', NONE, 'cpu, 2 threads, avx2'],
    ['auto', NOT_BUILT, 'cpu, 2 threads, avx2'],
  ])('for %s with %j is %s', (device, machine, description) => {
    found = machine;
    expect(describeDevice(chooseDevice({ device }), 2)).toBe(description);
  });

  it('carries the products that were asked for', () => {
    found = TWO;
    expect(describeDevice(chooseDevice({ precision: 'bf16' }), 2)).toBe('cuda:0 NVIDIA H100 (sm_90, 79 GiB), precision bf16');
    expect(chooseDevice({ device: 'cpu' })).toEqual({ name: 'cpu', hardware: 'avx2', precision: 'float32' });
    expect(describeDevice(chooseDevice({ device: 'cpu' }), 1)).toBe('cpu, 1 thread, avx2');
  });
});

describe('what cannot be had is refused', () => {
  it.each<[DeviceChoice, CudaDevices, RegExp]>([
    ['cuda', NOT_BUILT, /^device cuda: expected CUDA kernels but this build has no CUDA kernels: .*nvcc.*: install nvcc, .* or use --device cpu$/],
    ['cuda', NONE, /^device cuda: expected a GPU that CUDA can use but CUDA says "no CUDA-capable.*NVIDIA driver.* or use --device cpu$/],
    [
      'cuda:7',
      TWO,
      /^device cuda:7: .* it has cuda:0 NVIDIA H100 \(sm_90, 79 GiB\), cuda:1 NVIDIA A100 .*: use --device cuda:0, or use --device cpu$/,
    ],
    ['cuda:7', NONE, /^device cuda:7: expected a GPU that CUDA can use/],
  ])('%s with %j', (device, machine, message) => {
    found = machine;
    const choose = (): unknown => chooseDevice({ device });
    expect(choose).toThrow(DeviceError);
    expect(choose).toThrow(expect.objectContaining({ code: 'DEVICE_CUDA_MISSING', exitCode: 4 }) as Error);
    expect(choose).toThrow(message);
  });

  it.each<[DeviceChoice, RegExp]>([
    ['cpu', /^precision tf32: expected a GPU but device cpu multiplies in float32 only: use --precision float32/],
    ['auto', /^precision tf32: expected a GPU but device auto found no GPU and the CPU multiplies in float32 only/],
  ])('rounded products on the CPU that %s means', (device, message) => {
    found = NONE;
    const choose = (): unknown => chooseDevice({ device, precision: 'tf32' });
    expect(choose).toThrow(ConfigError);
    expect(choose).toThrow(expect.objectContaining({ code: 'PRECISION_NEEDS_CUDA', exitCode: 2 }) as Error);
    expect(choose).toThrow(message);
  });

  it.each([
    [{ device: 'tpu' as DeviceChoice }, 'DEVICE_UNKNOWN', /expected auto, cpu, cuda or cuda:N but received "tpu"/],
    [{ device: 'cuda:' as DeviceChoice }, 'DEVICE_UNKNOWN', /received "cuda:"/],
    [{ device: 'cuda:-1' as DeviceChoice }, 'DEVICE_UNKNOWN', /received "cuda:-1"/],
    [{ precision: 'fp8' as Precision }, 'PRECISION_UNKNOWN', /expected one of float32, tf32, bf16 but received "fp8"/],
  ])('%j, which nobody knows', (asked, code, message) => {
    found = TWO;
    expect(() => chooseDevice(asked)).toThrow(expect.objectContaining({ code, exitCode: 2 }) as Error);
    expect(() => chooseDevice(asked)).toThrow(message);
  });
});

describe('what doctor finds of it', () => {
  const findings = async (machine: CudaDevices): Promise<Finding[]> => {
    found = machine;
    const { findings: all } = await describeEnvironment();
    return ['CUDA kernels', 'GPU'].map((name) => all.find((finding) => finding.name === name)!);
  };

  it('the GPUs, by the names that --device takes', async () => {
    const [kernels, gpu] = await findings(TWO);
    expect(kernels).toMatchObject({ found: true, needed: false });
    expect(gpu).toMatchObject({ found: true, detail: 'cuda:0 NVIDIA H100 (sm_90, 79 GiB), cuda:1 NVIDIA A100 (sm_80, 39 GiB)' });
  });

  it('no kernels, why, and how to get them', async () => {
    const [kernels, gpu] = await findings(NOT_BUILT);
    expect(kernels).toMatchObject({ found: false, detail: NOT_BUILT.reason, needed: false });
    expect(kernels.remedy).toMatch(/install nvcc, delete packages\/native\/build and run npm run setup/);
    expect(gpu).toMatchObject({ found: false, needed: false });
    expect(gpu.remedy).toMatch(/runs use the CPU/);
  });

  it('kernels without a GPU', async () => {
    const [kernels, gpu] = await findings(NONE);
    expect(kernels.found).toBe(true);
    expect(gpu).toMatchObject({ found: false, detail: NONE.reason, needed: false });
  });
});
