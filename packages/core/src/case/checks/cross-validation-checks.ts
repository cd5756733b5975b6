/** The rules that tie keys of cross-validation to each other and to the inversion. */
import type { Case } from '../schema/case-schema';
import type { Breach } from './breach';

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
    ...checkLengths(c).flatMap(({ key, text }) => breach(key, text)),
    ...(settings.try.factorCorrelationPeriods && (inversion.factors !== 'period' || c.periods.length === 1)
      ? breach('try.factorCorrelationPeriods', 'it needs several periods and inversion.factors: period: remove it')
      : []),
  ];
}

/** Every length that is tried, and the case's own, is to be shorter than that of every far part. */
function checkLengths({ crossValidation, inversion }: Case): { key: string; text: string }[] {
  const { lengthKm: lengths, factorCorrelationFar: fars } = crossValidation.try;
  const keys = (['lengthKm', 'factorCorrelationFar'] as const).filter((key) => crossValidation.try[key] !== undefined);
  if (inversion.space !== 'cells') {
    const text = `factors of ${inversion.space} have no length: remove it, or set inversion.space: cells`;
    return keys.map((key) => ({ key: `try.${key}`, text }));
  }
  const longest = Math.max(inversion.lengthKm, ...(lengths ?? []));
  const shortest = Math.min(...[inversion.factorCorrelation.far ?? [], fars ?? []].flat().flatMap(({ part, km }) => (part > 0 ? [km] : [])));
  if (keys.length === 0 || shortest > longest) return [];
  const text = `a far part reaches farther than the rest, but ${shortest} km is not more than the ${longest} km that are tried with it: change one of them`;
  return [{ key: `try.${keys[0]}`, text }];
}
