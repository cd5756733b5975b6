/** Some hours of a period in a store that has room for these alone. */
import type { HourStore } from './hour-store';
import type { Crop, Hours, Memory } from './period-source';

/** Which hours of a period have fields, which lie one after the other. */
export class ChosenHours {
  /** of each hour: 1 where it has a field */
  readonly mask: Uint8Array;
  /** of each hour: how many before it have fields */
  private readonly countBefore: Int32Array;

  /** @param hours - of the period @param chosen - default: all */
  constructor(hours: number, chosen?: Iterable<number>) {
    this.mask = new Uint8Array(hours).fill(chosen ? 0 : 1);
    for (const hour of chosen ?? []) this.mask[hour] = 1;
    this.countBefore = new Int32Array(hours + 1);
    this.mask.forEach((isChosen, hour) => (this.countBefore[hour + 1] = this.countBefore[hour] + isChosen));
  }

  get count(): number {
    return this.countBefore[this.mask.length];
  }

  /** The hour after the last one that has a field. */
  get end(): number {
    return this.mask.lastIndexOf(1) + 1;
  }

  /** Places of the fields of a range of hours. */
  positionsOf({ first, count }: Hours): Hours {
    return { first: this.countBefore[first], count: this.countBefore[first + count] - this.countBefore[first] };
  }
}

/** Fields of a period's chosen hours, which are asked for by their places in the period. */
export class SparseHours {
  /** @param fields - of the chosen hours, one after the other: what they are kept in */
  constructor(
    readonly fields: HourStore,
    private readonly chosen: ChosenHours,
  ) {}

  /** As {@link HourStore.hours}. @throws {Error} if one of them was not chosen */
  hours(range: Hours, memory?: Memory): Float32Array {
    return this.fields.hours(this.placed(range), memory);
  }

  /** As {@link HourStore.rectangle}. @throws {Error} as {@link hours} */
  rectangle(crop: Crop, range: Hours, memory?: Memory): Float32Array {
    return this.fields.rectangle(crop, this.placed(range), memory);
  }

  /** As {@link HourStore.add}. @throws {Error} as {@link hours} */
  add(crop: Crop, range: Hours, data: Float32Array, memory?: Memory): void {
    this.fields.add(crop, this.placed(range), data, memory);
  }

  private placed(range: Hours): Hours {
    const positions = this.chosen.positionsOf(range);
    if (positions.count !== range.count)
      throw new Error(`fields of hours ${range.first} to ${range.first + range.count - 1}: not all of them were asked for before`);
    return positions;
  }
}
