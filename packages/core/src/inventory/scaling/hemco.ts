/**
 * Factors as scale factors of HEMCO (GEOS-Chem, WRF-GC, CESM): a global lat-lon file, 1 outside the domain, and the lines of HEMCO_Config.rc.
 *
 * On the lat-lon grid a factor is updated over prior mass, both moved conservatively, so that the same inventory times the factors of its cells has the
 * updated mass. A cell of which the domain covers the part c has c·f + (1 − c): what lies outside keeps its emissions. HEMCO averages the factors on to the
 * grid of its model.
 *
 * @see HEMCO's reference guide, https://hemco.readthedocs.io: input file format, scale factors
 */
import { knownGroup, type Group } from '../../base/species';
import { basename } from 'node:path';
import { writeFileAtomic } from '../../files/checkpoint';
import { writeCf, type CfVariable } from '../../files/netcdf/netcdf-cf';
import { CellOverlaps } from '../../grid/cell-overlaps';
import { Grid, instant } from '../../grid/grid';

/** Pieces of a cell's edge by which the part of it on the grid is counted. */
const POINTS = 16;
/** First of the identifiers of the scale factors; HEMCO's own files use those below 2000. */
const FIRST_ID = 9101;

/** Moves factors of one grid to the globe; the overlaps are found once. */
export class HemcoGrid {
  readonly globe: Grid;
  private readonly overlaps: CellOverlaps;
  /** cells of the globe that the grid reaches, a few of a million, and the part of each that lies on it */
  private readonly covered: [cell: number, share: number][];

  /** @param degrees - side of the lat-lon cells; 180 is a multiple of it */
  constructor(grid: Grid, degrees: number) {
    const [cols, rows] = [360 / degrees, 180 / degrees].map(Math.round);
    this.globe = new Grid({
      name: 'GLOBE',
      gdtyp: 1,
      pAlp: 0,
      pBet: 0,
      pGam: 0,
      xcent: 0,
      ycent: 0,
      xorig: -180,
      yorig: -90,
      xcell: 360 / cols,
      ycell: 180 / rows,
      cols,
      rows,
    });
    this.overlaps = new CellOverlaps(grid, this.globe);
    this.covered = [...new Set(this.overlaps.target)].map((cell) => [cell, shareWithin(this.globe, cell, grid)]);
  }

  /**
   * @param prior - mass per cell of the model's grid, any unit
   * @returns factors on the globe, `[rows, cols]`, from south to north and 180 W to 180 E
   */
  factors(prior: ArrayLike<number>, factor: ArrayLike<number>): Float32Array {
    const priorMass = this.overlaps.regrid(prior);
    const updatedMass = this.overlaps.regrid(Float64Array.from(prior, (mass, cell) => mass * factor[cell]));
    const onGlobe = new Float32Array(priorMass.length).fill(1);
    for (const [cell, share] of this.covered) if (priorMass[cell] > 0) onGlobe[cell] = 1 + share * (updatedMass[cell] / priorMass[cell] - 1);
    return onGlobe;
  }
}

/** Part of a cell of the globe that lies on another grid; 1 within it. */
function shareWithin(globe: Grid, cell: number, grid: Grid): number {
  const [row, col] = [Math.floor(cell / globe.cols), cell % globe.cols];
  let inside = 0;
  for (let i = 0; i < POINTS * POINTS; i++) {
    const { lon, lat } = globe.centre(row - 0.5 + (Math.floor(i / POINTS) + 0.5) / POINTS, col - 0.5 + ((i % POINTS) + 0.5) / POINTS);
    if (grid.cellAt(lon, lat)) inside++;
  }
  return inside / POINTS ** 2;
}

interface HemcoFactors {
  /** in the order of the fields */
  groups: readonly Group[];
  /** `[rows, cols, groups]`, any unit of mass per cell */
  prior: ArrayLike<number>;
  /** `[rows, cols, groups]` */
  factors: ArrayLike<number>;
  from: Date;
  to: Date;
  /** the program and the run that made the factors */
  origin: string;
}

/**
 * Writes the factors of a stretch of time and the lines that name them.
 *
 * @returns the files that were written
 */
export function writeHemco(
  paths: { factors: string; config: string },
  hemco: HemcoGrid,
  { groups, prior, factors, from, to, origin }: HemcoFactors,
): string[] {
  const { globe } = hemco;
  const ofGroup = (field: ArrayLike<number>, group: number): Float64Array =>
    Float64Array.from({ length: field.length / groups.length }, (_, cell) => field[cell * groups.length + group]);
  const axis = (name: 'lat' | 'lon', origin: number, cell: number, count: number): CfVariable => ({
    name,
    dimensions: [name],
    data: Float64Array.from({ length: count }, (_, i) => origin + (i + 0.5) * cell),
    attributes: {
      standard_name: name === 'lat' ? 'latitude' : 'longitude',
      long_name: name === 'lat' ? 'Latitude' : 'Longitude',
      units: name === 'lat' ? 'degrees_north' : 'degrees_east',
      axis: name === 'lat' ? 'Y' : 'X',
    },
  });
  const { xorig, yorig, xcell, ycell, cols, rows } = globe.definition;
  writeCf(paths.factors, {
    dimensions: { time: 1, lat: rows, lon: cols },
    coordinates: [
      {
        name: 'time',
        dimensions: ['time'],
        data: new Float64Array(1),
        attributes: {
          standard_name: 'time',
          long_name: 'Time',
          units: `hours since ${from.toISOString().slice(0, 19).replace('T', ' ')}`,
          calendar: 'gregorian',
          axis: 'T',
        },
      },
      axis('lat', yorig, ycell, rows),
      axis('lon', xorig, xcell, cols),
    ],
    variables: groups.map((group, g) => ({
      name: variableOf(group),
      dimensions: ['time', 'lat', 'lon'],
      data: hemco.factors(ofGroup(prior, g), ofGroup(factors, g)),
      attributes: { long_name: `factor on emissions of ${group}`, units: '1' },
    })),
    attributes: {
      Conventions: 'COARDS',
      title: `Factors of Retroplume on emissions, ${instant(from)} to ${instant(to)}`,
      history: `factors by ${origin}`,
    },
  });
  const time = [from.getUTCFullYear(), from.getUTCMonth() + 1, from.getUTCDate(), from.getUTCHours()].join('/');
  const file = basename(paths.factors);
  const lines = groups.map(
    (group, g) => `${FIRST_ID + g} RETROPLUME_${variableOf(group).toUpperCase()} $ROOT/${file} ${variableOf(group)} ${time} C xy 1 1`,
  );
  writeFileAtomic(
    paths.config,
    [
      `# Factors of Retroplume on emissions, ${instant(from)} to ${instant(to)}: into SECTION SCALE FACTORS of HEMCO_Config.rc, with the folder of ${file}.`,
      `# By ${origin}.`,
      `# Base emissions take them by ScalIDs: add ${groups.map((group, g) => `/${FIRST_ID + g} ${g === 0 ? 'to those of ' : ''}${knownGroup(group)?.emittedAs ?? group}`).join(', ')}.`,
      '# ScalID Name sourceFile sourceVar sourceTime C/R/E SrcDim SrcUnit Oper',
      ...lines,
      '',
    ].join('\n'),
  );
  return [paths.factors, paths.config];
}

function variableOf(group: string): string {
  return group.replace('.', '');
}
