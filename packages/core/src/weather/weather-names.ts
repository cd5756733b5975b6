/** What a case may say of its meteorology: forms of files, and names in CF files. */

export const WEATHER_FORMATS = ['auto', 'mcip', 'wrf', 'cf'] as const;
export type WeatherFormat = (typeof WEATHER_FORMATS)[number];

/** Names of ERA5's variables for the fields that are read; `dewPoint` is only used to make Q2. */
export const CF_NAMES = {
  u: 'u10',
  v: 'v10',
  TEMP2: 't2m',
  dewPoint: 'd2m',
  PBL: 'blh',
  RGRND: 'ssrd',
  RN: 'tp',
  PRSFC: 'sp',
  USTAR: 'zust',
  Q2: 'q2',
};
export type CfNames = typeof CF_NAMES;
