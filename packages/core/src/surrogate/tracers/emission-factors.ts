/** Factors on a period's emissions, and whether they are those that something was made with. */
import type { DeviceFields } from '@retroplume/native';

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
  along?: FactorStep;
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

  are(factors: EmissionFactors | undefined, length: number): boolean {
    const { part } = this;
    if (!factors || !part) return !factors && !part;
    if (length !== this.length) return false;
    const other = partOf(factors, length);
    return (factors.fixed && other.buffer === part.buffer && other.byteOffset === part.byteOffset) || sameFactors(part, other);
  }
}
