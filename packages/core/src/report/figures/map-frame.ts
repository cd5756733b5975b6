/** Where things of the model grid lie on a map: the map is the grid itself, every cell the same size, north up. */
import type { ReportGrid } from '../data/report-data';

export interface MapFrame {
  width: number;
  height: number;
  /** whether the map goes (nearly) round the earth, so that a line may leave it on one side and come back on the other */
  round?: boolean;
  /** position in pixels from the top left corner; NaN where the projection has no answer */
  place(lon: number, lat: number): [x: number, y: number];
}

/** @param width - of the map in pixels; the height follows from the grid */
export function mapFrame(grid: ReportGrid, width: number): MapFrame {
  const { xorig, yorig, xcell, ycell } = grid.definition;
  const height = (width * grid.rows * ycell) / (grid.cols * xcell);
  return {
    width,
    height,
    round: grid.turn !== undefined && grid.cols * xcell > (330 / 360) * grid.turn,
    place(lon, lat) {
      const [x, y] = grid.toXY(lon, lat);
      return [((x - xorig) / (grid.cols * xcell)) * width, height - ((y - yorig) / (grid.rows * ycell)) * height];
    },
  };
}

/** Longitudes may be asked for relative to the domain's centre, so that a domain across the date line is one piece. */
interface LonLatBox {
  centreLon: number;
  halfWidth: number;
  south: number;
  north: number;
}

/** −180…180 from the centre. */
export function relativeLongitude(lon: number, centreLon: number): number {
  return ((((lon - centreLon + 180) % 360) + 360) % 360) - 180;
}

/** The box around the grid's cells (sampled over the whole grid, since a pole can lie inside), widened by a degree. */
export function lonLatBox(grid: ReportGrid): LonLatBox {
  const { xorig, yorig, xcell, ycell } = grid.definition;
  const lonLatAt = (column: number, row: number): { lon: number; lat: number } => {
    const [lon, lat] = grid.toLonLat(xorig + column * xcell, yorig + row * ycell);
    return { lon, lat };
  };
  const centreLon = lonLatAt(grid.cols / 2, grid.rows / 2).lon;
  const samples = Array.from({ length: 21 * 21 }, (_, index) => lonLatAt((grid.cols * (index % 21)) / 20, (grid.rows * Math.floor(index / 21)) / 20));
  return {
    centreLon,
    halfWidth: Math.max(...samples.map(({ lon }) => Math.abs(relativeLongitude(lon, centreLon)))) + 1,
    south: Math.min(...samples.map(({ lat }) => lat)) - 1,
    north: Math.max(...samples.map(({ lat }) => lat)) + 1,
  };
}
