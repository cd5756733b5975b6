/**
 * A domain cut into overlapping tiles on which the frozen network gives, in the kept cells, exactly what it gives on the whole domain.
 *
 * Along each axis a tile is [o, o + n), of which [from, to) is kept. The output at r depends on the inputs [lo(r), hi(r)] (`dependence`), so it
 * is exact where lo(r) ≥ o or o = 0, and hi(r) < o + n or o + n = N: at the domain's own borders the tile ends with it, and every convolution pads
 * with zeros as on the whole domain. Elsewhere the tile's edge is wrong, and no further in than the network sees. Two things keep the U-Net's
 * pooling blocks in place: o is a multiple of the block b, and n ≡ N modulo b, so that the last tile is padded at the north and east as the
 * domain is. All tiles have one size, and so one program.
 *
 * The kept cells of all tiles are the domain, once each. So the adjoint is the sum over tiles of the tile's adjoint for the gradient on its kept
 * cells (zero elsewhere in the tile).
 */
import { type Crop, type Hours, wholeGrid } from '../../fields/period-source';
import { ConfigError } from '../../base/errors';
import { type NetworkSettings, dependence, poolingBlock } from '../../nn/settings';
import { firstNotBelow, type Places } from '../../base/vectors';
import type { EmissionFactors } from '../tracers/emission-factors';

export interface Tile {
  /** what the network is run on */
  readonly crop: Crop;
  /** the part whose result is kept */
  readonly keptCrop: Crop;
}

export interface Tiling {
  /** size of every tile */
  readonly rows: number;
  readonly cols: number;
  /** one, the domain itself, where it is not cut */
  readonly tiles: readonly Tile[];
}

/** One tile along an axis. */
interface Span {
  origin: number;
  begin: number;
  end: number;
}

export function wholeDomain({ rows, cols }: { rows: number; cols: number }): Tiling {
  const crop = wholeGrid({ grid: { rows, cols } });
  return { rows, cols, tiles: [{ crop, keptCrop: crop }] };
}

/**
 * Tiles of at most `side` cells a side: as few as that allows, and no larger than so many need.
 *
 * @throws {ConfigError} `CASE_TILE_CELLS` if the halo leaves nothing of such a tile
 */
export function tilesOf(settings: NetworkSettings, grid: { rows: number; cols: number }, side: number): Tiling {
  const [rows, cols] = [cutAxis(settings, grid.rows, side), cutAxis(settings, grid.cols, side)];
  if (!rows || !cols) {
    throw new ConfigError(
      'CASE_TILE_CELLS',
      `tileCells: a tile of ${side} x ${side} cells leaves nothing inside the halo that the network's receptive field needs on a domain of ` +
        `${grid.rows} x ${grid.cols}: set ${smallestSide(settings, grid)} or more, or 0 to have it chosen`,
    );
  }
  const tiles = rows.spans.flatMap((r) =>
    cols.spans.map((c) => ({
      crop: { row: r.origin, col: c.origin, rows: rows.length, cols: cols.length },
      keptCrop: { row: r.begin, col: c.begin, rows: r.end - r.begin, cols: c.end - c.begin },
    })),
  );
  return { rows: rows.length, cols: cols.length, tiles };
}

/** The smallest side that {@link tilesOf} accepts. */
export function smallestSide(settings: NetworkSettings, { rows, cols }: { rows: number; cols: number }): number {
  let side = 1;
  while (!cutAxis(settings, rows, side) || !cutAxis(settings, cols, side)) side++;
  return side;
}

interface CutAxis {
  length: number;
  spans: Span[];
}

/** Fewest tiles of at most `longest` cells, then the shortest that still make do with as many. */
function cutAxis(settings: NetworkSettings, size: number, longest: number): CutAxis | undefined {
  if (longest >= size) return { length: size, spans: [{ origin: 0, begin: 0, end: size }] };
  const block = poolingBlock(settings);
  let length = longest - ((((longest - size) % block) + block) % block);
  let best: CutAxis | undefined;
  for (; length > 0; length -= block) {
    const spans = spansOf(settings, size, length);
    if (!spans || (best && spans.length > best.spans.length)) break;
    best = { length, spans };
  }
  return best;
}

function spansOf(settings: NetworkSettings, size: number, length: number): Span[] | undefined {
  const block = poolingBlock(settings);
  const spans: Span[] = [];
  for (let begin = 0, origin = 0; ;) {
    const end = origin + length === size ? size : firstInexact(settings, origin + length);
    if (end <= begin) return undefined;
    spans.push({ origin, begin, end });
    if (end === size) return spans;
    begin = end;
    origin = Math.min(size - length, Math.floor(dependence(settings, begin)[0] / block) * block);
  }
}

/** The first output that depends on inputs at or beyond `end`. */
function firstInexact(settings: NetworkSettings, end: number): number {
  let position = end;
  while (position > 0 && dependence(settings, position - 1)[1] >= end) position--;
  return position;
}

/** Places of a domain's hours that lie on a tile's kept cells. */
export interface TilePlaces {
  /** which of the places */
  index: Int32Array;
  /** where they lie in the tile's hours, `[hours, its rows, its cols, species]` */
  places: Places;
}

/** What goes between a tile's memory and the whole domain's: concentrations, all or some, their gradient, factors on emissions and theirs. */
export class TileCopies {
  constructor(
    private readonly grid: { rows: number; cols: number },
    /** numbers of them */
    private readonly channels: { groups: number; species: number },
  ) {}

