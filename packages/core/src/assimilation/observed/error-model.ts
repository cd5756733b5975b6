/** Errors of the observations as the case and the certificate have them. */
import { ConfigError } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import type { Species } from '../../base/species';
import { caseChannels } from '../../case';
import { errorShare, inflatedErrors, inflationOf, meanSpacing, responseError, type ErrorModel } from '../../inversion/observations/observation-error';
import type { ObservationOperator } from '../../inversion/observations/observation-operator';
import type { Certificate, JointResponse, PairResponse } from '../../surrogate/judgement/certificate';
import type { ResponseFigures } from '../../surrogate/judgement/response-comparison';
import type { Workspace } from '../workspace';

/** What is added to the errors of single observations; see {@link inflatedErrors}. */
export function errorModelOf(context: Workspace, grid: Grid): ErrorModel {
  const { errorLevel, surrogateError, errorCorrelation, errorScale } = context.settings.inversion;
  const { species } = caseChannels(context.caseSettings);
  const bySpecies = (value: number | Record<Species, number>): number[] => species.map((name) => (typeof value === 'number' ? value : value[name]));
  return {
    level: errorLevel,
    surrogate: surrogateError === 'none' ? undefined : species.map((name) => surrogateErrorOf(context, name, surrogateError)),
    correlationHours: bySpecies(errorCorrelation.hours),
    correlationCells: bySpecies(errorCorrelation.km).map((km) => grid.lengthInCells(km)),
    alike: bySpecies(errorCorrelation.part),
    decorrelated: errorCorrelation.inSpace === 'exact',
    scale: bySpecies(errorScale),
  };
}

function surrogateErrorOf(context: Workspace, species: string, setting: 'certificate' | number): number {
  if (typeof setting === 'number') return setting;
  const { pairs, joint } = context.summaryOf<Certificate>('certify')!;
  const figuresOf = (responses: readonly (PairResponse | JointResponse)[]): ResponseFigures[] =>
    responses.flatMap(({ species: compared, figures }) => (compared === species ? [figures] : []));
  const alone = figuresOf(pairs).filter(({ part }) => !part);
  return responseError(alone.length > 0 ? alone : figuresOf(joint));
}

/**
 * Puts the errors of all that is added in place of those of single observations.
 *
 * @param prior - the anchor, at the operator's observations
 * @throws {ConfigError} `OBSERVATION_ERROR` for an error of 0, of a value that has no absolute part and whose level is 0
 */
export function addErrors(operator: ObservationOperator, model: ErrorModel, prior: Float32Array, cols: number): void {
  const { times, observed } = operator;
  const hours = times.map(({ start }) => start.getTime() / 3.6e6);
  const stepHours = meanSpacing(observed, hours, model.correlationHours.length);
  const context = { prior, cols, stepHours };
  const inflation = inflationOf(observed, model, context);
  observed.error.set(inflatedErrors(observed, model, context, inflation));
  const exact = observed.error.findIndex((error) => !(error > 0));
  if (exact >= 0) {
    const species = operator.species[observed.species[exact]];
    throw new ConfigError(
      'OBSERVATION_ERROR',
      `inversion.observationError.${species}: an observed ${observed.values[exact]} gets an error of 0, since the level there is 0 (errorLevel ${model.level}): set absolute above 0`,
    );
  }
  if (inflation.some((q) => q !== 1)) observed.inflation = inflation;
  if (!model.decorrelated) return;
  observed.errorLength = model.correlationCells;
  observed.errorShare = errorShare(model, stepHours);
}
