import { SPECIES } from '../../base/species';
import { joinSums, responseFigures, responseSums, type ComparedRun } from './response-comparison';

const SPECIES_COUNT = SPECIES.length;

/** A run over `hours` hours whose change is given per hour, cell and species; 10 everywhere before. */
function comparedRun(
  hours: number,
  cells: number,
  surrogate: (hour: number, cell: number, species: number) => number,
  ctm: (hour: number, cell: number, species: number) => number,
): ComparedRun {
  const size = hours * cells * SPECIES_COUNT;
  const changed = (change: typeof surrogate): Float32Array =>
    Float32Array.from(
      { length: size },
      (_, i) => 10 + change(Math.floor(i / (cells * SPECIES_COUNT)), Math.floor(i / SPECIES_COUNT) % cells, i % SPECIES_COUNT),
    );
  const prior = new Float32Array(size).fill(10);
  return {
    surrogate: { prior, changed: changed(surrogate) },
    ctm: { prior, changed: changed(ctm) },
    hours: Array.from({ length: hours }, (_, hour) => hour),
    period: 'winter',
    species: SPECIES_COUNT,
  };
}

describe('by hand', () => {
  // ΔC = 1, 2, 0.05 (unclear), −1 and ΔS = 1, 1, −1, −0.5 in one hour of four cells.
  const run = comparedRun(
    1,
    4,
    (_, cell) => [1, 1, -1, -0.5][cell],
    (_, cell) => [1, 2, 0.05, -1][cell],
  );
  const figures = responseFigures(responseSums(run)[0][2]);

  it('slope, cosine, correlation and signs', () => {
    const [sc, ss, cc] = [1 + 2 - 0.05 + 0.5, 3.25, 6.0025];
    expect(figures.slope).toBeCloseTo(sc / cc, 5);
    expect(figures.cosine).toBeCloseTo(sc / Math.sqrt(ss * cc), 5);
    // means 0.125 and 0.5125: covariance 0.8625 − 0.0640625, variances 0.8125 − 0.015625 and 1.500625 − 0.26265625
    expect(figures.r).toBeCloseTo(0.7984375 / Math.sqrt(0.796875 * 1.23796875), 5);
    // 0.05 is below a tenth of the root mean square of 1.225
    expect([figures.signAgreement, figures.clear]).toEqual([1, 3]);
  });

  it('means, size and days', () => {
    expect(figures.ctmChange).toBeCloseTo(0.5125, 5);
    expect(figures.surrogateChange).toBeCloseTo(0.125, 5);
    expect(figures.relativeSize).toBeCloseTo(Math.sqrt(6.0025 / 4) / 10, 5);
    expect(figures.days).toBe(1);
    expect(figures).not.toHaveProperty('intervals');
  });
});

it('takes changes as they are, too: small ones beside large concentrations keep their digits', () => {
  const [surrogate, ctm] = [(_: number, cell: number): number => 1e-7 * (cell + 1), (_: number, cell: number): number => 2e-7 * (cell + 1)];
  const { hours, period, species } = comparedRun(2, 4, surrogate, ctm);
  const prior = new Float32Array(2 * 4 * SPECIES_COUNT).fill(10);
  const change = (of: typeof surrogate): Float32Array => prior.map((_, i) => of(0, Math.floor(i / SPECIES_COUNT) % 4));
  const run = { surrogate: { prior, change: change(surrogate) }, ctm: { prior, change: change(ctm) }, hours, period, species };
  const figures = responseFigures(responseSums(run)[0][0]);
  expect(figures.slope).toBeCloseTo(0.5, 6);
  expect(figures.r).toBeCloseTo(1, 6);
  expect(figures.relativeSize).toBeCloseTo((2e-7 * Math.sqrt((1 + 4 + 9 + 16) / 4)) / 10, 12);
});

it('a response with the wrong sign in one of four cells', () => {
  const run = comparedRun(
    1,
    4,
    (_, cell) => (cell === 0 ? -1 : 1),
    () => 1,
  );
  expect(responseFigures(responseSums(run)[0][0])).toMatchObject({ slope: 0.5, cosine: 0.5, signAgreement: 0.75 });
});

