/**
 * By what the transport model of the demo's truth differs from that of all other runs, in the twin experiment that is not identical. The members, the
 * surrogate and the judge keep the model of the prior run, as in a real case, where no model is that of the air.
 *
 * The sizes are those of doubts that modellers have, none of them fitted to a result:
 * - diffusion and mixing by 40–50 %: nights are mixed to at least 220 m, where the demo's weather has 150 m and more, and the wind grows with height as
 *   over rough land (exponent 0.2, not 1/7);
 * - rates by about 30 %, two of them up and two down; of the uptake of N2O5 alone field values span two orders of magnitude (Brown & Stutz 2012,
 *   doi:10.1039/c2cs35181a);
 * - winds by 12 % in speed and 10° in direction. That is below what meteorological models are usually granted at a station, 2 m s-1 and 30° (Emery, Tai &
 *   Yarwood 2001, report to the Texas Natural Resource Conservation Commission): part of those is the station's own, local and of an hour; what is left
 *   over 300 km and 12 h is smaller.
 */
export const DEMO_MODEL_ERROR = {
  options: {
    horizontalDiffusivity: 1400,
    minimumMixedLayer: 220,
    windExponent: 0.2,
    honoRate: 1.3e-5,
    soaYield: 0.08,
    aqueousRate: 3.5e-5,
    n2o5Uptake: 0.014,
  },
  windError: { speed: 0.12, direction: 10, lengthKm: 300, lengthHours: 12 },
};

/** What a reader of the report must know of it. */
export const DEMO_MODEL_ERROR_ASSUMPTIONS = [
  'The truth was made by another model than all other runs: 40 % more horizontal diffusion, nights mixed to at least 220 m, a steeper wind profile, rates of HONO, organic aerosol, sulfate and N2O5 that differ by 30 to 33 %.',
  "The truth's winds differ from those that all other runs read, by 12 % in speed and 10° in direction (standard deviations), smooth over 300 km and 12 h.",
  'Boundary concentrations, deposition, natural emissions and the hours of the day of the emissions are the same in truth and prior: a real case is harder still.',
];
