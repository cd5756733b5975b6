/** H of some observation times as a sparse matrix on the concentrations that it sees: those alone have to be simulated, or to come from a GPU. */
import { ShapeError } from '../../base/errors';

/** The values of one observation time: each is a weighted mean over the same hours. */
interface StencilTime {
  /** where they lie in the fields */
  hours: ArrayLike<number>;
  weights: ArrayLike<number>;
  /** of each value, cell · S + species */
  elements: ArrayLike<number>;
}

export class ObservationStencil {
  /** of the fields `[hours, H, W, S]`, the elements that are seen: their positions, ascending */
  readonly places: Int32Array;
  /** which of them, value after value and hour after hour */
  private readonly observedElements: Int32Array;
  private readonly count: number;

  /** @param field - numbers of an hour, H · W · S */
  constructor(
    private readonly times: readonly StencilTime[],
    field: number,
  ) {
    this.count = times.reduce((sum, { elements }) => sum + elements.length, 0);
    const allElements = new Int32Array(times.reduce((sum, { elements, hours }) => sum + elements.length * hours.length, 0));
    let position = 0;
    for (const { hours, elements } of times) {
      for (let i = 0; i < elements.length; i++) for (let k = 0; k < hours.length; k++) allElements[position++] = hours[k] * field + elements[i];
    }
    const sorted = allElements.slice().sort();
    this.places = sorted.filter((place, i) => i === 0 || place !== sorted[i - 1]);
    const index = new Map<number, number>();
    this.places.forEach((place, i) => index.set(place, i));
    this.observedElements = allElements.map((place) => index.get(place)!);
  }

  /** H·c. @param concentrations - those at the places @throws {ShapeError} */
  forward(concentrations: Float32Array): Float32Array {
    expectLength('concentrations', concentrations, this.places.length);
    const simulated = new Float32Array(this.count);
    let [value, position] = [0, 0];
    for (const { weights, elements } of this.times) {
      for (let i = 0; i < elements.length; i++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * concentrations[this.observedElements[position++]];
        simulated[value++] = sum;
      }
    }
    return simulated;
  }

  /** Hᵀ·g, at the places. @param gradSimulated - g, a number for each value @throws {ShapeError} */
  adjoint(gradSimulated: ArrayLike<number>): Float32Array {
    expectLength('a gradient', gradSimulated, this.count);
    const gradient = new Float32Array(this.places.length);
    let [value, position] = [0, 0];
    for (const { weights, elements } of this.times) {
      for (let i = 0; i < elements.length; i++, value++) {
        for (let k = 0; k < weights.length; k++) gradient[this.observedElements[position++]] += weights[k] * gradSimulated[value];
      }
    }
    return gradient;
  }
}

function expectLength(name: string, { length }: ArrayLike<number>, expected: number): void {
  if (length !== expected)
    throw new ShapeError('OBSERVATION_SHAPE', `observation operator: expected ${name} of ${expected} values but received ${length}`);
}
