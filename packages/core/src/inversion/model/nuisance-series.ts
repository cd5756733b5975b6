/**
 * A number that varies in time and space: a sum of hats between nodes, each with a number of its own,
 *
 *   β(t, y, x) = Σ_k w_k β_k / (Σ_k w_k²)^½
 *
 * w_k is 1 at its node and falls linearly to 0 at the next ones, along each direction in which the number varies. Divided so, the variance of β is that of the
 * β_k everywhere, and not less between nodes. Nodes stand one and a half lengths apart: over the mean of places values correlate by 0.58 at one length, by
 * 0.08 at two and from three on not at all, as exp(−d²/2L²) would have it: 0.61, 0.14, 0.01.
 */
const NODE_SPACING = 1.5;

/** One direction: how many nodes it has, and which two a place lies between. */
interface Axis {
  nodes: number;
  /** distance of nodes, in the axis' steps; Infinity: the number does not vary along it */
  spacing: number;
}

interface Weighted {
  index: Int32Array;
  weight: Float64Array;
}

export class VaryingNumber {
  private readonly axes: readonly Axis[];

  /**
   * @param sizes - steps of the domain along each direction
   * @param lengths - over how many steps the number stays alike; Infinity: it does not vary
   */
  constructor(sizes: readonly number[], lengths: readonly number[]) {
    this.axes = sizes.map((size, i) => {
      const spacing = NODE_SPACING * lengths[i];
      return { spacing, nodes: Number.isFinite(spacing) ? Math.ceil(size / spacing) + 1 : 1 };
    });
  }

  /** How many numbers it is made of. */
  get count(): number {
    return this.axes.reduce((product, { nodes }) => product * nodes, 1);
  }

  /** How many of them a place sees: two along each direction in which it varies. */
  get perPlace(): number {
    return this.axes.reduce((product, { nodes }) => product * Math.min(2, nodes), 1);
  }

  /** The place of a node, in steps along each direction; undefined along those in which the number does not vary. */
  place(node: number): (number | undefined)[] {
    let rest = node;
    const out: (number | undefined)[] = [];
    for (const { nodes, spacing } of [...this.axes].reverse()) {
      out.unshift(nodes > 1 ? (rest % nodes) * spacing : undefined);
      rest = Math.floor(rest / nodes);
    }
    return out;
  }

  /**
   * Which nodes a place sees and their weights w_k / (Σ w_k²)^½, into {@link perPlace} elements of `index` and `weight` from `offset` on: it is asked for every
   * observation in every evaluation of a cost.
   *
   * @param place - in steps along each direction
   */
  see(place: readonly number[], index: Int32Array, weight: Float64Array, offset: number): void {
    [index[offset], weight[offset]] = [0, 1];
    let [seen, squares] = [1, 1];
    for (let i = 0; i < this.axes.length; i++) {
      const { nodes, spacing } = this.axes[i];
      if (nodes === 1) continue;
      const along = Math.min(nodes - 1, Math.max(0, place[i] / spacing));
      const first = Math.min(nodes - 2, Math.floor(along));
      const share = along - first;
      // From the last: the two of each take its place and the one after it.
      for (let k = offset + seen - 1; k >= offset; k--) {
        const [node, w, to] = [index[k] * nodes + first, weight[k], 2 * k - offset];
        [index[to], index[to + 1]] = [node, node + 1];
        [weight[to], weight[to + 1]] = [w * (1 - share), w * share];
      }
      seen *= 2;
      squares *= (1 - share) ** 2 + share ** 2;
    }
    const norm = Math.sqrt(squares);
    for (let k = offset; k < offset + seen; k++) weight[k] /= norm;
  }

  /** The same of one place, by itself. */
  weightsAt(place: readonly number[]): Weighted {
    const out = { index: new Int32Array(this.perPlace), weight: new Float64Array(this.perPlace) };
    this.see(place, out.index, out.weight, 0);
    return out;
  }
}
