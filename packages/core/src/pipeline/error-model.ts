/** Errors of the observations as the case and the certificate have them. */
import type { Grid } from '../grid/grid';
import { PREPARED_SPECIES } from '../data/prepared';
import { inflatedErrors, responseError, type ErrorModel } from '../inversion/observation-error';
import type { ObservationOperator } from '../inversion/observation-operator';
import type { Certificate } from '../surrogate/certificate';
import { variantSettings } from './learning';
import { readRecord } from './record';
import type { StageContext } from './stage';

/** What is added to the errors of single observations; see {@link inflatedErrors}. */
export function errorModelOf(context: StageContext, grid: Grid): ErrorModel {
  const { surrogateError, errorCorrelation, errorScale } = variantSettings(context).inversion;
  return {
    surrogate: surrogateError === 'none' ? undefined : PREPARED_SPECIES.map((species) => surrogateErrorOf(context, species, surrogateError)),
    correlationHours: errorCorrelation.hours,
    correlationCells: grid.lengthInCells(errorCorrelation.km),
    decorrelated: errorCorrelation.inSpace === 'exact',
    scale: errorScale,
  };
}

function surrogateErrorOf(context: StageContext, species: string, setting: 'certificate' | number): number {
  if (typeof setting === 'number') return setting;
  const { pairs } = readRecord(context.dirOf('certify'))!.summary as Certificate;
  return responseError(pairs.flatMap(({ species: of, figures }) => (of === species ? [figures] : [])));
}

/** Puts the errors of all that is added in place of those of single observations. @param prior - the anchor, at the operator's observations */
export function addErrors(operator: ObservationOperator, model: ErrorModel, prior: Float32Array, cols: number): void {
  const { times, observed } = operator;
  const stepHours = times.length > 1 ? (times[times.length - 1].start.getTime() - times[0].start.getTime()) / 3.6e6 / (times.length - 1) : 24;
  observed.error.set(inflatedErrors(observed, model, { prior, cols, stepHours }));
  const { correlationCells: length, decorrelated } = model;
  const [alongRows, alongCols] = typeof length === 'number' ? [length, length] : length;
  if (decorrelated && alongRows > 0 && alongCols > 0) observed.errorLength = [alongRows, alongCols];
}
