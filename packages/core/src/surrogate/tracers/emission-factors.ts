/** Factors on a period's emissions, and whether they are those that something was made with. */
import type { DeviceFields, DeviceFieldsShape } from '@retroplume/native';
import type { Hours } from '../../fields/period-source';
import type { ResidentFields } from '../model/resident-fields';

/** Factors on emissions inside a larger array, or their gradient. */
export interface EmissionFactors {
  data: Float32Array;
  /** where the factors begin; default 0 */
  offset?: number;
  /** one field for every hour, instead of one for all; default false */
  hourly?: boolean;
  /** nobody changes the array any more: what was made with it is known by it; default false */
  fixed?: boolean;
  /** the same in the GPU's memory, on the whole grid */
  resident?: DeviceFields;
  /** where they are those of a step from others along a direction, of the same layout and fixed: what is linear in them need not be made anew for each step */
  step?: FactorStep;
}

/** base + step · direction */
export interface FactorStep {
  base: Float32Array;
  direction: Float32Array;
  step: number;
}

/** The factors alone, of which there are so many. */
export function partOf({ data, offset = 0 }: EmissionFactors, length: number): Float32Array {
  return data.subarray(offset, offset + length);
}

/** Whether factors are the same (absent: all 1), bit by bit. */
export function sameFactors(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  if (!a || !b) return a === b;
  return a.length === b.length && Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** The factors that something was made with. Callers may change theirs in place, so they are copied unless they are fixed. */
export class SeenFactors {
  private readonly part?: Float32Array;

  /** @param length - number of factors, or of those of all hours */
  constructor(
    factors: EmissionFactors | undefined,
    private readonly length: number,
  ) {
    const part = factors && partOf(factors, length);
    this.part = factors?.fixed ? part : part?.slice();
  }

  sameAs(factors: EmissionFactors | undefined, length: number): boolean {
    const { part } = this;
    if (!factors || !part) return !factors && !part;
    if (length !== this.length) return false;
    const otherPart = partOf(factors, length);
    return (factors.fixed && otherPart.buffer === part.buffer && otherPart.byteOffset === part.byteOffset) || sameFactors(part, otherPart);
  }
}

/** Factors on one period's emissions in a GPU's memory, and the gradient with respect to them, which comes back once for all hours of the period. */
export class ResidentFactors {
  /** factors, and their gradient where gradients will be asked for; null: there is no room */
  private fields?: DeviceFields[] | null;
  private lastFactors?: SeenFactors;
  /** hours of which alone the factors are there, and the gradient is added to */
  private stretch?: { data: Float32Array; hours: Hours };
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
   * @param hours - those that will be asked for
   * @returns the factors on the GPU; undefined where it has no room for them, or has room for others (of all hours instead of each)
   */
  take(factors: EmissionFactors, hours: Hours): DeviceFields | undefined {
    return this.areAll(factors) ? this.takeAll(factors) : this.takeStretch(factors, hours);
  }

  /** As {@link take}, all hours; undefined also where the factors are not of all hours. */
  takeAll(factors: EmissionFactors): DeviceFields | undefined {
    const length = this.lengthOf(factors);
    const field = this.areAll(factors) ? this.fieldOf(factors) : undefined;
    if (!field || this.lastFactors?.sameAs(factors, length)) return field;
    this.lastFactors = this.stretch = undefined; // should writing fail
    field.write(0, partOf(factors, length));
    this.lastFactors = new SeenFactors(factors, length);
    return field;
  }

  /** Factors of some hours alone, which another call may have left in the same place. */
  private takeStretch(factors: EmissionFactors, hours: Hours): DeviceFields | undefined {
    const { data, offset = 0, fixed = false } = factors;
    const [begin, end] = [hours.first, hours.first + hours.count].map((hour) => offset + hour * this.size);
    if (!factors.hourly || begin < 0 || end > data.length || this.added) return undefined; // nor may it be added to a gradient of other hours
    const field = this.fieldOf(factors);
    const { stretch } = this;
    if (!field || (fixed && stretch?.data === data && stretch.hours.first === hours.first && stretch.hours.count === hours.count)) return field;
    this.lastFactors = this.stretch = undefined;
    field.write(hours.first, data.subarray(begin, end));
    this.stretch = { data, hours };
    return field;
  }

  private fieldOf(factors: EmissionFactors): DeviceFields | undefined {
    const { rows, cols, channels } = this.shape;
    const hours = factors.hourly ? this.shape.hours : 1;
    if (this.fields === undefined) this.fields = this.room.reserve({ hours, rows, cols, channels }, this.adjoint ? 2 : 1) ?? null;
    const field = this.fields?.[0];
    return field?.shape.hours === hours ? field : undefined;
  }

  /** Of an hour. */
  private get size(): number {
    const { rows, cols, channels } = this.shape;
    return rows * cols * channels;
  }

  private areAll(factors: EmissionFactors): boolean {
    const { data, offset = 0 } = factors;
    return offset >= 0 && offset + this.lengthOf(factors) <= data.length;
  }

  private lengthOf({ hourly = false }: EmissionFactors): number {
    return (hourly ? this.shape.hours : 1) * this.size;
  }

  /** Where gradients are added until {@link finish}: zeros at first. */
  gradient(): DeviceFields {
    this.added = true;
    return this.fields![1];
  }

  /** Adds what came together to a gradient on the host, which is laid out as the factors of {@link take}. */
  finish(gradFactors: EmissionFactors): void {
    if (!this.added) return;
    this.added = false;
    const gradient = this.fields![1];
    const { first, count } = this.stretch?.hours ?? { first: 0, count: gradient.shape.hours };
    const begin = (gradFactors.offset ?? 0) + first * this.size;
    gradient.addTo(first, gradFactors.data.subarray(begin, begin + count * this.size));
    gradient.clear(first, count);
  }

  /** As {@link finish}, where the GPU has the factors of some hours alone: other hours may take their place. */
  finishStretch(gradFactors: EmissionFactors): void {
    if (this.stretch) this.finish(gradFactors);
  }
}
