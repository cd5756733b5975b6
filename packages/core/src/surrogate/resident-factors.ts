/** Factors on the emissions that all hours share, and the gradient with respect to them, in a GPU's memory. */
import type { DeviceFields } from '@retroplume/native';
import type { EmissionFactors } from './hour-batch';
import type { ResidentFields } from './resident-fields';

export class ResidentFactors {
  private constructor(
    private readonly factors: DeviceFields,
    private readonly gradient?: DeviceFields,
  ) {}

  /**
   * @param adjoint - whether gradients will be asked for
   * @returns undefined where the GPU has no room for them
   */
  static in(room: ResidentFields, { rows, cols }: { rows: number; cols: number }, groups: number, adjoint: boolean): ResidentFactors | undefined {
    const made = room.reserve({ hours: 1, rows, cols, channels: groups }, adjoint ? 2 : 1);
    return made && new ResidentFactors(made[0], made[1]);
  }

  /** The factors of the whole grid. */
  take({ data, offset = 0 }: EmissionFactors): DeviceFields {
    this.factors.write(0, data.subarray(offset, offset + this.size));
    return this.factors;
  }

  /** Zeros, to which gradients are added. */
  begin(): DeviceFields {
    this.gradient!.clear();
    return this.gradient!;
  }

  /** Adds what came together since {@link begin} to a gradient on the host. */
  bring({ data, offset = 0 }: EmissionFactors): void {
    const sum = new Float32Array(this.size);
    this.gradient!.read(0, sum);
    for (let i = 0; i < sum.length; i++) data[offset + i] += sum[i];
  }

  private get size(): number {
    const { rows, cols, channels } = this.factors.shape;
    return rows * cols * channels;
  }
}
