import { AMBIENT_REFERENCE_TEMPERATURE, STANDARD_PRESSURE, STANDARD_TEMPERATURE } from '../units/units';

/** The state to which a network refers µg m-3 of gases, which may change by date. */
export interface GasReference {
  /** K, of `fixed` */
  temperature: number;
  /** Pa, of `fixed` */
  pressure: number;
  /**
   * `china`: 273.15 K until the end of 31 August 2018 (Beijing time), 298.15 K afterwards, by the amendment of GB 3095-2012; `eu`: 293 K and 101.3 kPa
   * (Directive 2008/50/EC, annex VI); default `fixed`: the two numbers above
   */
  rule?: GasRule;
}

export const GAS_RULES = ['fixed', 'china', 'eu'] as const;
export type GasRule = (typeof GAS_RULES)[number];

export interface GasState {
  /** K */
  temperature: number;
  /** Pa */
  pressure: number;
}

/** 1 September 2018, 0 h in Beijing. */
const CHINA_CHANGE = Date.UTC(2018, 7, 31, 16);
const BEFORE: GasState = { temperature: STANDARD_TEMPERATURE, pressure: STANDARD_PRESSURE };
const AFTER: GasState = { temperature: AMBIENT_REFERENCE_TEMPERATURE, pressure: STANDARD_PRESSURE };
const EU: GasState = { temperature: 293, pressure: 101300 };

/** @returns the state at an instant (ms since 1970): the same object for the same state */
export function gasStateAt(reference: GasReference): (instant: number) => GasState {
  switch (reference.rule) {
    case 'china':
      return (instant) => (instant < CHINA_CHANGE ? BEFORE : AFTER);
    case 'eu':
      return () => EU;
    default:
      return () => reference;
  }
}
