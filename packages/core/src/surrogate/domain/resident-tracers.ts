/** Tracers of one period at a time in a GPU's memory, and the gradient with respect to them: neither crosses the bus for every batch of hours. */
import type { DeviceFields } from '@retroplume/native';
import type { EmissionFactors } from '../tracers/emission-factors';
import type { ResidentFields } from '../model/resident-fields';
import { DeviceCarrier, type TracerCarrier } from './tracer-carriers';

/** Who carries a period's tracers: where the GPU cannot, the host. */
interface CarrierChoice {
  onDevice(period: number): DeviceCarrier | undefined;
  onHost(period: number): TracerCarrier;
}

export class ResidentTracers {
  /** per period, when first asked for */
  private readonly carriers: TracerCarrier[] = [];
  /** whose tracers, and whose gradient, the GPU has */
  private held?: number;
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
    const made = room.reserve(shape, adjoint ? 2 : 1);
    return made && new ResidentTracers(choice, made[0], made[1]);
  }

  /** The tracers of a period under some factors. */
  take(period: number, factors?: EmissionFactors): DeviceFields {
    const carrier = this.carrierOf(period, factors);
    const held = this.held === period;
    this.held = undefined; // should it fail in between
    carrier.carry(factors, this.fields, held);
    this.held = period;
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
    this.carriers.forEach((each) => each.dispose());
  }

  private collect(): void {
    if (this.ofGradient !== undefined) this.carriers[this.ofGradient].collect(this.gradient!);
    this.ofGradient = undefined;
  }

  private carrierOf(period: number, factors?: EmissionFactors): TracerCarrier {
    const made = this.carriers[period] ?? this.choice.onDevice(period);
    if (made && (!(made instanceof DeviceCarrier) || made.takes(factors))) return (this.carriers[period] = made);
    made?.dispose();
    this.held = undefined;
    return (this.carriers[period] = this.choice.onHost(period));
  }
}
