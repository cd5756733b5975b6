import { DEFAULT_CHANNELS, GROUPS } from '../../base/species';
import { smoothRandomField } from '../../grid/correlation';
import { Random } from '../../base/random';
import { followingDoubts, meanOverHours, type RunMeans } from './response-doubts';

const [ROWS, COLS] = [16, 20];
const CELLS = ROWS * COLS;
const RANDOM = new Random(5);
const CITIES = Float64Array.from({ length: CELLS }, () => Math.exp(1.5 * RANDOM.normal()));

/** What blows over from the cells to the west, and a little of everything in PM2.5. */
function answerTo(emissions: Float64Array): Float64Array {
  const carried = (group: number, cell: number): number => {
    let sum = 0;
    for (let back = 0; back <= cell % COLS; back++) sum += emissions[(cell - back) * GROUPS.length + group] * 0.5 ** back;
    return sum;
  };
  return Float64Array.from({ length: CELLS * 4 }, (_, i) => {
    const cell = Math.floor(i / 4);
    const [no2, so2, pm25] = [0, 2, 4].map((group) => carried(group, cell));
    return [no2, so2, 40 - no2 / 2, pm25 + 0.1 * so2 + 0.05 * carried(1, cell)][i % 4];
  });
}

function run(factor: (group: number, cell: number) => number): RunMeans {
  const emissions = Float64Array.from({ length: CELLS * GROUPS.length }, (_, i) => {
    const cell = Math.floor(i / GROUPS.length);
    return CITIES[cell] * factor(i % GROUPS.length, cell);
  });
  return { emissions, concentrations: answerTo(emissions) };
}

/** Smooth factors, of each group its own. */
function member(seed: number): RunMeans {
  const random = new Random(seed);
  const fields = GROUPS.map(() => smoothRandomField(ROWS, COLS, 4, random));
  return run((group, cell) => Math.exp(0.4 * fields[group][cell]));
}

const prior = run(() => 1);
const members = (): Map<string, RunMeans> => new Map([1, 2, 3].map((seed) => [`m${seed}`, member(seed)]));

it('tells nothing of runs that answer to their emissions, all of them or one group, in a region or everywhere', () => {
  const runs = members();
  runs.set(
    'half',
    run(() => 0.5),
  );
  runs.set(
    'NOx',
    run((group) => (group === 0 ? 1.3 : 1)),
  );
  runs.set(
    'north',
    run((group, cell) => (group === 2 && cell > CELLS / 2 ? 1.5 : 1)),
  );
  runs.set(
    'NH3',
    run((group) => (group === 1 ? 2 : 1)),
  ); // of which nothing is asked
  runs.set('as-prior', prior);
  expect(followingDoubts(prior, runs, DEFAULT_CHANNELS)).toEqual([]);
});

it('names both runs whose files are exchanged', () => {
  const runs = members();
  const [a, b] = [runs.get('m1')!, runs.get('m3')!];
  runs.set('m1', { ...a, concentrations: b.concentrations }).set('m3', { ...b, concentrations: a.concentrations });
  expect(followingDoubts(prior, runs, DEFAULT_CHANNELS)).toEqual([
    expect.stringMatching(
      /^m1: its changes of NO2, SO2 and PM2\.5 follow the emissions of m3 \(r 0\.\d\d\) more than its own \(r -?0\.\d\d\): are the files/,
    ),
    expect.stringMatching(/^m3: .* follow the emissions of m1 /),
  ]);
});

it('tells of rows from the other end, and of concentrations that answer nothing', () => {
  const runs = members();
  const turned = (field: Float64Array): Float64Array =>
    field.map((_, i) => {
      const cell = Math.floor(i / 4);
      const row = ROWS - 1 - Math.floor(cell / COLS);
      return field[(row * COLS + (cell % COLS)) * 4 + (i % 4)];
    });
  const { emissions, concentrations } = runs.get('m2')!;
  runs.set('m2', { emissions, concentrations: turned(concentrations) });
  runs.set('deaf', { ...member(4), concentrations: prior.concentrations });
  const doubts = followingDoubts(prior, runs, DEFAULT_CHANNELS);
  expect(doubts).toEqual([
    expect.stringMatching(
      /^m2: its changes of NO2, SO2 and PM2\.5 do not follow those of its emissions \(r -?0\.\d\d over the cells\): are both files/,
    ),
    expect.stringMatching(/^deaf: .* do not follow those of its emissions \(r 0\.00 /),
  ]);
});

it("tells of a run with the prior's emissions of every group and other concentrations", () => {
  const { concentrations } = member(2);
  const ammonia = run((group) => (group === 1 ? 1.01 : 1));
  const runs = new Map([
    ['m1', { emissions: prior.emissions.map((value) => value * (1 + 1e-7)), concentrations }],
    ['NH3', { ...ammonia, concentrations }],
  ]);
  expect(followingDoubts(prior, runs, DEFAULT_CHANNELS)).toEqual([
    expect.stringMatching(/^m1: its emissions are those of the prior run, but its concentrations are not: are its emission files its own, /),
  ]);
});

it('asks nothing of groups that no species of the case tells apart', () => {
  const runs = new Map([['m1', { ...member(1), concentrations: Float64Array.from({ length: CELLS * 4 }, (_, i) => i % 7) }]]);
  expect(followingDoubts(prior, runs, { groups: [...'abcde'], species: [...'wxyz'] })).toEqual([]);
});

it('means over the hours, cell by cell and channel by channel', () => {
  expect([...meanOverHours(Float32Array.of(1, 2, 3, 5, 6, 7), 2)]).toEqual([3, 4, 5]);
});
