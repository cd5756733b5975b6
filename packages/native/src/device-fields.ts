/** Hourly fields in a GPU's memory, of which programs on it take windows without the host. */
import { loadAddon } from './load-addon';

/** Of fields `[hours, rows, cols, channels]`. */
export interface DeviceFieldsShape {
  hours: number;
  rows: number;
  cols: number;
  channels: number;
  /** the number that 1 stands for in half precision; absent: single precision */
  one?: number;
}

/** What the addon knows the fields by. */
export interface FieldsHandle {
  write(firstHour: number, data: Float32Array | Uint16Array): void;
  read(firstHour: number, into: Float32Array): void;
  addTo(firstHour: number, into: Float32Array): void;
  clear(firstHour: number, hours: number): void;
  dispose(): void;
}

interface FieldsAddon {
  Fields: new (shape: DeviceFieldsShape, options: { device?: string }) => FieldsHandle;
}

/**
 * Room for hourly fields on a GPU, zeros at first.
 *
 * @example
 * const fields = new DeviceFields({ hours: 744, rows: 182, cols: 232, channels: 14 }, 'cuda');
 * fields.write(0, meteorology);
 * program.stageWindow(offset, fields, request);
 */
export class DeviceFields {
  /** for {@link NativeProgram.stageWindow} */
  readonly handle: FieldsHandle;

  /**
   * @param module - the addon to take, that of the program
   * @throws Error with `code` `DEVICE_OUT_OF_MEMORY`, `DEVICE_CUDA_MISSING`, `ARGUMENT_INVALID`
   */
  constructor(
    readonly shape: DeviceFieldsShape,
    device: 'cpu' | 'cuda' | `cuda:${number}` | undefined,
    module = 'retroplume',
  ) {
    this.handle = new (loadAddon(module) as FieldsAddon).Fields(shape, { device });
  }

  /**
   * Copies consecutive hours of the whole grid to the GPU, and waits for it.
   *
   * @param data - a Uint16Array of half-precision numbers where the fields are in half precision, else a Float32Array
   * @throws Error with `code` `ARGUMENT_INVALID` if they are not all in the fields
   */
  write(firstHour: number, data: Float32Array | Uint16Array): void {
    this.handle.write(firstHour, data);
  }

  /** Fills `into` with consecutive hours of fields in single precision. @throws as {@link write} */
  read(firstHour: number, into: Float32Array): void {
    this.handle.read(firstHour, into);
  }

  /** Adds consecutive hours of fields in single precision to `into`. @throws as {@link write} */
  addTo(firstHour: number, into: Float32Array): void {
    this.handle.addTo(firstHour, into);
  }

  /** All numbers of some hours become 0; default: of all. @throws as {@link write} */
  clear(firstHour = 0, hours = this.shape.hours - firstHour): void {
    this.handle.clear(firstHour, hours);
  }

  /** Releases the memory, once no window of it is staged. A second dispose does nothing. */
  dispose(): void {
    this.handle.dispose();
  }
}
