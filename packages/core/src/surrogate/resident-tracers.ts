/** Tracers of one period at a time in a GPU's memory, and the gradient with respect to them: neither crosses the bus for every batch of hours. */
import type { DeviceFields } from '@retroplume/native';
import type { HourStore } from '../data/hour-store';
import { keptMemory } from '../data/period-source';
import type { ResidentFields } from './resident-fields';
import type { Carried } from './tracers';

export class ResidentTracers {
  private carried?: Carried;
  /** whose gradient the GPU has a part of, and its hours */
  private store?: { store: HourStore; hours: number };
  /** stores that have a part already */
  private readonly begun = new WeakSet<HourStore>();
  private readonly memory = keptMemory();

  private constructor(
    private readonly fields: DeviceFields,
    private readonly gradient?: DeviceFields,
  ) {}

  /**
   * @param shape - of the longest period
   * @param adjoint - whether gradients will be asked for
   * @returns undefined where the GPU has no room for them
   */
  static in(
    room: ResidentFields,
    shape: { hours: number; rows: number; cols: number; channels: number },
    adjoint: boolean,
  ): ResidentTracers | undefined {
    const made = room.reserve(shape, adjoint ? 2 : 1);
    return made && new ResidentTracers(made[0], made[1]);
  }

  /** The tracers of a period of so many hours. */
  take(carried: Carried, hours: number): DeviceFields {
    if (this.carried !== carried) {
      this.carried = undefined; // should reading fail in between
      for (let first = 0; first < hours; first++) this.fields.write(first, carried.tracers.hours({ first, count: 1 }, this.memory));
      this.carried = carried;
    }
    return this.fields;
  }

  /** Where gradients are added whose sum {@link bring} brings to `store`, of zeros at first. */
  gradientFor(store: HourStore, hours: number): DeviceFields {
    if (this.store && this.store.store !== store) this.bring(this.store.store);
    this.store = { store, hours };
    return this.gradient!;
  }

  /** Adds what the GPU has of a store's gradient to it. */
  bring(store: HourStore): void {
    if (this.store?.store !== store) return;
    const { hours } = this.store;
    this.store = undefined;
    const { rows, cols } = this.fields.shape;
    const whole = { row: 0, col: 0, rows, cols };
    for (let first = 0; first < hours; first++) {
      const range = { first, count: 1 };
      if (this.begun.has(store)) {
        const part = this.memory(rows * cols * store.channels);
        this.gradient!.read(first, part);
        store.add(whole, range, part);
      } else {
        const part = store.room(range, this.memory);
        this.gradient!.read(first, part);
        store.write(first, part);
      }
    }
    this.begun.add(store);
    this.gradient!.clear();
  }
}
