/** Observed values in the units of the model: gases in ppb, particles in µg m-3. */
import { UnitError } from '../base/errors';
import { type TimeAxis, timeAt } from '../grid/grid';
import { conversion, parseUnit, AMBIENT_REFERENCE_TEMPERATURE, STANDARD_PRESSURE, STANDARD_TEMPERATURE } from '../units/units';
import type { ObservedSpecies } from './observed-species';

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

/**
 * To ppb or µg m-3, by unit and by the state of the gas at the time.
 *
 * @param units - by whose positions the function that comes back is called
 * @throws {UnitError} for a unit that is no concentration
 */
export function converterOf(
  { name, unit: speciesUnit, molarMass }: ObservedSpecies,
  units: readonly string[],
  { label, axis, gasReference }: { label: string; axis: TimeAxis; gasReference: GasReference },
): (unit: number, step: number, raw: number) => number {
  const subject = `${label}: ${name}`;
  const stateAt = gasStateAt(gasReference);
  const scales = units.map(() => new Map<GasState, { scale: number; offset: number }>());
  if (molarMass === undefined && speciesUnit === 'ug m-3') requireMass(subject, units);
  const find = (unit: number, state: GasState): { scale: number; offset: number } => {
    const toSpeciesUnit = conversion(units[unit], speciesUnit, { molarMass, ...state, subject });
    scales[unit].set(state, toSpeciesUnit);
    return toSpeciesUnit;
  };
  const states = Array.from({ length: axis.count }, (_, step) => stateAt(timeAt(axis, step).getTime()));
  units.forEach((_, unit) => find(unit, states[0])); // a unit that is none is told even where no value is taken
  return (unit, step, raw) => {
    const state = states[step];
    const { scale, offset } = scales[unit].get(state) ?? find(unit, state);
    return scale * raw + offset;
  };
}

/** @throws {UnitError} `UNIT_MISMATCH`: no key could make a mole fraction of particles µg m-3 */
function requireMass(subject: string, units: readonly string[]): void {
  for (const unit of units) {
    const [, amount, , , , fraction] = parseUnit(unit, subject).dimension;
    if (amount === 0 && fraction === 0) continue;
    throw new UnitError(
      'UNIT_MISMATCH',
      `${subject}: it is in "${unit}" but particles have no molar mass: set the unit that the values are really in, such as ug m-3`,
    );
  }
}
