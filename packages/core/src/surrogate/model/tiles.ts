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
import { wholeGrid, type Crop } from '../../fields/period-source';
import { ConfigError } from '../../base/errors';
import { dependence, poolingBlock, type NetworkSettings } from '../../nn/settings';

export interface Tile {
  /** what the network is run on */
  readonly crop: Crop;
  /** the part whose result is kept */
  readonly kept: Crop;
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
  from: number;
  to: number;
}

export function wholeDomain({ rows, cols }: { rows: number; cols: number }): Tiling {
  const crop = wholeGrid({ grid: { rows, cols } });
  return { rows, cols, tiles: [{ crop, kept: crop }] };
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
      kept: { row: r.from, col: c.from, rows: r.to - r.from, cols: c.to - c.from },
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
  if (longest >= size) return { length: size, spans: [{ origin: 0, from: 0, to: size }] };
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
  for (let from = 0, origin = 0; ;) {
    const to = origin + length === size ? size : firstInexact(settings, origin + length);
    if (to <= from) return undefined;
    spans.push({ origin, from, to });
    if (to === size) return spans;
    from = to;
    origin = Math.min(size - length, Math.floor(dependence(settings, from)[0] / block) * block);
  }
}

/** The first output that depends on inputs at or beyond `end`. */
function firstInexact(settings: NetworkSettings, end: number): number {
  let at = end;
  while (at > 0 && dependence(settings, at - 1)[1] >= end) at--;
  return at;
}
