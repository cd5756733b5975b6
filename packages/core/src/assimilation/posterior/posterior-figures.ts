/** Figures of a posterior of the case's inversion: of all emissions and, where it gives sectors factors of their own, of each. */
import { regionMasks } from '../../case/gridded/regions';
import { ROUNDOFF } from '../../base/device';
import type { InversionSetup } from '../inversion-setup';
import { hoursPerSlot } from '../factors/time-slots';
import type { Workspace } from '../workspace';
import type { Grid } from '../../grid/grid';
import type { Control, LogFactorMap } from '../../inversion/control/control';
import type { EvaluationContext } from '../../inversion/cost/evaluation';
import type { ForwardModel } from '../../inversion/model/forward-model';
import { completeSettings, controlFor, costFor } from '../../inversion/solve/inversion-settings';
import { JointControl } from '../../inversion/control/joint-control';
import {
  areaFigures,
  cellFigures,
  type Area,
  type AreaFigures,
  type CellFigures,
  type Correlation,
  type FiguresInput,
} from '../../inversion/uncertainty/figures';

/** Figures of all emissions, or of those of a sector. */
export interface MapFigures {
  map: LogFactorMap;
  cells: CellFigures;
  areas: AreaFigures[];
  correlations: Correlation[];
}

/** Of a sector, as the stages keep them. */
export interface SectorAreas<T = AreaFigures> {
  sector: string;
  areas: T[];
}

/** Of the way back from the observations through the network and tracers, whose sums round to some units: see {@link lowRank}. */
export function roundingOf({ precision }: Workspace): number {
  return 16 * ROUNDOFF[precision];
}

/** The control and the cost of the inversion, about which the posterior is taken. */
export function linearisation(
  { model, problem, settings: caseSettings }: InversionSetup,
  signal: AbortSignal,
): { control: Control; evaluation: EvaluationContext } {
  const settings = completeSettings(caseSettings);
  const control = controlFor(model, problem, settings);
  return {
    control,
    evaluation: { model, control, cost: costFor(model, problem, settings), species: problem.species, groups: problem.groups, signal },
  };
}

/** Sums over what the elements of a control are of. */
export interface SumsByPart {
  emissions: number;
  initialConcentrations?: number;
  nuisance?: number;
}

/**
 * Of numbers that each element of the inversion's control has, such as degrees of freedom: what the emissions have, and what is inverted beside them.
 *
 * @param control - of {@link linearisation}
 * @param values - one for each element
 */
export function sumsByPart(control: Control, model: Pick<ForwardModel, 'initialConcentrations' | 'nuisance'>, values: Float64Array): SumsByPart {
  const [emissions, ...otherSums] = (control instanceof JointControl ? control.split(values) : [values]).map((part) =>
    part.reduce((sum, value) => sum + value, 0),
  );
  return {
    emissions,
    ...(model.initialConcentrations ? { initialConcentrations: otherSums.shift()! } : {}),
    ...(model.nuisance ? { nuisance: otherSums.shift()! } : {}),
  };
}

/** What of {@link SumsByPart} is not of the emissions, as the end of a sentence on those; empty where it is nothing. */
export function besideInWords({ initialConcentrations, nuisance }: Omit<SumsByPart, 'emissions'>): string {
  return [
    ...(nuisance === undefined ? [] : [`some ${Math.max(0, nuisance).toFixed(0)} on nuisance numbers`]),
    ...(initialConcentrations === undefined ? [] : [`some ${Math.max(0, initialConcentrations).toFixed(0)} on initial concentrations`]),
  ]
    .map((part) => `, beside ${part}`)
    .join('');
}

/** @returns those of all emissions first, then those of sectors */
export function posteriorFigures(
  context: Workspace,
  { grid, problem, periods, slots }: InversionSetup,
  control: Control,
  estimates: Pick<FiguresInput, 'control' | 'posterior' | 'dofs' | 'dofsEstimate'>,
): MapFigures[] {
  const shared = {
    settings: context.settings.inversion.uncertainty,
    grid,
    groups: problem.groups,
    areas: areasOf(context, grid),
    shape: control.shape,
    initial: control.initial(),
    periods: periods.map(({ name }, p) => ({ name, slotHours: hoursPerSlot(slots[p]) })),
    ...estimates,
  };
  return control.logFactorMaps!(estimates.control).map((map) => {
    const { priorEmissions } = map.sector === undefined ? problem : problem.sectors!.find(({ name }) => name === map.sector)!;
    const input: FiguresInput = { ...shared, map, priorEmissions };
    const cells = cellFigures(input);
    return { map, cells, ...areaFigures(input, cells) };
  });
}

/** The whole domain, and the case's regions. */
export function areasOf({ caseSettings: { regions } }: Workspace, grid: Grid): Area[] {
  const whole = new Float32Array(grid.rows * grid.cols).fill(1);
  return [{ mask: whole }, ...regionMasks(regions, grid).map(({ name, mask }) => ({ region: name, mask }))];
}
