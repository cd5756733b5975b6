/** Constants and molar masses, with their sources. */

/** Molar gas constant, J mol-1 K-1 (exact since the SI of 2019; CODATA 2018). */
export const GAS_CONSTANT = 8.314462618;

/** s: a year of inventories has 365 days, of what is read (t a-1) and of what is shown (Mt a-1), so that an annual total is found again. */
export const SECONDS_PER_YEAR = 365 * 86400;

/** K: the state to which China's monitors refer gases until August 2018 (GB 3095-2012: 273 K, 101.325 kPa). */
export const STANDARD_TEMPERATURE = 273.15;
/** K: from September 2018 (amendment to GB 3095-2012): 298 K; particles then at ambient conditions. */
export const AMBIENT_REFERENCE_TEMPERATURE = 298.15;
/** Pa. */
export const STANDARD_PRESSURE = 101325;

/** g mol-1, from the IUPAC standard atomic weights of 2021 (H 1.008, C 12.011, N 14.007, O 15.999, S 32.06). */
export const MOLAR_MASS: Readonly<Record<string, number>> = {
  NO: 30.006,
  NO2: 46.005,
  HONO: 47.013,
  HNO3: 63.012,
  N: 14.007,
  NH3: 17.031,
  SO2: 64.058,
  S: 32.06,
  SULF: 98.072,
  O3: 47.997,
  CO: 28.01,
  CO2: 44.009,
  CH4: 16.043,
  C: 12.011,
  FORM: 30.026,
  ISOP: 68.119,
  AIR: 28.9647,
};
