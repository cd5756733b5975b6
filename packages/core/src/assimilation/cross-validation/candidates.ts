/** What cross-validation varies of an inversion's settings, and what it found. */
import type { Group } from '../../base/species';
import type { Case, InversionSettings } from '../../case';
import type { SearchAxis } from '../../inversion/cross-validation/coordinate-search';
import type { CandidateScore, FoldResult } from '../../inversion/cross-validation/fold-scores';

/** How factors far apart are correlated. */
export type FarCorrelation = NonNullable<InversionSettings['factorCorrelation']['far']>;

/** The settings that can be chosen; both scales are factors on what the case has. */
export interface Candidate {
  lengthKm: number;
  /** null: none */
  factorCorrelationFar: FarCorrelation | null;
  spreadScale: number;
  errorScale: number;
  errorCorrelation: Pick<InversionSettings['errorCorrelation'], 'hours' | 'km'>;
  /** `inversion.factorCorrelation.periods`: correlation of a period with the next, 0 to 0.99 */
  factorCorrelationPeriods: number;
}

export interface CandidateResult {
  candidate: Candidate;
  /** what it changes of the case, such as `lengthKm 135`; empty for the case's own settings */
  changes: string[];
  score: CandidateScore;
  folds: FoldResult[];
}

/** Inversions that differ in one scale only. */
export interface LCurve {
  key: 'spreadScale' | 'errorScale';
  /** in the order of the scale, `value`; `candidate`: index among the candidates */
  points: { candidate: number; value: number; misfit: number; distance: number }[];
  /** index among the points */
  corner: number | null;
}

/** What `crossvalidation.json` holds. */
export interface CrossValidation {
  settings: Pick<Case['crossValidation'], 'by' | 'choose' | 'rounds' | 'hoursPerDay' | 'iterations'>;
  folds: { name: string; stations: number }[];
  /** in the order in which they were tried; the first has the case's own settings */
  candidates: CandidateResult[];
  /** indices among the candidates */
  best: number;
  picked: number;
  lCurves: LCurve[];
}

/** The case's own settings. */
export function ownCandidate({ lengthKm, errorCorrelation, factorCorrelation }: InversionSettings): Candidate {
  const { far = null, periods } = factorCorrelation;
  const { hours, km } = errorCorrelation;
  return { lengthKm, factorCorrelationFar: far, spreadScale: 1, errorScale: 1, errorCorrelation: { hours, km }, factorCorrelationPeriods: periods };
}

/** The keys that are searched, in their order. */
export function searchAxes({ try: values }: Case['crossValidation']): SearchAxis<Candidate>[] {
  const { factorCorrelationFar: far, ...otherValues } = values;
  const lists = { ...otherValues, factorCorrelationFar: far?.map((farPart) => (farPart.part > 0 ? farPart : null)) };
  const keys = ['lengthKm', 'factorCorrelationFar', 'spreadScale', 'errorScale', 'errorCorrelation', 'factorCorrelationPeriods'] as const;
  return keys.flatMap((key): SearchAxis<Candidate>[] => (lists[key] ? [{ key, values: lists[key] }] : []));
}

/** The settings of an inversion with those of a candidate. */
export function withCandidate(inversion: InversionSettings, candidate: Candidate): InversionSettings {
  const { lengthKm, factorCorrelationFar: far, spreadScale, errorScale, errorCorrelation, factorCorrelationPeriods: periods } = candidate;
  const caseScale = inversion.errorScale;
  return {
    ...inversion,
    lengthKm,
    priorSpread: scaled(inversion.priorSpread, spreadScale),
    sectors: inversion.sectors.map((sectorSettings) => ({ ...sectorSettings, priorSpread: scaled(sectorSettings.priorSpread, spreadScale) })),
    errorScale: typeof caseScale === 'number' ? caseScale * errorScale : scaled(caseScale, errorScale),
    errorCorrelation: { ...inversion.errorCorrelation, ...errorCorrelation },
    factorCorrelation: { ...inversion.factorCorrelation, periods, far: far ?? undefined },
  };
}

/** Numbers by group or species, times a factor. A sector may leave out groups, whose spread is then that of `priorSpread`. */
function scaled<T extends Partial<Record<Group, number>>>(numbers: T, factor: number): T {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, number === undefined ? number : number * factor])) as T;
}

/** A length of all species, or those of each: `54`, or `NO2 54 SO2 54 O3 120 PM2.5 120`. */
export function lengthWords(length: Candidate['errorCorrelation']['km']): string {
  return typeof length === 'number'
    ? String(length)
    : Object.entries(length)
        .map(([species, value]) => `${species} ${value}`)
        .join(' ');
}

/** What a candidate has that is not the case's own. */
export function changesOf(candidate: Candidate, caseCandidate: Candidate): string[] {
  const word = (value: Candidate[keyof Candidate]): string => {
    if (!value) return 'none';
    if (typeof value === 'number') return String(value);
    return 'part' in value ? `${value.part} over ${value.km} km` : `${lengthWords(value.hours)} h ${lengthWords(value.km)} km`;
  };
  const keys = Object.keys(caseCandidate) as (keyof Candidate)[];
  return keys.flatMap((key) => (word(candidate[key]) === word(caseCandidate[key]) ? [] : [`${key} ${word(candidate[key])}`]));
}
