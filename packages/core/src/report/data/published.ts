/**
 * Figures that Huang et al. (2021), Geosci. Model Dev. 14, 4641–4654, doi:10.5194/gmd-14-4641-2021, published for China 2015 (27 km, 612 stations).
 * They stand beside ours for scale only: another domain, year and CTM, and their stations were the ones that the inversion had seen.
 */

/** Table 1: mean absolute error of a surrogate against CMAQ, of their network and of the ResNet beside it; NO2, SO2, O3 in ppb, PM2.5 in µg m-3. */
export const PUBLISHED_SURROGATE_MAE: Readonly<Record<string, { lstmUnet: number; resnet: number }>> = {
  NO2: { lstmUnet: 0.27, resnet: 0.29 },
  SO2: { lstmUnet: 0.17, resnet: 0.19 },
  O3: { lstmUnet: 1.39, resnet: 1.49 },
  'PM2.5': { lstmUnet: 1.46, resnet: 1.48 },
};

/** Fig. 7: mean absolute error of CMAQ against the monitors with prior and with updated emissions; same units. */
export const PUBLISHED_CTM_MAE: Readonly<Record<string, { prior: number; updated: number }>> = {
  NO2: { prior: 7.39, updated: 5.91 },
  SO2: { prior: 3.64, updated: 3.22 },
  O3: { prior: 14.33, updated: 11.56 },
  'PM2.5': { prior: 18.94, updated: 16.67 },
};
