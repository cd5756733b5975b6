/**
 * Figures that Huang et al. (2021), Geosci. Model Dev. 14, 4641–4654, doi:10.5194/gmd-14-4641-2021, published for China 2015 (27 km, 612 stations).
 * They stand beside ours for scale only: another domain, year and CTM, and their stations were the ones that the inversion had seen.
 */

/** Table 1: mean absolute error of the LSTM-U-Net surrogate against CMAQ; NO2, SO2, O3 in ppb, PM2.5 in µg m-3. */
export const PUBLISHED_SURROGATE_MAE: Readonly<Record<string, number>> = { NO2: 0.27, SO2: 0.17, O3: 1.39, 'PM2.5': 1.46 };

/** Fig. 7: mean absolute error of CMAQ against the monitors with prior and with updated emissions; same units. */
export const PUBLISHED_CTM_MAE: Readonly<Record<string, { prior: number; updated: number }>> = {
  NO2: { prior: 7.39, updated: 5.91 },
  SO2: { prior: 3.64, updated: 3.22 },
  O3: { prior: 14.33, updated: 11.56 },
  'PM2.5': { prior: 18.94, updated: 16.67 },
};
