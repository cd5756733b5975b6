/** The native module with a GPU on what stands for one in the tests (native/src/testing), to take its place by `jest.mock`. */
import type { CudaDevices, DeviceFieldsShape, ProgramOptions, ProgramSpec } from '@retroplume/native';

type Native = typeof import('@retroplume/native');

/**
 * @param module - the addon that programs and fields of a GPU are made in: `retroplume_emulated` or `retroplume_ptx`
 * @param memoryBytes - of the GPU that is told of; 0: none is
 */
export function emulatedNative(module: () => string, memoryBytes: () => number): Native {
  const native = jest.requireActual<Native>('@retroplume/native');
  class EmulatedProgram extends native.NativeProgram {
    constructor(spec: ProgramSpec, options: ProgramOptions = {}) {
      super(spec, options, options.device === undefined || options.device === 'cpu' ? undefined : module());
    }
  }
  class EmulatedFields extends native.DeviceFields {
    constructor(shape: DeviceFieldsShape, device: ProgramOptions['device']) {
      super(shape, device, module());
    }
  }
  class EmulatedTracers extends native.DeviceTracers {
    constructor(...[request, meteorology, rates, device]: ConstructorParameters<typeof native.DeviceTracers>) {
      super(request, meteorology, rates, device, module());
    }
  }
  const cudaDevices = (): CudaDevices => ({
    built: true,
    reason: '',
    devices: memoryBytes() > 0 ? [{ index: 0, name: module(), architecture: 'emulation', memoryBytes: memoryBytes() }] : [],
  });
  return { ...native, NativeProgram: EmulatedProgram, DeviceFields: EmulatedFields, DeviceTracers: EmulatedTracers, cudaDevices };
}
