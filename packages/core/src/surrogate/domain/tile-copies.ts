/** What goes between a tile's memory and the whole domain's: concentrations, all or some, their gradient, factors on emissions and theirs. */
import { GROUPS, SPECIES } from '../../base/species';
import type { Crop, Hours } from '../../fields/period-source';
import type { Places } from '../../base/vectors';
import type { Tile } from '../model/tiles';
import type { EmissionFactors } from '../tracers/emission-factors';

const GROUP_COUNT = GROUPS.length;
const SPECIES_COUNT = SPECIES.length;

/** Places of a domain's hours that lie on a tile's kept cells. */
export interface TilePlaces {
  /** which of the places */
  of: Int32Array;
  /** where they lie in the tile's hours, `[hours, its rows, its cols, 4]` */
  at: Places;
}

export class TileCopies {
  constructor(private readonly grid: { rows: number; cols: number }) {}

  /**
   * Copies what is kept of a tile's hours into the domain's, from hour `from` on.
   *
   * @param concentrations - `[hours, tile's rows, its cols, 4]` @param out - `[hours of the domain, H, W, 4]`
   */
  keep(concentrations: Float32Array, { crop, kept }: Tile, hours: number, out: Float32Array, from: number): void {
    const { rows, cols } = this.grid;
    if (this.isWhole(kept)) {
      const field = rows * cols * SPECIES_COUNT;
      out.set(concentrations.subarray(0, hours * field), from * field);
      return;
    }
    const width = kept.cols * SPECIES_COUNT;
    for (let h = 0; h < hours; h++) {
      for (let r = kept.row; r < kept.row + kept.rows; r++) {
        const begin = ((h * crop.rows + r - crop.row) * crop.cols + kept.col - crop.col) * SPECIES_COUNT;
        out.set(concentrations.subarray(begin, begin + width), (((from + h) * rows + r) * cols + kept.col) * SPECIES_COUNT);
      }
    }
  }

  /** Those of some hours. @param places - in `[hours of the domain, H, W, 4]` */
  placesOf({ crop, kept }: Tile, { first, count }: Hours, places: Places): TilePlaces {
    const { rows, cols } = this.grid;
    const field = rows * cols * SPECIES_COUNT;
    const begin = firstNotBelow(places, first * field);
    const end = firstNotBelow(places, (first + count) * field);
    const of = new Int32Array(end - begin);
    const at = new Int32Array(end - begin);
    const whole = this.isWhole(kept);
    let found = 0;
    for (let i = begin; i < end; i++) {
      const place = whole ? places[i] - first * field : placeIn(places[i] - first * field);
      if (place < 0) continue;
      of[found] = i;
      at[found++] = place;
    }
    return { of: of.subarray(0, found), at: at.subarray(0, found) };

    function placeIn(place: number): number {
      const row = Math.floor(place / (cols * SPECIES_COUNT)) % rows;
      const col = Math.floor(place / SPECIES_COUNT) % cols;
      if (row < kept.row || row >= kept.row + kept.rows || col < kept.col || col >= kept.col + kept.cols) return -1;
      const hour = Math.floor(place / field);
      return ((hour * crop.rows + row - crop.row) * crop.cols + col - crop.col) * SPECIES_COUNT + (place % SPECIES_COUNT);
    }
  }

  /**
   * The gradient on a tile's kept cells, zero in its halo, for a whole batch; undefined where all of it is zero.
   *
   * @param gradient - `[hours of the domain, H, W, 4]` @returns `[batch, tile's rows, its cols, 4]`, not to be written to: it may be a part of `gradient`
   */
  seed(gradient: Float32Array, { crop, kept }: Tile, { first, count }: Hours, batch: number): Float32Array | undefined {
    const { rows, cols } = this.grid;
    if (this.isWhole(kept)) {
      const field = rows * cols * SPECIES_COUNT;
      const part = gradient.subarray(first * field, (first + count) * field);
      if (part.every((g) => g === 0)) return undefined;
      if (count === batch) return part;
      const whole = new Float32Array(batch * field);
      whole.set(part);
      return whole;
    }
    const width = kept.cols * SPECIES_COUNT;
    let seed: Float32Array | undefined;
    for (let h = 0; h < count; h++) {
      for (let r = kept.row; r < kept.row + kept.rows; r++) {
        const begin = (((first + h) * rows + r) * cols + kept.col) * SPECIES_COUNT;
        const row = gradient.subarray(begin, begin + width);
        if (row.every((g) => g === 0)) continue;
        seed ??= new Float32Array(batch * crop.rows * crop.cols * SPECIES_COUNT);
        seed.set(row, ((h * crop.rows + r - crop.row) * crop.cols + kept.col - crop.col) * SPECIES_COUNT);
      }
    }
    return seed;
  }

  /** Where the factors that a span of hours sees begin. */
  firstFactor({ offset = 0, hourly = false }: EmissionFactors, { first }: Hours): number {
    return offset + (hourly ? first * this.grid.rows * this.grid.cols * GROUP_COUNT : 0);
  }

  /** @returns the factors on a tile's cells that a span of hours sees, `[tile's rows, its cols, 5]` or `[hours, …]` */
  factorsOf(tile: Tile, factors: EmissionFactors, span: Hours): Float32Array {
    const out = new Float32Array((factors.hourly ? span.count : 1) * tile.crop.rows * tile.crop.cols * GROUP_COUNT);
    this.forEachRow(tile, factors, span, (at, inTile, width) => out.set(factors.data.subarray(at, at + width), inTile));
    return out;
  }

  /** The transpose of {@link factorsOf}, added. @param into - laid out as `factors` */
  addFactors(gradient: Float32Array, tile: Tile, factors: EmissionFactors, span: Hours, into: Float32Array): void {
    this.forEachRow(tile, factors, span, (at, inTile, width) => {
      for (let k = 0; k < width; k++) into[at + k] += gradient[inTile + k];
    });
  }

  private forEachRow({ crop }: Tile, factors: EmissionFactors, span: Hours, visit: (at: number, inTile: number, width: number) => void): void {
    const { rows, cols } = this.grid;
    const first = this.firstFactor(factors, span);
    const width = crop.cols * GROUP_COUNT;
    for (let slot = 0; slot < (factors.hourly ? span.count : 1); slot++) {
      for (let r = 0; r < crop.rows; r++) {
        visit(first + ((slot * rows + crop.row + r) * cols + crop.col) * GROUP_COUNT, (slot * crop.rows + r) * width, width);
      }
    }
  }

  private isWhole({ rows, cols }: Crop): boolean {
    return rows === this.grid.rows && cols === this.grid.cols;
  }
}

/** Index of the first place that is `value` or more. */
function firstNotBelow(places: Places, value: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
