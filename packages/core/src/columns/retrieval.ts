/**
 * One retrieval of a column, as every product's reader hands it over: in SI units, from the ground up, fill values and bad quality gone.
 *
 * The reader turns profiles that begin at the top, and converts units. It does not touch the kernel's definition:
 * total or tropospheric, kernel or scattering weights are named here, and column-operator.ts makes the one kernel of `column` from them.
 */
export interface Retrieval {
  /** mol m-2: the vertical column of the product, up to `tropopausePressure` where there is one. */
  column: number;
  /** mol m-2: the product's standard deviation of `column`. */
  error: number;
  /** Pa: edges of the retrieval's layers, the ground's (surface pressure) first, falling; one more than layers. */
  pressureEdges: ArrayLike<number>;
  sensitivity: Sensitivity;
  /** Air mass factor by which the slant column was divided to make `column` (TROPOMI NO2: air_mass_factor_troposphere). */
  airMassFactor: number;
  /** Pa: the kernel is 0 at lower pressures. Left out of total columns. Where the file tells the last layer of the troposphere: that layer's upper edge. */
  tropopausePressure?: number;
  /** mol m-2 of each layer: the profile that the retrieval was made with. */
  apriori?: ArrayLike<number>;
  /** mol m-2: what the a priori adds to the column, where it is not Σ (1 − kernel) · apriori, as of the mean of retrievals with kernels of their own. */
  aprioriTerm?: number;
  /** The retrieved column holds (I − A) of the a priori (optimal estimation, such as CrIS); false where the column is a slant column over an air mass factor. */
  addsApriori: boolean;
}

/** How sensitive the retrieval is to each height. */
export interface Sensitivity {
  /** `kernel`: dimensionless averaging kernel; `scattering weights`: box air mass factors, kernel times air mass factor. */
  kind: 'kernel' | 'scattering weights';
  /** `layers`: a value a layer; `edges`: a value at each of `pressureEdges`, linear in pressure between them. */
  given: 'layers' | 'edges';
  values: ArrayLike<number>;
  /** Of a kernel: the air mass factor that it was divided by, where that is not the column's (TROPOMI NO2: air_mass_factor_total). */
  airMassFactor?: number;
}
