/**
 * Products with the Hessian on the disk, a file for each pass over the observations, so that none is made twice: after an interruption, or for a higher rank.
 * A file holds, to the bit, what the pass brought to each part (growing-part.ts); a part whose space was exhausted before has nothing in it.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readTensors, writeTensors, type Checkpoint, type Tensor } from '../../files/checkpoint';
import { makeFolder } from '../../files/disk';
import { DataError } from '../../base/errors';
import { joined } from '../../base/vectors';
import type { GrowingPart, PartStep } from './growing-part';
import type { KrylovStep } from './krylov-space';

/** What a {@link PartStep} has beside its tensors. */
interface Numbers extends Pick<KrylovStep, 'along' | 'beta'> {
  /** values of each batch */
  lengths: number[];
}

export class ProductJournal {
  /**
   * @param folder - is made with the first product
   * @param key - names what the products are of; those of something else are made anew
   * @param say - told in one sentence what could not be used
   */
  constructor(
    private readonly folder: string,
    private readonly key: string,
    private readonly say: (text: string) => void = () => {},
  ) {}

  /**
   * Gives the parts what pass `pass` (from 0) brought.
   * @returns the seconds that it took; undefined where it is not to be had: it and all after it are then gone
   */
  restore(pass: number, parts: readonly GrowingPart[]): number | undefined {
    const checkpoint = this.read(pass);
    if (!checkpoint) return undefined;
    parts.forEach((part, p) => {
      const numbers = (checkpoint.metadata['parts'] as (Numbers | null)[])[p];
      if (numbers) part.restore(decodeStep(numbers, (name) => checkpoint.tensors.get(`${p}.${name}`)));
    });
    return checkpoint.metadata['seconds'] as number;
  }

  /**
   * Keeps what pass `pass` brought.
   * @param parts - undefined in the place of those that took no part in it
   * @param seconds - that it took
   * @throws {DataError} `DISK_FULL`
   */
  write(pass: number, parts: readonly (GrowingPart | undefined)[], seconds: number): void {
    makeFolder(this.folder);
    const tensors = new Map<string, Tensor>();
    const numbers = parts.map(
      (part, p) => part && encodeStep(part.latest(), (name, data) => void tensors.set(`${p}.${name}`, { data, shape: [data.length] })),
    );
    writeTensors(this.pathOf(pass), { tensors, metadata: { key: this.key, parts: numbers, seconds } });
  }

  private pathOf(pass: number): string {
    return join(this.folder, `product-${String(pass + 1).padStart(4, '0')}.safetensors`);
  }

  private read(pass: number): Checkpoint | undefined {
    const path = this.pathOf(pass);
    if (!existsSync(path)) return undefined;
    try {
      const checkpoint = readTensors(path);
      if (checkpoint.metadata['key'] === this.key) return checkpoint;
      this.say(`${path}: belongs to other settings or observations; it and those after it are made anew`);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      this.say(`${error.message}; it and those after it are made anew`);
    }
    for (let later = pass; existsSync(this.pathOf(later)); later++) rmSync(this.pathOf(later));
    return undefined;
  }
}

function encodeStep({ step: { next, ...step }, factorImage, simulated }: PartStep, keep: (name: string, data: Tensor['data']) => void): Numbers {
  const lengths = simulated.map(({ length }) => length);
  if (next) keep('next', next);
  keep('factorImage', factorImage);
  keep('simulated', joined(Float64Array, simulated));
  return { ...step, lengths };
}

function decodeStep({ lengths, ...step }: Numbers, tensor: (name: string) => Tensor | undefined): PartStep {
  const values = tensor('simulated')!.data as Float64Array;
  let offset = 0;
  const simulated = lengths.map((length) => values.subarray(offset, (offset += length)));
  return {
    step: { ...step, next: tensor('next')?.data as Float64Array | undefined },
    factorImage: tensor('factorImage')!.data as Float32Array,
    simulated,
  };
}
