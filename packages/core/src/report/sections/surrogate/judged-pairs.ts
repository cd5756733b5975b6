/** Which pairs of a group and a species a certificate judged, and which fall short: of what was asked, or of the same where nobody asked. */
import { breaches, pairName, type Certificate, type PairLimits, type PairResponse } from '../../../surrogate/judgement/certificate';
import { SHOWN_RESPONSE } from '../../data/report-data';
import { chemical, joined, percent } from '../../html/format';

interface JudgedPairs {
  /** such as `NOx>NO2`, in the order of what was asked */
  judged: string[];
  /** of these, in one period or more */
  short: string[];
  /** not asked for, though the group matters to the species, and short of the mildest limit that was asked of any pair */
  alsoShort: string[];
}

/** Whether the transport model's change is large enough to be shown, and missed where the surrogate lacks it. */
export function isLarge({ figures }: PairResponse): boolean {
  return figures.relativeSize >= SHOWN_RESPONSE;
}

/** What every pair that was asked for has to keep at least. */
function mildest(limits: readonly PairLimits[]): PairLimits {
  return {
    ...limits[0],
    minSlope: Math.min(...limits.map(({ minSlope }) => minSlope)),
    maxSlope: Math.max(...limits.map(({ maxSlope }) => maxSlope)),
    minR: Math.min(...limits.map(({ minR }) => minR)),
    minSignAgreement: Math.min(...limits.map(({ minSignAgreement }) => minSignAgreement)),
  };
}

export function judgedPairs({ limits, pairs, sensitivities }: Pick<Certificate, 'limits' | 'pairs' | 'sensitivities'>): JudgedPairs {
  const measured = [...pairs, ...sensitivities.filter(({ where }) => where === undefined)];
  const figuresOf = (name: string): PairResponse['figures'][] =>
    measured.flatMap((response) => (pairName(response) === name ? [response.figures] : []));
  const requiredLimits = limits.filter((limit) => figuresOf(pairName(limit)).length > 0);
  const falls = (limit: PairLimits): boolean => figuresOf(pairName(limit)).some((figures) => breaches(figures, limit).length > 0);
  const names = new Set(limits.map(pairName));
  const otherPairs = limits.length === 0 ? [] : pairs.filter((pair) => !names.has(pairName(pair)) && isLarge(pair));
  return {
    judged: requiredLimits.map(pairName),
    short: requiredLimits.filter(falls).map(pairName),
    alsoShort: [...new Set(otherPairs.filter(({ figures }) => breaches(figures, mildest(limits)).length > 0).map(pairName))],
  };
}

function named(pairs: readonly string[]): string {
  return joined(pairs.map(chemical));
}

/** "Judged: NOₓ → NO₂ and SO₂ → SO₂; none falls short. …" */
export function pairsInWords(certificate: Parameters<typeof judgedPairs>[0]): string {
  const { judged, short, alsoShort } = judgedPairs(certificate);
  if (judged.length === 0) return 'No pair of a group and a species was judged.';
  const outcome =
    short.length === 0 ? 'none falls short' : short.length === judged.length ? 'all fall short' : `short of what is asked: ${named(short)}`;
  return `Judged: ${named(judged)}; ${outcome}.${alsoShortInWords(alsoShort)}`;
}

function alsoShortInWords(pairs: readonly string[]): string {
  return pairs.length === 0
    ? ''
    : ` Not judged, and short of the mildest of these limits though the group changes the species by ${percent(SHOWN_RESPONSE)} or more: ${named(pairs)}.`;
}

/** Of a certificate that passed: for which pairs, and what it does not say. */
export function passedInWords(certificate: Parameters<typeof judgedPairs>[0]): { pairs: string; rest: string } {
  const { judged, alsoShort } = judgedPairs(certificate);
  return { pairs: named(judged), rest: alsoShortInWords(alsoShort) };
}