it('hours that are compared are those of the transport model, and a tenth of their root mean square is clear', () => {
  const hours = [3, 7];
  const ctm = comparedRun(
    10,
    2,
    () => 0,
    (hour, cell) => (!hours.includes(hour) ? 100 : cell === 0 ? 1 : 0.07),
  ).ctm as { prior: Float32Array; changed: Float32Array };
  const perHour = 2 * SPECIES_COUNT;
  for (const of of [ctm.prior, ctm.changed])
    hours.forEach((hour) => of.forEach((value, i) => Math.floor(i / perHour) === hour && (of[i] = value + 10)));
  const prior = new Float32Array(2 * perHour).fill(20);
  const figures = responseFigures(
    responseSums({ surrogate: { prior, changed: prior.map((value) => value + 1) }, ctm, hours, period: 'winter', species: SPECIES_COUNT })[0][1],
  );
  const size = Math.sqrt((1 + 0.07 ** 2) / 2);
  expect(figures.ctmChange).toBeCloseTo(1.07 / 2, 5);
  expect(figures.relativeSize).toBeCloseTo(size / 20, 6);
  expect(0.07).toBeLessThan(0.1 * size);
  expect([figures.clear, figures.signAgreement]).toEqual([2, 1]);
});

it('what is clear is told from what is not at a tenth of the root mean square, whatever the number of cells and classes', () => {
  // 1 in 98 cells of each class of 100: a root mean square of 0.99, ten times as much in the second one
  const change = (_: number, cell: number): number => (cell < 100 ? 1 : 10) * ([0.12, 0.08][cell % 100] ?? 1);
  const classes = Int32Array.from({ length: 200 }, (_, cell) => Math.floor(cell / 100));
  const sums = responseSums(comparedRun(1, 200, change, change), classes);
  for (const ofClass of sums) for (const ofSpecies of ofClass) expect(responseFigures(ofSpecies).clear).toBe(99);
});

it('the species are told apart', () => {
  const run = comparedRun(
    2,
    3,
    (hour, cell, species) => species * (1 + hour + cell),
    (hour, cell) => 1 + hour + cell,
  );
  responseSums(run)[0].forEach((sums, species) => expect(responseFigures(sums).slope).toBeCloseTo(species, 5));
});

it('classes of cells are told apart, and −1 is left out', () => {
  const run = comparedRun(
    1,
    3,
    (_, cell) => [0.5, 2, 100][cell],
    () => 1,
  );
  const sums = responseSums(run, Int32Array.of(0, 1, -1));
  expect(sums).toHaveLength(2);
  expect(sums.map((each) => responseFigures(each[0]).slope)).toEqual([0.5, 2]);
});

it('intervals come from days: none where every day says the same, wide where one differs', () => {
  const of = (slope: (day: number) => number): ReturnType<typeof responseFigures> =>
    responseFigures(
      responseSums(
        comparedRun(
          24 * 6,
          2,
          (hour, cell) => slope(Math.floor(hour / 24)) * (cell + 1),
          (_, cell) => cell + 1,
        ),
      )[0][0],
    );
  const same = of(() => 0.8);
  expect(same.days).toBe(6);
  expect(same.intervals!.slope.low).toBeCloseTo(0.8, 5);
  expect(same.intervals!.slope.high).toBeCloseTo(0.8, 5);
  const { slope } = of((day) => (day === 0 ? 0 : 0.8)).intervals!;
  expect(slope.low).toBeLessThan(0.5);
  expect(slope.high).toBeCloseTo(0.8, 5);
});

it('runs join by day: their changes weigh by their squares', () => {
  const [small, large] = [1, 3].map((size) =>
    comparedRun(
      24,
      1,
      () => (size === 1 ? 1 : 1.5),
      () => size,
    ),
  );
  const figures = responseFigures(joinSums([small, large].map((run) => responseSums(run)[0][0])));
  expect(figures.slope).toBeCloseTo((1 + 4.5) / (1 + 9), 5);
  expect(figures.days).toBe(1);
});

it('no response at all is no number, not a right one', () => {
  const { slope, signAgreement } = responseFigures(
    responseSums(
      comparedRun(
        1,
        2,
        () => 0,
        () => 0,
      ),
    )[0][0],
  );
  expect([slope, signAgreement]).toEqual([NaN, NaN]);
});

it('hours without columns are left out, of one species alone', () => {
  const made = (hours: number[]): ComparedRun => {
    const run = comparedRun(
      hours.length,
      4,
      (hour, cell, species) => 1 + cell + hours[hour] + species,
      (hour, cell, species) => 2 + cell - hours[hour] + species,
    );
    return { ...run, hours: hours.map((_, i) => i) };
  };
  const [whole, without] = [made([0, 1, 2]), made([0, 2])];
  for (const field of Object.values<Float32Array>(whole.ctm)) {
    for (let i = 4 * SPECIES_COUNT; i < 8 * SPECIES_COUNT; i++) if (i % SPECIES_COUNT === 1) field[i] = NaN;
  }
  const [figures, expected] = [whole, without].map((run) => responseSums(run)[0].map((blocks) => responseFigures(blocks)));
  expect(figures[1]).toEqual(expected[1]);
  expect(figures[0]).toEqual(responseFigures(responseSums(made([0, 1, 2]))[0][0]));
});
