import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CHANNELS } from '../../base/species';
import type { Case } from '../../case';
import { membersSchema } from '../../case/schema/experiment-schema';
import { namingOf } from '../../case/testing/naming';
import { writePreparedMeteorology, writePreparedRun } from '../../fields/prepared';
import { CELLS, tinyPeriod, tinySurrogate, tinyTraining } from '../../surrogate/testing/tiny-world';
import { stageContext } from '../../run/stage-context';
import { type RunContext } from '../../run/engine/stage';
import { largestLogFactor, shownSpread } from './trust-region';

let out: string;
beforeAll(() => (out = mkdtempSync(join(tmpdir(), 'retroplume-trust-'))));
afterAll(() => rmSync(out, { recursive: true, force: true }));

it('has the spread of members whose factors change during the period, though their mean stays', () => {
  const period = tinyPeriod('winter', 1, { runs: { prior: 1 } }); // 72 hours
  const { grid, time } = period;
  const prior = period.runs.get('prior')!;
  const day = 24 * CELLS * 5;
  const members = {
    member01: prior.emissions.map((value) => value * Math.exp(0.4)),
    member02: prior.emissions.map((value, i) => value * Math.exp([0.6, -0.6, 0][Math.floor(i / day)])),
  };
  writePreparedMeteorology(join(out, 'prepare'), period);
  for (const [run, emissions] of Object.entries({ prior: prior.emissions, ...members })) {
    writePreparedRun(join(out, 'prepare'), {
      period: period.name,
      run,
      grid,
      time,
      channels: DEFAULT_CHANNELS,
      emissions,
      concentrations: prior.concentrations,
    });
  }
  const settings = {
    ...namingOf(),
    periods: [{ name: period.name, members: true }],
    members: membersSchema().parse({ count: 2 }),
    surrogate: tinySurrogate(),
    training: tinyTraining(),
    inversion: {},
    crossValidation: { apply: false },
  } as unknown as Case;
  const context = { caseSettings: settings, out, signal: new AbortController().signal } as unknown as RunContext;
  const [spread] = shownSpread(stageContext(context, 'invert', 'default'))!;
  // Three days of 0.4, one of 0.6 and one of −0.6; the day that stays as it is does not count.
  const expected = Math.sqrt((3 * 0.4 ** 2 + 2 * 0.6 ** 2) / 5);
  expect(spread).toHaveLength(CELLS * 5);
  spread.forEach((s) => expect(s).toBeCloseTo(expected, 5));
});

it('a limit is that many spreads of each period, in all of its slots', () => {
  const spread = [Float32Array.of(0.5, 0.25), Float32Array.of(1, 2)];
  expect([...largestLogFactor(spread, 3, [1, 2])]).toEqual([1.5, 0.75, 3, 6, 3, 6]);
});
