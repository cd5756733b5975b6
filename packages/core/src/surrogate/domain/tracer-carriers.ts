/** Who carries one period's emissions as tracers into a GPU's memory, and gradients back out of it: the host (tracers.ts), or the GPU itself. */
import { type DeviceFields, DeviceTracers } from '@retroplume/native';
import type { TracerSettings } from '../../case';
import { type PeriodSource, keptMemory, wholeGrid } from '../../fields/period-source';
import type { SparseHours } from '../../fields/sparse-hours';
import { type EmissionFactors, SeenFactors, type ResidentFactors } from '../tracers/emission-factors';
import { type ResidentFields, roomFor } from '../model/resident-fields';
import { RATE_COUNT, ratesOf, type Carried, type PeriodTracers, tracerRequest } from '../tracers/tracers';

interface TracerCarrier {
  /** Fills `into` with the tracers under some factors. @param resident - whether it has what this carrier made last */
  carry(factors: EmissionFactors | undefined, target: DeviceFields, resident: boolean): void;
  /** Takes a part of the gradient with respect to the tracers, and leaves zeros. */
  collect(gradient: DeviceFields): void;
  /** The transpose of {@link carry} of all that was collected, added, unless it lies with the factors on the GPU. */
  finish(gradFactors: EmissionFactors): void;
  dispose(): void;
}

/** All hours that are asked for cross the bus whenever the factors change, and so does the gradient. */
export class HostCarrier implements TracerCarrier {
  /** what the GPU has */
  private carried?: Carried;
  private gradient?: SparseHours;
  private readonly memory = keptMemory();

  /** @param tracers - the caller's, to dispose of */
  constructor(private readonly tracers: PeriodTracers) {}

  carry(factors: EmissionFactors | undefined, target: DeviceFields, resident: boolean): void {
    const carried = this.tracers.carry(factors);
    if (resident && this.carried === carried) return;
    this.carried = undefined; // should reading fail in between
    for (const first of this.tracers.hours) target.write(first, carried.tracers.hours({ first, count: 1 }, this.memory));
    this.carried = carried;
  }

  collect(gradient: DeviceFields): void {
    const { rows, cols, channels } = gradient.shape;
    const store = (this.gradient ??= this.tracers.store());
    for (const first of this.tracers.hours) {
      const part = this.memory(rows * cols * channels);
      gradient.read(first, part);
      store.add(wholeGrid({ grid: gradient.shape }), { first, count: 1 }, part);
    }
    gradient.clear();
  }

  finish(gradFactors: EmissionFactors): void {
    if (this.gradient) this.tracers.addAdjoint(this.gradient, gradFactors);
    this.dispose();
  }

  dispose(): void {
    this.gradient?.fields.dispose();
    this.gradient = undefined;
  }
}

/** Factors alone cross the bus, and the gradient with respect to them. */
export class DeviceCarrier implements TracerCarrier {
  /** with which the GPU's tracers were made */
  private factorsSeen?: SeenFactors;

  private constructor(
    private readonly tracers: DeviceTracers,
    private readonly emissions: DeviceFields,
    private readonly factors: ResidentFactors,
  ) {}

  /**
   * @param resident - of the source, what the GPU holds: all of it is needed
   * @param room - in the same GPU's memory, whose owner disposes of what is taken there
   * @returns undefined where the GPU lacks a field or memory
   */
  static for(
    source: PeriodSource,
    settings: readonly TracerSettings[],
    { meteorology, emissions }: { meteorology?: DeviceFields; emissions?: DeviceFields },
    factors: ResidentFactors,
    room: ResidentFields,
    threads: number,
  ): DeviceCarrier | undefined {
    if (!meteorology || !emissions) return undefined;
    const { rows, cols } = source.grid;
    const hours = source.time.count;
    const rates = room.reserve({ hours, rows, cols, channels: RATE_COUNT }, 1)?.[0];
    if (!rates) return undefined;
    const memory = keptMemory();
    for (let first = 0; first < hours; first++) {
      const ofHour = source.hourly('meteorology', wholeGrid(source), { first, count: 1 }, memory);
      rates.write(first, ratesOf(settings, source.meteorologyNames, ofHour, threads));
    }
    const tracers = roomFor(() => new DeviceTracers(tracerRequest(source, settings), meteorology, rates, room.device));
    return tracers && new DeviceCarrier(tracers, emissions, factors);
  }

