/**
 * What networks call the species that Retroplume knows. A species that is not listed stands under its own name: PM10 of AirNow is `PM10`, that of OpenAQ `pm10`,
 * and a case may ask for `45201`, which is benzene in AQS. Of several names the first that has a value at a station and time counts.
 *
 * @see AQS: https://aqs.epa.gov/aqsweb/documents/codetables/parameters.html; EEA: http://dd.eionet.europa.eu/vocabulary/aq/pollutant;
 *   AirNow: https://docs.airnowapi.org/docs/HourlyDataFactSheet.pdf; OpenAQ: https://docs.openaq.org/resources/parameters
 */
export type NetworkNames = Readonly<Record<string, readonly string[] | undefined>>;

export const AIRNOW_NAMES: NetworkNames = { O3: ['OZONE', 'O3'] };

export const OPENAQ_NAMES: NetworkNames = { 'PM2.5': ['PM25'] };

/**
 * PM2.5 by a reference method before what is acceptable (88502). PM10 as it is in the air (85101) before that at 25 °C and 1 atm (81102): models have it as it is
 * in the air. Carbon by thermal optical reflectance: of IMPROVE before that of CSN's samplers of today, which is not blank-corrected.
 */
export const AQS_CODES: NetworkNames = {
  NO2: ['42602'],
  SO2: ['42401'],
  O3: ['44201'],
  'PM2.5': ['88101', '88502'],
  CO: ['42101'],
  PM10: ['85101', '81102'],
  NH3: ['42604'],
  HCHO: ['43502'],
  NO: ['42601'],
  SO4: ['88403'],
  NO3: ['88306'],
  NH4: ['88301'],
  OC: ['88320', '88370'],
  EC: ['88321', '88380'],
};

/** Parts of particles are those in PM2.5. */
export const EEA_CODES: NetworkNames = {
  NO2: ['8'],
  SO2: ['1'],
  O3: ['7'],
  'PM2.5': ['6001'],
  CO: ['10'],
  PM10: ['5'],
  NH3: ['35'],
  HCHO: ['25'],
  NO: ['38'],
  SO4: ['1047'],
  NO3: ['1046'],
  NH4: ['1045'],
  OC: ['1772'],
  EC: ['1771'],
};

/** China's centre gives carbon monoxide in mg m-3, all other concentrations in µg m-3. @param type - such as `CO` or `PM2.5_24h` */
export const cnemcUnit = (type: string): 'mg m-3' | 'ug m-3' => (/^CO(_|$)/.test(type.trim()) ? 'mg m-3' : 'ug m-3');
