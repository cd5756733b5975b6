/** Factors on one period's emissions in a GPU's memory, and the gradient with respect to them, which comes back once for all hours of the period. */
import type { DeviceFields, DeviceFieldsShape } from '@retroplume/native';
import { partOf, SeenFactors, type EmissionFactors } from '../tracers/emission-factors';
import type { ResidentFields } from '../resident-fields';

export class ResidentFactors {
  /** factors, and their gradient where gradients will be asked for; null: there is no room */
  private fields?: DeviceFields[] | null;
  private seen?: SeenFactors;
  private added = false;

  /**
   * @param shape - of the emissions
   * @param adjoint - whether gradients will be asked for
   */
  constructor(
    private readonly room: ResidentFields,
    private readonly shape: DeviceFieldsShape,
    private readonly adjoint: boolean,
  ) {}

  /**
   * @returns the factors on the GPU; undefined where it has no room for them, or has room for others (of all hours instead of each), or where they are not
   * of all hours of the period
   */
  take(factors: EmissionFactors): DeviceFields | undefined {
    const { rows, cols, channels } = this.shape;
    const hours = factors.hourly ? this.shape.hours : 1;
    const length = hours * rows * cols * channels;
    const { offset = 0 } = factors;
    if (offset < 0 || offset + length > factors.data.length) return undefined;
    if (this.fields === undefined) this.fields = this.room.reserve({ hours, rows, cols, channels }, this.adjoint ? 2 : 1) ?? null;
    const field = this.fields?.[0];
    if (field?.shape.hours !== hours) return undefined;
    if (this.seen?.are(factors, length)) return field;
    this.seen = undefined; // should writing fail
    field.write(0, partOf(factors, length));
    this.seen = new SeenFactors(factors, length);
    return field;
  }

  /** Where gradients are added until {@link finish}: zeros at first. */
  gradient(): DeviceFields {
    this.added = true;
    return this.fields![1];
  }

  /** Adds what came together to a gradient on the host. */
  finish(gradFactors: EmissionFactors): void {
    if (!this.added) return;
    this.added = false;
    const gradient = this.fields![1];
    const { hours, rows, cols, channels } = gradient.shape;
    const field = new Float32Array(rows * cols * channels);
    const into = partOf(gradFactors, hours * field.length);
    for (let hour = 0; hour < hours; hour++) {
      gradient.read(hour, field);
      for (let i = 0; i < field.length; i++) into[hour * field.length + i] += field[i];
    }
    gradient.clear();
  }
}
