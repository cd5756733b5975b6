/** What an inversion finds beside the emissions, added to the updated run at monitors: the same as its own model adds, and in the scores of `verify`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CHANNELS, SPECIES } from '../packages/core/src/base/species';
import { loadCase, type Case } from '../packages/core/src/case';
import { readPrepared } from '../packages/core/src/fields/prepared';
import type { ScoreRow } from '../packages/core/src/inversion/scores/score-rows';
import { InputHashes } from '../packages/core/src/run/engine/input-hashes';
import { stageContext } from '../packages/core/src/run/stage-context';
import { type RunContext, type StageContext, type StageName } from '../packages/core/src/run/engine/stage';
import { setUpInversion } from '../packages/core/src/assimilation/inversion-setup';
import { operatorOf } from '../packages/core/src/assimilation/observed/monitors';
import { readOutcome } from '../packages/core/src/run/inversions/loop-pass';
import { runStages } from '../packages/core/src/run/run-case';
import { linearisation } from '../packages/core/src/assimilation/posterior/posterior-figures';
import { nuisanceEffect } from '../packages/core/src/assimilation/scores/nuisance-effect';
import { independentOf, seriesOf } from '../packages/core/src/run/results/verify';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { SHORT_STAGES, SMALL_RUN } from './testing/small-run';

jest.setTimeout(400_000); // every stage runs, on a busy machine too

const SETTINGS = [
  ...SMALL_RUN,
  ...SHORT_STAGES,
  // Parts that are the same at all times of a period: then the mean of a day is that of the run's change times the part.
  `inversion.nuisance.runs=[${[
    '{name: mixing, options: {minimumMixedLayer: 200}, spread: 1}',
    '{name: turned, options: {windTurn: 20}, spread: 1, varies: {hours: 1000000}}', // each period has its own
    '{name: winds, windErrors: {draws: 2, speed: 0.3, direction: 20}, spread: 1, varies: {km: 200}}',
  ].join()}]`,
  'inversion.nuisance.sharedBias={O3: 5}',
  'inversion.nuisance.stationBias={NO2: 1}',
  'inversion.uncertainty.method=none',
];

let folder: string;
let settings: Case;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-found-'));
  await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 72, spinUpHours: 24, stations: 20, seed: 5, nonIdentical: true });
  settings = loadCase(join(folder, 'case.yaml'), SETTINGS);
  await runStages(settings, { out: folder, stages: 'all', threads: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function contextOf(stage: StageName): StageContext {
  const run: Omit<RunContext, 'hardware'> = {
    caseSettings: settings,
    out: folder,
    threads: 1,
    device: 'cpu',
    precision: 'float32',
    inputs: new InputHashes(),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
  return stageContext({ ...run, hardware: '' }, stage, 'default');
}

/** What the inversion's own model adds to each of its values, daily means of cells: `period/species/cell/hour since 1970`. */
async function addedByModel(): Promise<Map<string, number>> {
  const context = contextOf('invert');
  const setup = await setUpInversion(context);
  const { control, evaluation } = linearisation(setup, context.signal);
  const { model } = evaluation;
  const found = control.factors(readOutcome(context, 1).control);
  const without = found.slice();
  without.fill(0, found.length - model.nuisance!.length);
  const added = new Map<string, number>();
  for (let batch = 0; batch < model.batches; batch++) {
    const [all, emissions] = [(await model.forward(found, batch)).slice(), (await model.forward(without, batch)).slice()];
    const { species, place } = model.observations(batch);
    const { cell, hour } = place!();
    all.forEach((value, i) => added.set(`${SPECIES[species[i]]}/${cell[i]}/${hour[i]}`, value - emissions[i]));
  }
  setup.dispose();
  return added;
}

it('adds to the mean of a day at withheld monitors what the model of the inversion adds', async () => {
  const model = await addedByModel();
  const context = contextOf('verify');
  let compared = 0;
  for (const period of settings.periods) {
    const prepared = readPrepared(context.dirOf('prepare'), period.name, DEFAULT_CHANNELS);
    const { monitors, updated } = await seriesOf(context, period, prepared, await independentOf(context));
    const operator = operatorOf(settings, period, prepared.grid, monitors, { firstHour: period.spinUpHours, watch: false });
    const found = nuisanceEffect(context, period, prepared, operator, updated)!;
    for (const [species, series] of found) {
      updated.stations.forEach(({ id, cell }, s) => {
        for (let day = 0; day < 2; day++) {
          const hours = Array.from({ length: 24 }, (_, h) => (24 * day + h) * updated.stations.length + s);
          const [start] = [updated.times[24 * day].getTime() / 3.6e6];
          const added = model.get(`${species}/${cell}/${start}`);
          if (added === undefined || !monitors.withheld.has(id) || hours.some((i) => series[i] === 0)) continue;
          const mean = hours.reduce((sum, i) => sum + series[i] - updated.simulated.get(species)![i], 0) / 24;
          expect(Math.abs(mean - added)).toBeLessThan(1e-3 * Math.max(1, Math.abs(added)));
          compared += Math.abs(added) > 0.01 ? 1 : 0;
        }
      });
    }
  }
  expect(compared).toBeGreaterThan(20);
});

it('leaves what was found out, and says so, where the inversion is not of the case as it is by now', async () => {
  const context = contextOf('verify');
  const said: string[] = [];
  const other = loadCase(
    join(folder, 'case.yaml'),
    SETTINGS.map((setting) => setting.replace('draws: 2', 'draws: 3')),
  );
  const prepared = readPrepared(context.dirOf('prepare'), 'winter', DEFAULT_CHANNELS);
  const { monitors, updated } = await seriesOf(context, settings.periods[0], prepared, await independentOf(context));
  const operator = operatorOf(settings, settings.periods[0], prepared.grid, monitors, { firstHour: 24, watch: false });
  const asked = { ...context, caseSettings: other, settings: other, log: (text: string) => said.push(text) };
  expect(nuisanceEffect(asked, settings.periods[0], prepared, operator, updated)).toBeUndefined();
  expect(said).toEqual([expect.stringMatching(/^the inversion has 0 numbers of winds, draw 3, the case \d+: without scores of what was found/)]);
});

it('has rows of its own at withheld monitors', () => {
  const lines = readFileSync(join(folder, 'verify/scores.csv'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(',updated-and-found,'));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line.split(',')[2]).toBe('withheld');
  const { scores } = JSON.parse(readFileSync(join(folder, 'verify/verification.json'), 'utf8')) as { scores: ScoreRow[] };
  for (const { stations, found, updated } of scores) {
    expect(found === undefined).toBe(stations === 'used');
    if (found && updated.n > 0) expect(found.scores.mae).not.toBe(updated.mae);
  }
  expect(readFileSync(join(folder, 'report/report.html'), 'utf8')).toContain('With what was found');
});