  /**
   * Copies what is kept of a tile's hours into the domain's, from hour `from` on.
   *
   * @param concentrations - `[hours, tile's rows, its cols, species]` @param out - `[hours of the domain, H, W, species]`
   */
  keep(concentrations: Float32Array, { crop, keptCrop }: Tile, hours: number, out: Float32Array, offset: number): void {
    const { rows, cols } = this.grid;
    const { species } = this.channels;
    if (this.isWhole(keptCrop)) {
      const field = rows * cols * species;
      out.set(concentrations.subarray(0, hours * field), offset * field);
      return;
    }
    const width = keptCrop.cols * species;
    for (let h = 0; h < hours; h++) {
      for (let r = keptCrop.row; r < keptCrop.row + keptCrop.rows; r++) {
        const begin = ((h * crop.rows + r - crop.row) * crop.cols + keptCrop.col - crop.col) * species;
        out.set(concentrations.subarray(begin, begin + width), (((offset + h) * rows + r) * cols + keptCrop.col) * species);
      }
    }
  }

  /** Those of some hours. @param places - in `[hours of the domain, H, W, species]` */
  placesOf({ crop, keptCrop }: Tile, { first, count }: Hours, places: Places): TilePlaces {
    const { rows, cols } = this.grid;
    const { species } = this.channels;
    const field = rows * cols * species;
    const begin = firstNotBelow(places, first * field);
    const end = firstNotBelow(places, (first + count) * field);
    const index = new Int32Array(end - begin);
    const inTile = new Int32Array(end - begin);
    const whole = this.isWhole(keptCrop);
    let matched = 0;
    for (let i = begin; i < end; i++) {
      const place = whole ? places[i] - first * field : placeIn(places[i] - first * field);
      if (place < 0) continue;
      index[matched] = i;
      inTile[matched++] = place;
    }
    return { index: index.subarray(0, matched), places: inTile.subarray(0, matched) };

    function placeIn(place: number): number {
      const row = Math.floor(place / (cols * species)) % rows;
      const col = Math.floor(place / species) % cols;
      if (row < keptCrop.row || row >= keptCrop.row + keptCrop.rows || col < keptCrop.col || col >= keptCrop.col + keptCrop.cols) return -1;
      const hour = Math.floor(place / field);
      return ((hour * crop.rows + row - crop.row) * crop.cols + col - crop.col) * species + (place % species);
    }
  }

  /**
   * The gradient on a tile's kept cells, zero in its halo, for a whole batch; undefined where all of it is zero.
   *
   * @param gradient - `[hours of the domain, H, W, species]` @returns `[batch, tile's rows, its cols, species]`, not to be written to: it may be a part of `gradient`
   */
  seed(gradient: Float32Array, { crop, keptCrop }: Tile, { first, count }: Hours, batch: number): Float32Array | undefined {
    const { rows, cols } = this.grid;
    const { species } = this.channels;
    if (this.isWhole(keptCrop)) {
      const field = rows * cols * species;
      const part = gradient.subarray(first * field, (first + count) * field);
      if (part.every((g) => g === 0)) return undefined;
      if (count === batch) return part;
      const whole = new Float32Array(batch * field);
      whole.set(part);
      return whole;
    }
    const width = keptCrop.cols * species;
    let seed: Float32Array | undefined;
    for (let h = 0; h < count; h++) {
      for (let r = keptCrop.row; r < keptCrop.row + keptCrop.rows; r++) {
        const begin = (((first + h) * rows + r) * cols + keptCrop.col) * species;
        const row = gradient.subarray(begin, begin + width);
        if (row.every((g) => g === 0)) continue;
        seed ??= new Float32Array(batch * crop.rows * crop.cols * species);
        seed.set(row, ((h * crop.rows + r - crop.row) * crop.cols + keptCrop.col - crop.col) * species);
      }
    }
    return seed;
  }

  /** Where the factors that a span of hours sees begin. */
  firstFactor({ offset = 0, hourly = false }: EmissionFactors, { first }: Hours): number {
    return offset + (hourly ? first * this.grid.rows * this.grid.cols * this.channels.groups : 0);
  }

  /** @returns the factors on a tile's cells that a span of hours sees, `[tile's rows, its cols, groups]` or `[hours, …]` */
  factorsOf(tile: Tile, factors: EmissionFactors, span: Hours): Float32Array {
    const out = new Float32Array((factors.hourly ? span.count : 1) * tile.crop.rows * tile.crop.cols * this.channels.groups);
    this.forEachRow(tile, factors, span, (offset, inTile, width) => out.set(factors.data.subarray(offset, offset + width), inTile));
    return out;
  }

  /** The transpose of {@link factorsOf}, added. @param target - laid out as `factors` */
  addFactors(gradient: Float32Array, tile: Tile, factors: EmissionFactors, span: Hours, target: Float32Array): void {
    this.forEachRow(tile, factors, span, (offset, inTile, width) => {
      for (let k = 0; k < width; k++) target[offset + k] += gradient[inTile + k];
    });
  }

  private forEachRow({ crop }: Tile, factors: EmissionFactors, span: Hours, visit: (offset: number, inTile: number, width: number) => void): void {
    const { rows, cols } = this.grid;
    const first = this.firstFactor(factors, span);
    const { groups } = this.channels;
    const width = crop.cols * groups;
    for (let slot = 0; slot < (factors.hourly ? span.count : 1); slot++) {
      for (let r = 0; r < crop.rows; r++) {
        visit(first + ((slot * rows + crop.row + r) * cols + crop.col) * this.channels.groups, (slot * crop.rows + r) * width, width);
      }
    }
  }

  private isWhole({ rows, cols }: Crop): boolean {
    return rows === this.grid.rows && cols === this.grid.cols;
  }
}
