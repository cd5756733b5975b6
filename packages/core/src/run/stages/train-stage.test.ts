import { GROUPS } from '../../base/species';
import { mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../../case';
import { membersSchema } from '../../case/schema/experiment-schema';
import { temporaryFolder } from '../../files/testing/shared-data';
import { ALONE, usableMemory } from '../../base/process';
import { Surrogate } from '../../surrogate/model/surrogate';
import { gridSetting, tinyPeriod, tinySurrogate, tinyTraining, WORLD, writePeriods } from '../../surrogate/testing/tiny-world';
import { InputHashes } from '../engine/input-hashes';
import { stageContext } from '../stage-context';
import { type RunContext, type StageContext, type StageEvent } from '../engine/stage';
import { trainStage } from './train-stage';

jest.mock('../../base/process', () => ({ ...jest.requireActual<object>('../../base/process'), usableMemory: jest.fn() }));

const folder = temporaryFolder();
const period = tinyPeriod('winter', 1);

/** A run folder with a prepared store, and the stage's context in it. */
function contextOf(out: string, onProgress: (done: number) => void = () => undefined): { context: StageContext; said: string[] } {
  writePeriods(join(out, 'prepare'), [period]);
  mkdirSync(join(out, 'train'), { recursive: true });
  const said: string[] = [];
  const onEvent = (event: StageEvent): void => {
    if (event.kind === 'log') said.push(event.text);
    if (event.kind === 'progress') onProgress(event.done);
  };
  const settings = {
    grid: gridSetting(out),
    periods: [{ name: period.name, start: WORLD.start, hours: WORLD.hours, spinUpHours: WORLD.spinUpHours, members: true }],
    emissions: { groups: Object.fromEntries(GROUPS.map((group) => [group, {}])) },
    concentrations: {},
    members: membersSchema().parse({ count: 1 }),
    surrogate: tinySurrogate({ initialConcentrations: 'prior' }),
    training: tinyTraining({ iterations: 12, crop: 4, noise: 0.05, rotation: true }),
    response: { groups: [] },
    inversion: {},
  };
  const run: RunContext = {
    caseSettings: settings as unknown as Case,
    out,
    threads: 1,
    device: 'cpu',
    hardware: 'avx2',
    precision: 'float32',
    inputs: new InputHashes(),
    onEvent,
    signal: new AbortController().signal,
  };
  return { context: stageContext(run, 'train', 'default'), said };
}

async function weightsWith(memory: number, localSize = 1): Promise<{ weights: Surrogate['weights']; said: string[] }> {
  jest.mocked(usableMemory).mockReturnValue(memory);
  const { context, said } = contextOf(join(folder.path, `${memory}-${localSize}`));
  await trainStage.run(context.contextOf('train', { ranks: { ...ALONE, localSize } }));
  return { weights: Surrogate.load(context.dir).weights, said };
}

it('training that holds all fields, the weather or nothing ends with the same weights, to the bit, and says what it reads', async () => {
  const all = await weightsWith(1e9);
  expect(all.said.filter((text) => text.includes('fields'))).toEqual([]);
  // 72 hours of 64 cells: 129 kB of weather and prior concentrations, 166 kB of each run
  const weather = await weightsWith(500e3);
  expect(weather.said[0]).toBe('0.00013 GB of fields are in memory, 0.00033 GB are read from the disk when they are needed');
  expect((await weightsWith(1000e3, 2)).said).toEqual(weather.said); // two processes on the node
  const nothing = await weightsWith(1);
  expect(nothing.said[0]).toBe('0.0 GB of fields are in memory, 0.00046 GB are read from the disk when they are needed');
  for (const { weights } of [weather, nothing]) expect([...weights]).toEqual([...all.weights]);
});

it('a file of the store that is damaged while it is read ends the training with a word about it', async () => {
  jest.mocked(usableMemory).mockReturnValue(1);
  const { context } = contextOf(folder.path, (done) => done === 3 && truncateSync(join(folder.path, 'prepare', 'winter', 'meteorology.nc'), 30_000));
  await expect(trainStage.run(context)).rejects.toMatchObject({
    code: 'PREPARED_CHANGED',
    exitCode: 3,
    message: expect.stringContaining('meteorology.nc: the prepared store has changed or gone while it was read') as string,
  });
});
