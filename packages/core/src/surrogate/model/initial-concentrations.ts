/**
 * y[t−k], the concentrations at the beginning of the surrogate's window, as an input: who takes it, and through which the gradient goes on
 * (`surrogate.initialConcentrations`; docs/initial-concentrations.md has the equations).
 */
import type { SurrogateSettings } from '../../case';

/** Where y comes from; see the case file. */
export type InitialConcentrations = SurrogateSettings['initialConcentrations'];

type Settings = Pick<SurrogateSettings, 'initialConcentrations'>;

/** Whether the network has y among its inputs: the same network, whatever y is taken from. */
export function takesInitialConcentrations({ initialConcentrations }: Settings): boolean {
  return initialConcentrations !== 'none';
}

/** Whether y depends on what is inverted, so that the adjoint needs the gradient with respect to it. */
export function differentiatesInitialConcentrations({ initialConcentrations }: Settings): boolean {
  return initialConcentrations === 'rollout' || initialConcentrations === 'control';
}
