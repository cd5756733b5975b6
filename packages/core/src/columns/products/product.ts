/** What the readers know of a product: where its variables lie in a file, and which pixels its guide lets pass. */

/** A pixel passes where the variable is there and `passes`. */
export interface QualityRule {
  /** path in the file */
  variable: string;
  /** as users read it: `qa_value > 0.75` */
  text: string;
  passes: (value: number) => boolean;
}

/** Gases whose columns are read. */
export type ColumnGas = 'NO2' | 'HCHO' | 'NH3' | 'SO2';

export interface ColumnProduct {
  /** as `TROPOMI L2 NO2` */
  name: string;
  species: ColumnGas;
  /** The global attribute product_type, where the name of the column is one that other products have, too. */
  type?: string;
  /** Variables that tell a file of it beside the column, whose name others may have, too. */
  marks?: readonly string[];
  /** mol m-2 or molecules cm-2 in the file: the vertical column, and the standard deviation of its noise (which may be in %). */
  column: string;
  error: string;
  footprint: PixelCorners | PixelCentre | GridCells;
  /** Pa or hPa. The layers of some products need none. */
  surfacePressure?: string;
  sensitivity: SensitivityVariables;
  /** Of the column; left out where the kernel is the column's, which then needs none. */
  airMassFactor?: string;
  /** mol m-2 or molecules cm-2 of each layer: the a priori profile, of which the column holds what the kernel leaves (optimal estimation). */
  apriori?: string;
  /** The last layer of the troposphere, from 0, or the pressure at the tropopause; left out of columns up to the top. */
  tropopause?: { kind: 'layer' | 'pressure'; variable: string };
  layers: LayerVariables;
  time: TimeVariables | GranuleTimes;
  /** What one pass over a place is called, and the global attribute that numbers it. Without it the pixels' times tell the passes. */
  pass?: { name: string; attribute: string };
  /** Of means over cells: the number of pixels. */
  count?: string;
  rules: readonly QualityRule[];
  /** Where the rules come from. */
  guide: string;
  /** Units that are meant where a file tells none. */
  units?: { column: string; pressure?: string };
  /** A value that stands for none, where files do not say so. */
  fill?: number;
  /** What helps where a variable is missing, instead of the whole file. */
  remedy?: string;
  /** Whether the case names its variables. */
  isNamed?: true;
}

/** Degrees, `[…, scanline, pixel, 4]`. */
export interface PixelCorners {
  kind: 'corners';
  latitude: string;
  longitude: string;
}

/** Degrees of the pixel's middle. Pixels are circles, or grow with the angle from the nadir. */
export interface PixelCentre {
  kind: 'centre';
  latitude: string;
  longitude: string;
  /** m, at the nadir */
  diameter: number;
  scan?: ScanGeometry;
}

/** Cells of a grid that the file describes, counted by its coordinates. */
export interface GridCells {
  kind: 'cells';
  rows: string;
  columns: string;
}

/** From which a pixel's ellipse is made. */
export interface ScanGeometry {
  /** numbers the pixel in its scan line, from 1 */
  variable: string;
  /** degrees from the nadir, of that number */
  angle: (pixel: number) => number;
  /** m, of the satellite */
  altitude: number;
  /** degrees */
  inclination: number;
  /** Whether the satellite flies north where its pixels pass the rules. */
  ascending: boolean;
}

/**
 * - `kernel`, `scattering weights`: a value a layer. `airMassFactor`: that a kernel was divided by, where not the column's.
 * - `logarithmic kernel`: of the logarithm of the mole fraction, `[…, retrieved level, true level]`; `apriori` are mole fractions in ppmv; `covariances`, of the errors of
 *   the logarithm, need not be there.
 * - `column by layer`: the column as it would be retrieved with all of the gas in one layer, of which the kernel is column / (norm · that).
 */
export type SensitivityVariables =
  | { kind: 'kernel' | 'scattering weights'; variable: string; airMassFactor?: string }
  | { kind: 'logarithmic kernel'; variable: string; apriori: string; covariances?: { total: string; noise: string } }
  | { kind: 'column by layer'; variable: string; norm: string };

export type LayerVariables = HybridVariables | HybridAttributes | PressureVariables | HeightVariables;

/** Hybrid coefficients as variables: p = a + b · surface pressure. */
export interface HybridVariables {
  kind: 'variables';
  a: string;
  b: string;
  /** Pa and 1, at edges from the ground up: where the file does not hold them. */
  otherwise?: { a: readonly number[]; b: readonly number[] };
}

/** Hybrid coefficients as attributes of the surface pressure, at edges from the ground up, a in its unit. */
export interface HybridAttributes {
  kind: 'attributes';
  a: string;
  b: string;
}

/** Pa or hPa, by pixel or the same for all: `edges` one more than layers, or two a layer; `middles` one a layer. */
export interface PressureVariables {
  kind: 'edges' | 'middles';
  variable: string;
}

/** km above the ground of the edges, the same for all pixels. */
export interface HeightVariables {
  kind: 'heights';
  variable: string;
}

/** The names of the granules that a file was made of, in its attribute `description`. */
export interface GranuleTimes {
  /** whose groups are the beginning and, where the names tell it, the end: `20190724T182020` */
  pattern: RegExp;
  /** Local solar time of the satellite's passes; left out where each file is of one scan. */
  localHour?: number;
}

export interface TimeVariables {
  /** with CF's units, or from the global attribute `time_reference` in seconds; by scanline, by pixel, or one of the file */
  variable: string;
  /** milliseconds after it, by scanline or by pixel */
  delta?: string;
  /** CF's units, where the file tells none */
  units?: string;
}