  /** Whether the GPU has room for factors of that shape. */
  takes(factors: EmissionFactors | undefined): boolean {
    return factors === undefined || this.factors.takeAll(factors) !== undefined;
  }

  carry(factors: EmissionFactors | undefined, target: DeviceFields, resident: boolean): void {
    const { hours, rows, cols, channels } = this.emissions.shape;
    const length = (factors?.hourly ? hours : 1) * rows * cols * channels;
    if (resident && this.factorsSeen?.sameAs(factors, length)) return;
    this.factorsSeen = undefined; // should it fail in between
    this.tracers.carry(this.emissions, factors && this.factors.takeAll(factors), target);
    this.factorsSeen = new SeenFactors(factors, length);
  }

  collect(gradient: DeviceFields): void {
    this.tracers.addAdjoint(this.emissions, gradient, this.factors.gradient());
    gradient.clear();
  }

  finish(): void {}

  dispose(): void {
    this.tracers.dispose();
  }
}

/** Who carries a period's tracers: where the GPU cannot, the host. */
interface CarrierChoice {
  onDevice(period: number): DeviceCarrier | undefined;
  onHost(period: number): TracerCarrier;
}

/** Tracers of one period at a time in a GPU's memory, and the gradient with respect to them: neither crosses the bus for every batch of hours. */
export class ResidentTracers {
  /** per period, when first asked for */
  private readonly carriers: TracerCarrier[] = [];
  /** whose tracers, and whose gradient, the GPU has */
  private heldPeriod?: number;
  private ofGradient?: number;

  private constructor(
    private readonly choice: CarrierChoice,
    private readonly fields: DeviceFields,
    private readonly gradient?: DeviceFields,
  ) {}

  /**
   * @param shape - of the longest period
   * @param adjoint - whether gradients will be asked for
   * @returns undefined where the GPU has no room for them
   */
  static create(
    room: ResidentFields,
    shape: { hours: number; rows: number; cols: number; channels: number },
    adjoint: boolean,
    choice: CarrierChoice,
  ): ResidentTracers | undefined {
    const reserved = room.reserve(shape, adjoint ? 2 : 1);
    return reserved && new ResidentTracers(choice, reserved[0], reserved[1]);
  }

  /** The tracers of a period under some factors. */
  take(period: number, factors?: EmissionFactors): DeviceFields {
    const carrier = this.carrierOf(period, factors);
    const isHeld = this.heldPeriod === period;
    this.heldPeriod = undefined; // should it fail in between
    carrier.carry(factors, this.fields, isHeld);
    this.heldPeriod = period;
    return this.fields;
  }

  /** Where gradients with respect to a period's tracers are added, until {@link finish}. */
  gradientOf(period: number): DeviceFields {
    if (this.ofGradient !== period) this.collect();
    this.ofGradient = period;
    return this.gradient!;
  }

  /** Adds to the factors' gradient, here or on the GPU, what goes through the period's tracers. */
  finish(period: number, gradFactors: EmissionFactors): void {
    if (this.ofGradient === period) this.collect();
    this.carriers[period]?.finish(gradFactors);
  }

  dispose(): void {
    this.carriers.forEach((carrier) => carrier.dispose());
  }

  private collect(): void {
    if (this.ofGradient !== undefined) this.carriers[this.ofGradient].collect(this.gradient!);
    this.ofGradient = undefined;
  }

  private carrierOf(period: number, factors?: EmissionFactors): TracerCarrier {
    const carrier = this.carriers[period] ?? this.choice.onDevice(period);
    if (carrier && (!(carrier instanceof DeviceCarrier) || carrier.takes(factors))) return (this.carriers[period] = carrier);
    carrier?.dispose();
    this.heldPeriod = undefined;
    return (this.carriers[period] = this.choice.onHost(period));
  }
}
