/** What the readers know of a product: where its variables lie in a file, and which pixels its guide lets pass. */

/** A pixel passes where the variable is there and `passes`. */
export interface QualityRule {
  /** path in the file */
  variable: string;
  /** as users read it: `qa_value > 0.75` */
  text: string;
  passes: (value: number) => boolean;
}

export interface ColumnProduct {
  /** as `TROPOMI L2 NO2` */
  name: string;
  species: 'NO2' | 'HCHO' | 'SO2';
  /** The global attribute product_type, where the name of the column is one that other products have, too. */
  type?: string;
  /** mol m-2 or molecules cm-2 in the file: the vertical column, and the standard deviation of its noise. */
  column: string;
  error: string;
  /** degrees, `[…, scanline, pixel, 4]` */
  latitudeBounds: string;
  longitudeBounds: string;
  /** Pa or hPa */
  surfacePressure: string;
  sensitivity: {
    kind: 'kernel' | 'scattering weights';
    variable: string;
    /** that a kernel was divided by, where not the column's */ airMassFactor?: string;
  };
  airMassFactor: string;
  /** The last layer of the troposphere, from 0, or the pressure at the tropopause; left out of columns up to the top. */
  tropopause?: { kind: 'layer' | 'pressure'; variable: string };
  layers: HybridVariables | HybridAttributes;
  time: TimeVariables;
  /** What one pass over a place is called, and the global attribute that numbers it. */
  pass: { name: string; attribute: string };
  rules: readonly QualityRule[];
  /** Where the rules come from. */
  guide: string;
}

/** Hybrid coefficients as variables: p = a + b · surface pressure. */
export interface HybridVariables {
  kind: 'variables';
  a: string;
  b: string;
}

/** Hybrid coefficients as attributes of the surface pressure, at edges from the ground up, a in its unit. */
export interface HybridAttributes {
  kind: 'attributes';
  a: string;
  b: string;
}

export interface TimeVariables {
  /** with CF's units, or from the global attribute `time_reference` in seconds */
  variable: string;
  /** milliseconds after it, by scanline or by pixel */
  delta?: string;
}
