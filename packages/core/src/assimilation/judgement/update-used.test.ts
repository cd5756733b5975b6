import { GROUPS, SPECIES } from '../../base/species';
import type { Case } from '../../case';
import type { PreparedPeriod } from '../../fields/prepared';
import { Random } from '../../base/random';
import { meanEmissions } from '../factors/factors-file';
import { PRIOR } from '../../case/case-runs';
import { expectUpdateUsed } from './update-used';

const [HOURS, CELLS] = [2, 144];
const RANDOM = new Random(3);
const rates = Float32Array.from({ length: HOURS * CELLS * 5 }, () => 1e-9 * Math.exp(RANDOM.normal()));
const others = Float32Array.from(rates, (value) => value * Math.exp(0.4 * RANDOM.normal()));

/** NO2, SO2, O3, PM2.5 where NOx, SO2, VOC and PM2.5 are emitted. */
function answerTo(emissions: Float32Array): Float32Array {
  return Float32Array.from({ length: HOURS * CELLS * 4 }, (_, i) => 10 + 1e9 * emissions[Math.floor(i / 4) * 5 + [0, 2, 3, 4][i % 4]]);
}

/** What is told, of a case with the reference model, with a command, or with files. */
function told(given: object, updated: Float32Array, emissions = others): string[] {
  const log: string[] = [];
  const settings = { ctm: { kind: 'command' }, ...given } as unknown as Case;
  const period: Pick<PreparedPeriod, 'name' | 'time' | 'groups' | 'species' | 'runs'> = {
    name: 'winter',
    groups: GROUPS,
    species: SPECIES,
    time: { start: new Date(0), stepSeconds: 3600, count: HOURS },
    runs: new Map([[PRIOR, { emissions: rates, concentrations: answerTo(rates) }]]),
  };
  const update = { prior: meanEmissions(rates, HOURS), updated: meanEmissions(emissions, HOURS) };
  expectUpdateUsed({ caseSettings: settings, log: (text) => void log.push(text) }, period, update, updated, 'verify/ACONC_winter.nc');
  return log;
}

it.each([
  ['a command', {}, /the updated run, winter: .*: see that the command of ctm\.command .*\(its log is verify\/ACONC_winter\.log\), remove verify/],
  [
    'files beside the reference model',
    { ctm: { kind: 'reference' }, updatedConcentrations: 'prior.nc' },
    /: give as updatedConcentrations the output/,
  ],
  ['files', { updatedConcentrations: 'prior.nc' }, /: give as updatedConcentrations the output of the model with the emissions that apply wrote$/],
])('the prior run once more is refused of %s', (_what, given, sentence) => {
  const again = (): string[] => told(given, answerTo(rates));
  expect(again).toThrow(expect.objectContaining({ code: 'EMISSIONS_IGNORED' }) as Error);
  expect(again).toThrow(sentence);
});

it('is right where the emissions are the same, and is not asked of the reference model', () => {
  expect(told({}, answerTo(rates), rates)).toEqual([]);
  expect(told({ ctm: { kind: 'reference' } }, answerTo(rates))).toEqual([]);
});

it('a run that follows its emissions is not talked of, one with others is', () => {
  expect(told({}, answerTo(others))).toEqual([]);
  const elsewhere = answerTo(others).map((_, i, field) => field[(i + 4 * 50) % field.length]);
  expect(told({}, elsewhere)).toEqual([
    expect.stringMatching(
      /^warning: winter: the updated run: its changes of NO2, SO2 and PM2\.5 do not follow those of its emissions \(r -?0\.\d\d /,
    ),
  ]);
});
