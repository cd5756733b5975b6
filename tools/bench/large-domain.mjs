/**
 * Peak memory and time of an inversion on a large domain: the stage invert itself, with an untrained default surrogate on made-up fields.
 *
 *   node tools/bench/large-domain.mjs [--rows N] [--cols N] [--hours N] [--iterations N] [--tile-cells N] [--threads N] [--folder DIR] [--keep]
 *
 * The inputs are made by a process of its own (a prepared store of 30 hours with a member, a surrogate, 1000 monitors), since making them takes more memory
 * than the inversion; the one that inverts prints what it took. Monitors observe at every third hour of the last three, which is one; tracers begin with the first hour.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const GROUPS = ['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5'];
const core = createRequire(import.meta.url)('../../packages/core/dist/index.js');
const inside = (path) => createRequire(import.meta.url)(`../../packages/core/dist/${path}.js`);

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(
      Object.entries({ rows: '1000', cols: '1200', hours: '30', iterations: '2', 'tile-cells': '0', threads: '2' }).map(([name, value]) => [
        name,
        { type: 'string', default: value },
      ]),
    ),
    folder: { type: 'string' },
    keep: { type: 'boolean', default: false },
    step: { type: 'string', default: 'all' },
  },
});
const [rows, cols, hours] = [values.rows, values.cols, values.hours].map(Number);
const START = '2026-01-05T00:00:00Z';
const STATIONS = 1000;

const steps = { all, make, invert };
await steps[values.step]();

function all() {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'retroplume-large-'));
  const run = (step) => {
    const kept = process.argv.slice(2);
    const out = execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...kept, '--folder', folder, '--step', step], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.stdout.write(out);
  };
  try {
    if (!existsSync(join(folder, 'prepare', 'large', 'run-prior.nc'))) run('make');
    run('invert');
  } finally {
    if (!values.keep) rmSync(folder, { recursive: true });
  }
}

function caseOf(folder) {
  return core.loadCase(join(folder, 'case.yaml'), []);
}

/** Numbers in [0, 1) that need no memory: a linear congruence. */
function uniform(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function field(length, scale, seed) {
  const random = uniform(seed);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = scale * random();
  return out;
}

function make() {
  const { folder } = values;
  for (const name of ['prepare', 'train', 'certify', 'invert']) mkdirSync(join(folder, name), { recursive: true });
  // The inversion asks for a certificate; an untrained surrogate has none to show.
  const made = { stage: 'certify', key: '', inputs: [], startedAt: '', seconds: 0, products: [], bytes: {}, sha256: {} };
  writeFileSync(join(folder, 'certify', 'record.json'), JSON.stringify({ ...made, summary: { verdict: 'not certified', reasons: ['untrained'] } }));
  writeInputs(folder);
  const settings = caseOf(folder);
  const grid = core.readGriddesc(join(folder, 'GRIDDESC'), 'LARGE');
  const { writePreparedMeteorology, writePreparedRun } = inside('fields/prepared');
  const { DEFAULT_CHANNELS } = inside('base/species');
  const cells = rows * cols;
  const time = { start: new Date(START), stepSeconds: 3600, count: hours };
  const meteorologyNames = settings.meteorology.variables;
  const geographyNames = ['HT', 'LWMASK'];
  writePreparedMeteorology(join(folder, 'prepare'), {
    name: 'large',
    grid,
    time,
    meteorologyNames,
    geographyNames,
    meteorology: field(hours * cells * meteorologyNames.length, 1, 1),
    geography: field(cells * geographyNames.length, 1, 2),
  });
  for (const [seed, run] of ['prior', 'member01'].entries()) {
    writePreparedRun(join(folder, 'prepare'), {
      period: 'large',
      run,
      grid,
      time,
      channels: DEFAULT_CHANNELS,
      emissions: field(hours * cells * 5, 1e-9, 3 + seed),
      concentrations: field(hours * cells * 4, 20, 5),
    });
  }
  const { priorChannels } = inside('fields/training-period');
  untrained(settings, [...meteorologyNames, ...priorChannels(DEFAULT_CHANNELS.species)], geographyNames).save(join(folder, 'train'));
}

function writeInputs(folder) {
  const degree = 0.01;
  const definition = {
    name: 'LARGE',
    gdtyp: 1,
    pAlp: 0,
    pBet: 0,
    pGam: 0,
    xcent: 0,
    ycent: 0,
    xorig: 0,
    yorig: 0,
    xcell: degree,
    ycell: degree,
    rows,
    cols,
  };
  core.writeGriddesc(join(folder, 'GRIDDESC'), new core.Grid(definition));
  const random = uniform(5);
  const stations = Array.from({ length: STATIONS }, (_, i) => [`s${i}`, degree * cols * random(), degree * rows * random()]);
  writeFileSync(join(folder, 'stations.csv'), `id,lon,lat\n${stations.map((each) => each.join()).join('\n')}\n`);
  const lines = Array.from({ length: hours }, (_, hour) => {
    const time = new Date(Date.parse(START) + hour * 3_600_000).toISOString().slice(0, 16);
    return stations.map(([id]) => `${id},${time},${(20 * random()).toFixed(3)},${(20 * random()).toFixed(3)}\n`).join('');
  });
  writeFileSync(join(folder, 'observations.csv'), `station,time,NO2,PM25\n${lines.join('')}`);
  const groups = Object.fromEntries(GROUPS.map((name) => [name, { variables: [name] }]));
  const none = 'none.nc'; // of the files that simulate and prepare would read
  const content = {
    name: 'large domain',
    tileCells: Number(values['tile-cells']),
    grid: { griddesc: 'GRIDDESC', name: 'LARGE' },
    periods: [{ name: 'large', start: START, hours, spinUpHours: hours - 3 }],
    meteorology: { files: none },
    emissions: { files: none, groups },
    members: { count: 1 },
    observations: {
      files: 'observations.csv',
      stations: { file: 'stations.csv' },
      columns: { species: { NO2: { column: 'NO2', unit: 'ppb' }, 'PM2.5': { column: 'PM25', unit: 'ug m-3' } } },
    },
    inversion: { iterations: Number(values.iterations), lengthKm: 10, checkpointEvery: 1 },
  };
  writeFileSync(join(folder, 'case.yaml'), JSON.stringify(content)); // JSON is YAML
}

function untrained({ surrogate: settings }, meteorologyNames, geographyNames) {
  const { buildSurrogate } = inside('surrogate/model/model');
  const scales = (count, scale) => ({ offset: Array(count).fill(0), scale: Array(count).fill(scale) });
  const normalisation = {
    emissions: scales(GROUPS.length, 6e-10),
    tracers: scales(inside('case/index').tracerCount(settings.tracers, GROUPS), 1e-8),
    meteorology: scales(meteorologyNames.length, 1),
    geography: scales(geographyNames.length, 1),
    concentrations: scales(4, 6),
  };
  const g = new core.graph.Graph();
  const count = settings.window.reduce((sum, each) => sum + each.count, 0);
  const sizes = { batch: 1, steps: count, rows: 8, cols: 8, meteorology: meteorologyNames.length, geography: geographyNames.length };
  buildSurrogate(g, settings, sizes, normalisation, 'frozen');
  const weights = new Map([...core.graph.initializeParameters(g, 3)].map(([name, data]) => [name, { data, shape: [...g.find(name).shape] }]));
  const named = (names) => names.map((name) => ({ name, unit: '' }));
  const { Surrogate } = inside('surrogate/model/surrogate');
  return new Surrogate(
    {
      settings,
      normalisation,
      meteorologyNames,
      geographyNames,
      species: named(['NO2', 'SO2', 'O3', 'PM2.5']),
      groups: named(['NOx', 'NH3', 'SO2', 'VOC', 'PM2.5']),
    },
    weights,
  );
}

async function invert() {
  const { invertStage } = inside('run/stages/invert-stage');
  const { stageContext } = inside('run/stage-context');
  const { InputHashes } = inside('run/engine/input-hashes');
  const begin = performance.now();
  const since = () => `${((performance.now() - begin) / 1000).toFixed(0)} s, peak ${peak().toFixed(2)} GB`;
  const onEvent = ({ text }) => process.stderr.write(`${since()}: ${text}\n`);
  const settings = { ...caseOf(values.folder), tileCells: Number(values['tile-cells']) };
  settings.inversion.iterations = Number(values.iterations);
  const run = {
    caseSettings: settings,
    out: values.folder,
    device: 'cpu',
    hardware: '',
    precision: 'float32',
    threads: Number(values.threads),
    onEvent,
    inputs: new InputHashes(),
    signal: new globalThis.AbortController().signal,
  };
  const { summary } = await invertStage.run(stageContext(run, 'invert', 'default'));
  const costs = summary.history.map(({ total }) => total.toPrecision(6)).join(' → ');
  const seconds = (performance.now() - begin) / 1000;
  process.stdout.write(`${rows} x ${cols} cells: cost ${costs}; ${seconds.toFixed(0)} s; peak resident memory ${peak().toFixed(2)} GB\n`);
}

function peak() {
  return (process.resourceUsage().maxRSS * 1024) / 1e9;
}
