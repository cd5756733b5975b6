/**
 * Whether an inversion has found the winds that are wrong: a twin experiment knows its truth's.
 *
 *   node tools/bench/winds-found.mjs RUN [CASE]
 *
 * RUN is a run folder with `invert` done, CASE its case file (default: RUN/case.yaml), with `truth.windError` and nuisance runs of `weatherFactor.wind` or
 * `windTurn` that vary over hours and km. The true error is averaged around each node as the node's hat weighs it, in parts of the run's change, and
 * compared with the number found: correlation over all nodes, and over those that moved by more than a part of the spread.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const inside = (path) => require(`../../packages/core/dist/${path}.js`);
const { loadCase, readGriddesc } = inside('index');
const { WindError } = inside('transport/wind-error');
const { VaryingNumber } = inside('inversion/varying-number');

const HOURS_APART = 3;
const [run, caseFile = join(run, 'case.yaml')] = process.argv.slice(2);
const settings = loadCase(caseFile);
const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
const { nuisance } = JSON.parse(readFileSync(join(run, 'invert/inversion.json'), 'utf8'));
const winds = new WindError(grid, settings.truth.windError);

/** Of each cell, how the truth's wind stands to that of the files: by what factor it is faster, and by how many degrees it veers. */
function trueErrors(hour) {
  const size = grid.rows * grid.cols;
  const { u, v } = winds.perturb(new Float32Array(size).fill(1), new Float32Array(size), hour);
  return Array.from(u, (along, cell) => ({ factor: Math.hypot(along, v[cell]), turn: (-Math.atan2(v[cell], along) * 180) / Math.PI }));
}

/** The true part of a run's change at each node of a period, averaged as the hats weigh it; undefined where no hour or cell of the period is near. */
function trueParts({ options, varies }, { start, hours }) {
  const partOf = 'windTurn' in options ? ({ turn }) => turn / options.windTurn : ({ factor }) => (factor - 1) / (options['weatherFactor.wind'] - 1);
  const field = new VaryingNumber([hours, grid.rows, grid.cols], [varies.hours, ...grid.lengthInCells(varies.km)]);
  const [sums, weights] = [new Float64Array(field.count), new Float64Array(field.count)];
  for (let hour = 0; hour < hours; hour += HOURS_APART) {
    trueErrors(new Date(new Date(start).getTime() + hour * 3_600_000)).forEach((error, cell) => {
      const { index, weight } = field.at([hour, Math.floor(cell / grid.cols), cell % grid.cols]);
      index.forEach((k, i) => {
        sums[k] += weight[i] * partOf(error);
        weights[k] += weight[i];
      });
    });
  }
  return Array.from(sums, (sum, k) => (weights[k] > 0 ? sum / weights[k] : undefined));
}

function correlation(pairs) {
  const mean = (of) => pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  const [a, b] = [mean(([found]) => found), mean(([, truth]) => truth)];
  const covariance = mean(([found, truth]) => (found - a) * (truth - b));
  return covariance / Math.sqrt(mean(([found]) => (found - a) ** 2) * mean(([, truth]) => (truth - b) ** 2));
}

for (const each of settings.inversion.nuisance.runs) {
  const names = Object.keys(each.options ?? {});
  if (names.length !== 1 || !['weatherFactor.wind', 'windTurn'].includes(names[0]) || !each.varies?.hours || !each.varies.km) continue;
  const truth = settings.periods.flatMap((period) => trueParts(each, period));
  const found = nuisance.filter(({ name }) => name.startsWith(`${each.name} at `)).map(({ value }) => value);
  if (found.length !== truth.length) {
    console.log(`${each.name}  the inversion has ${found.length} numbers of it, the case ${truth.length}`);
    continue;
  }
  const pairs = found.flatMap((value, k) => (truth[k] === undefined ? [] : [[value, truth[k]]]));
  const shown = [0, 0.1, 0.3].map((least) => {
    const kept = pairs.filter(([value]) => Math.abs(value) >= least * each.spread);
    return `${least === 0 ? 'all' : `moved by ${least} or more`}: r ${correlation(kept).toFixed(2)} (${kept.length} nodes)`;
  });
  console.log(`${each.name}  ${shown.join(', ')}`);
}
