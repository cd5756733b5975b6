/** An inversion of a case, ready to run: the frozen surrogate seen through its monitors, and the problem that it is inverted for. */
import type { PeriodSource } from '../fields/period-source';
import type { Grid } from '../grid/grid';
import type { ForwardModel } from '../inversion/model/forward-model';
import { NuisanceModel } from '../inversion/model/nuisance-model';
import { TotalsModel } from '../inversion/model/totals-model';
import type { AdjointEngine } from '../surrogate/model/frozen-program';
import {
  forwardOptions,
  inverseProblem,
  loadInputs,
  observePeriods,
  type Anchor,
  type InverseProblem,
  type InversionInputs,
  type StationCounts,
} from './inverse-problem';
import { chosenEngine, type EngineChoice } from './surrogate/engine-choice';
import { SurrogateForwardModel } from './surrogate/surrogate-forward-model';
import type { Workspace } from './workspace';

export interface InversionSetup extends Pick<InverseProblem, 'problem' | 'settings' | 'slots'>, Pick<InversionInputs, 'spread'> {
  grid: Grid;
  periods: PeriodSource[];
  model: ForwardModel;
  /** the same without what is inverted beside the emissions */
  surrogateModel: SurrogateForwardModel;
  /** names, units and spreads of the nuisance numbers, in the model's order */
  nuisance: { name: string; unit: string; spread: number }[];
  engine: EngineChoice;
  stations: StationCounts[];
  /** gives the model's memory and temporary files back */
  dispose: () => void;
}

/** What all inversions with one surrogate share, whatever the roles of their monitors and the settings of prior and errors. */
export interface InversionResources extends InversionInputs {
  engine: AdjointEngine;
  choice: EngineChoice;
}

/** Loads surrogate, prepared fields and engine; who asked for them disposes of the engine. @throws as {@link loadInputs} */
export async function loadInversion(context: Workspace): Promise<InversionResources> {
  const inputs = loadInputs(context);
  return { ...inputs, ...(await chosenEngine(context, inputs.surrogate, inputs.plan)) };
}

/** Everything that `invert` needs, and what looks at its result: as {@link InversionProblem} says, for all periods of the case. */
export async function setUpInversion(context: Workspace, anchor?: Anchor): Promise<InversionSetup> {
  const resources = await loadInversion(context);
  const setup = await inversionWith(context, resources, { anchor });
  return {
    ...setup,
    dispose: () => {
      setup.dispose();
      resources.engine.dispose();
    },
  };
}

/** The same on resources that outlive it; `dispose` leaves them. @param options - as of {@link observePeriods} */
export async function inversionWith(
  context: Workspace,
  resources: InversionResources,
  options: Parameters<typeof observePeriods>[2] = {},
): Promise<InversionSetup> {
  const { surrogate, periods, engine, choice, spread } = resources;
  const observed = await observePeriods(context, periods, options);
  const surrogateModel = new SurrogateForwardModel(surrogate, engine, observed.problems, forwardOptions(context, resources, options.anchor));
  const { nuisance, totals, problem, settings, slots } = inverseProblem(context, resources, surrogateModel, observed, options.anchor);
  let model: ForwardModel = nuisance ? new NuisanceModel(surrogateModel, nuisance.terms) : surrogateModel;
  if (totals) model = new TotalsModel(model, totals, problem.species.length);
  return {
    nuisance: (nuisance?.names ?? []).map((name, k) => ({ name, unit: nuisance!.units[k], spread: model.nuisance![k] })),
    grid: periods[0].grid,
    periods,
    model,
    surrogateModel,
    engine: choice,
    stations: observed.stations,
    slots,
    spread,
    problem,
    settings,
    dispose: () => surrogateModel.dispose(),
  };
}
