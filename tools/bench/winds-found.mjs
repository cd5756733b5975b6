/**
 * Whether an inversion has found the winds that are wrong: a twin experiment knows its truth's.
 *
 *   node tools/bench/winds-found.mjs RUN [CASE]
 *
 * RUN is a run folder with `invert` done, CASE its case file (default: RUN/case.yaml), with `truth.windError` and nuisance runs of `windErrors` that vary over
 * hours and km. What the inversion has found is the sum over draws of the draw's error times its part there and then; it is held against the truth's in every cell,
 * a few hours apart: correlation over all, and over those where more was found than a part of what the draws have. Cells and hours are not independent.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const inside = (path) => require(`../../packages/core/dist/${path}.js`);
const { loadCase, readGriddesc } = inside('index');
const { nuisanceChanges } = inside('case/index');
const { nameOfPart, valuesOfPart } = inside('assimilation/observed/nuisance');
const { WindError } = inside('transport/reference/wind-error');
const { VaryingNumber } = inside('inversion/model/nuisance-model');

const HOURS_APART = 3;
const [run, caseFile = join(run, 'case.yaml')] = process.argv.slice(2);
const settings = loadCase(caseFile);
const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
const { nuisance } = JSON.parse(readFileSync(join(run, 'invert/inversion.json'), 'utf8'));
const size = grid.rows * grid.cols;

/** Of each cell at an hour: the logarithm of the factor on the speed, and by how many degrees the wind is turned. */
function errorsAt(winds, hour) {
  const { u, v } = winds.perturb(new Float32Array(size).fill(1), new Float32Array(size), hour);
  return {
    speed: Float64Array.from(u, (along, cell) => Math.log(Math.hypot(along, v[cell]))),
    direction: Float64Array.from(u, (along, cell) => (Math.atan2(v[cell], along) * 180) / Math.PI),
  };
}

/** What was found and what is true in each cell and hour of a period, as pairs. @param parts - of the draws, as the inversion left them, those of the period */
function comparedIn({ start, hours }, { varies }, draws, parts) {
  const field = new VaryingNumber([hours, grid.rows, grid.cols], [varies.hours, ...grid.lengthInCells(varies.km)]);
  const truth = new WindError(grid, settings.truth.windError);
  const errors = draws.map(({ windError }) => new WindError(grid, windError));
  const pairs = { speed: [], direction: [] };
  for (let hour = 0; hour < hours; hour += HOURS_APART) {
    const time = new Date(new Date(start).getTime() + hour * 3_600_000);
    const found = { speed: new Float64Array(size), direction: new Float64Array(size) };
    const nodes = Array.from({ length: size }, (_, cell) => field.weightsAt([hour, Math.floor(cell / grid.cols), cell % grid.cols]));
    errors.forEach((error, draw) => {
      const own = errorsAt(error, time);
      nodes.forEach(({ index, weight }, cell) => {
        const part = index.reduce((sum, k, i) => sum + weight[i] * parts[draw][k], 0);
        for (const what of ['speed', 'direction']) found[what][cell] += part * own[what][cell];
      });
    });
    const of = errorsAt(truth, time);
    for (const what of ['speed', 'direction']) found[what].forEach((value, cell) => pairs[what].push([value, of[what][cell]]));
  }
  return { pairs, numbers: field.count };
}

function correlation(pairs) {
  const mean = (of) => pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const [a, b] = [mean(([found]) => found), mean(([, truth]) => truth)];
  const covariance = mean(([found, truth]) => (found - a) * (truth - b));
  return covariance / Math.sqrt(mean(([found]) => (found - a) ** 2) * mean(([, truth]) => (truth - b) ** 2));
}

for (const each of settings.inversion.nuisance.runs) {
  if (!each.windErrors || !each.varies?.hours || !each.varies.km) continue;
  const draws = nuisanceChanges(each);
  const values = draws.map((draw) => valuesOfPart(nameOfPart(each, draw), nuisance));
  const all = { speed: [], direction: [] };
  let first = 0;
  for (const period of settings.periods) {
    const { pairs, numbers } = comparedIn(
      period,
      each,
      draws,
      values.map((own) => own.slice(first)),
    );
    for (const what of ['speed', 'direction']) all[what] = all[what].concat(pairs[what]);
    first += numbers;
  }
  const found = nuisance.filter(({ name }) => name.startsWith(`${each.name}, draw `)).length;
  if (found !== draws.length * first) {
    console.log(`${each.name}  the inversion has ${found} numbers of it, the case ${draws.length * first}`);
    continue;
  }
  for (const what of ['speed', 'direction']) {
    const shown = [0, 0.1, 0.3].map((least) => {
      const kept = all[what].filter(([value]) => Math.abs(value) >= least * each.windErrors[what]);
      const part = ((100 * kept.length) / all[what].length).toFixed(0);
      return `${least === 0 ? 'all' : `${least} of it or more found`}: r ${correlation(kept).toFixed(2)} (${part} %)`;
    });
    console.log(`${each.name}, ${what}  ${shown.join(', ')}`);
  }
}
