import type { PairResponse } from '../../../surrogate/judgement/certificate';
import { syntheticCertificate } from '../../testing/synthetic-report';
import { judgedPairs, pairsInWords } from './judged-pairs';

/** Of NOx>NO2 and PM2.5>PM2.5, both with limits. */
const passed = syntheticCertificate('default', ['winter', 'summer'], 0.85);
const [first] = passed.pairs;
const pairOf = (group: PairResponse['group'], species: PairResponse['species'], over: Partial<PairResponse['figures']>): PairResponse => ({
  ...first,
  group,
  species,
  figures: { ...first.figures, ...over },
});

it('names what was judged, and of what was not the pairs that matter and would have fallen short', () => {
  expect(pairsInWords(passed)).toBe('Judged: NOₓ → NO₂ and PM₂.₅ → PM₂.₅; none falls short.');
  const pairs = [
    ...passed.pairs,
    pairOf('SO2', 'PM2.5', { slope: 0.2 }),
    pairOf('NH3', 'PM2.5', { r: 0.3 }),
    pairOf('VOC', 'O3', {}), // answers as it should
    pairOf('PM2.5', 'O3', { slope: 0.1, relativeSize: 0.01 }), // too small to be missed
  ];
  expect(judgedPairs({ ...passed, pairs }).alsoShort).toEqual(['SO2>PM2.5', 'NH3>PM2.5']);
  expect(pairsInWords({ ...passed, pairs })).toMatch(
    /none falls short\. Not judged, and short of the mildest of these limits though the group changes the species by 2\u00a0% or more: SO₂ → PM₂.₅ and NH₃ → PM₂.₅\./,
  );
});

it('names those that fall short, in whatever period', () => {
  const pairs = passed.pairs.map((pair, index) => (index === 3 ? { ...pair, figures: { ...pair.figures, r: 0.1 } } : pair));
  expect(pairsInWords({ ...passed, pairs })).toBe('Judged: NOₓ → NO₂ and PM₂.₅ → PM₂.₅; short of what is asked: PM₂.₅ → PM₂.₅.');
  expect(pairsInWords(syntheticCertificate('default', ['winter'], 0.12))).toMatch(/; all fall short\./);
});

it('does not take for judged what has no run, nor invent limits where none was asked for', () => {
  const without = passed.pairs.filter(({ group }) => group === 'NOx');
  expect(judgedPairs({ ...passed, pairs: without, sensitivities: [] }).judged).toEqual(['NOx>NO2']);
  expect(pairsInWords({ ...passed, limits: [] })).toBe('No pair of a group and a species was judged.');
});
