/** Observed values in the units of the model: gases in ppb, particles in µg m-3. */
import { UnitError } from '../base/errors';
import { type TimeAxis, timeAt } from '../grid/grid';
import { conversion, MOLAR_MASS, parseUnit } from '../units/units';
import { speciesUnit } from '../base/species';
import { gasStateAt, type GasReference, type GasState } from './gas-reference';

/**
 * To ppb or µg m-3, by unit and by the state of the gas at the time.
 *
 * @param units - by whose positions the function that comes back is called
 * @throws {UnitError} for a unit that is no concentration
 */
export function converterOf(
  species: string,
  units: readonly string[],
  { label, axis, gasReference }: { label: string; axis: TimeAxis; gasReference: GasReference },
): (unit: number, step: number, raw: number) => number {
  const subject = `${label}: ${species}`;
  const stateAt = gasStateAt(gasReference);
  const scales = units.map(() => new Map<GasState, { scale: number; offset: number }>());
  if (MOLAR_MASS[species] === undefined) requireMass(subject, units);
  const find = (unit: number, state: GasState): { scale: number; offset: number } => {
    const found = conversion(units[unit], speciesUnit(species), { molarMass: MOLAR_MASS[species], ...state, subject });
    scales[unit].set(state, found);
    return found;
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
