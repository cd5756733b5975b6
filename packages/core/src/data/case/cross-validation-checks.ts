/** The rules that tie keys of cross-validation to each other and to the inversion. */
import type { Case } from './case-schema';
import type { Breach } from './checks';

/** Whether a case asks for cross-validation. */
export function asksForCrossValidation({ crossValidation: { by, folds } }: Pick<Case, 'crossValidation'>): boolean {
  return by === 'regions' || folds > 0;
}

export function checkCrossValidation(c: Case): Breach[] {
  const { crossValidation: settings, inversion, regions } = c;
  const breach = (key: string, text: string): Breach[] => [{ path: ['crossValidation', ...key.split('.')], text }];
  if (!asksForCrossValidation(c)) {
    return settings.apply ? breach('apply', 'nothing is chosen that could be taken: set crossValidation.folds to 2 or more, or remove it') : [];
  }
  const searched = Object.values(settings.try).some((values) => values !== undefined);
  return [
    ...(inversion.mode === 'paper'
      ? breach('by', "the paper's inversion has no prior term whose settings could be chosen: remove it, and folds")
      : []),
    ...(settings.by === 'blocks' && settings.folds === 1 ? breach('folds', 'one fold leaves no monitor to fit: set 2 or more, or 0') : []),
    ...(settings.by === 'regions' && Object.keys(regions).length === 0
      ? breach('by', 'there are no regions to leave out: add regions, or set by: blocks and folds')
      : []),
    ...(searched ? [] : breach('try', 'there is nothing to choose from: add a list of values, such as lengthKm: [54, 81, 162]')),
    ...(settings.try.lengthKm && inversion.space !== 'cells'
      ? breach('try.lengthKm', `factors of ${inversion.space} have no length: remove it, or set inversion.space: cells`)
      : []),
    ...(settings.try.factorCorrelationPeriods && (inversion.factors !== 'period' || c.periods.length === 1)
      ? breach('try.factorCorrelationPeriods', 'it needs several periods and inversion.factors: period: remove it')
      : []),
  ];
}
