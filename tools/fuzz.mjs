// Reads spoiled files: `node tools/fuzz.mjs [--count 10000] [--seed 1] [--real FOLDER] [--json]`.
//
// Every input is read in a child process as the program reads it. It must end, within a time limit, with a result or an error of ours that has a code:
// a crash, a hang, another error or a growing memory makes the exit code 1, and the input is kept in build/fuzz. A seed repeats a run.
import { fork } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTATIONS, TEXT_MUTATIONS } from './fuzz/mutations.mjs';
import { Random } from './fuzz/random.mjs';
import { makeSeeds } from './fuzz/seeds.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    real: { type: 'string', default: process.env.RETROPLUME_TEST_DATA ?? join(here, '../../shared/data') },
    json: { type: 'boolean', default: false },
  },
});
/** Much more than any takes on a busy machine. */
const LIMIT_MS = 60_000;
/** Growth of the child's memory between a tenth of the inputs and the end, beyond which something is not given back. */
const GROWTH = 150e6;

const count = Number(options.count);
const random = new Random(Number(options.seed));
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const kept = join(here, '../build/fuzz');
let child;

/** A child that is ready to read. */
function start() {
  const process_ = fork(join(here, 'fuzz/exercise.mjs'), [folder], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  process_.stderr.on('data', (chunk) => (said = (said + chunk).slice(-2000)));
  return new Promise((resolve, reject) => {
    process_.once('message', () => resolve(Object.assign(process_, { said: () => said })));
    process_.once('exit', () => reject(new Error(`the reading process did not start: ${said}`)));
  });
}

/** What came of one input. */
async function read(kind, path) {
  child ??= await start();
  const current = child;
  const ended = await new Promise((resolve) => {
    const done = (result) => {
      globalThis.clearTimeout(timer);
      current.removeAllListeners('message');
      current.removeAllListeners('exit');
      resolve(result);
    };
    const timer = globalThis.setTimeout(() => done({ read: 'hang' }), LIMIT_MS);
    current.once('message', done);
    current.once('exit', (code, signal) => done({ read: `crash: ${signal ?? `exit ${code}`} ${current.said()}` }));
    current.send({ kind, path });
  });
  if (/^(hang|crash)/.test(ended.read)) {
    current.kill('SIGKILL');
    child = undefined;
  }
  return ended;
}

/** A cut file of these kinds must be refused: as a shorter one it would be a wrong number. */
const mustRefuse = ({ name, bytes }, mutation, spoiled) => mutation === 'cut' && /\.(nc|ncf|gz|parquet)$/.test(name) && spoiled.length < bytes.length;

const seeds = await makeSeeds(join(folder, 'seeds'), options.real);
const outcomes = new Map();
const faults = [];
const memory = [];
for (const { kind, name, bytes } of seeds) {
  const path = join(folder, `whole-${name.replaceAll('/', '_')}`);
  writeFileSync(path, bytes);
  const { read: result } = await read(kind, path);
  if (!/^[A-Z_0-9]+$|^ok$/.test(result)) faults.push({ name, mutation: 'none', result });
}
for (let i = 0; i < count; i++) {
  const seed = random.pick(seeds);
  const mutations = seed.text ? TEXT_MUTATIONS : MUTATIONS;
  const mutation = random.pick(Object.keys(mutations));
  let spoiled = mutations[mutation](seed.bytes, random);
  if (mutation !== 'cut' && random.next() < 0.2) spoiled = mutations.flip(spoiled.length > 0 ? spoiled : Buffer.from('x'), random);
  const path = join(folder, seed.name.replaceAll('/', '_'));
  writeFileSync(path, spoiled);
  const { read: result, inspected = 'none', rss } = await read(seed.kind, path);
  outcomes.set(result.split(':')[0], (outcomes.get(result.split(':')[0]) ?? 0) + 1);
  if (rss !== undefined && i % 50 === 0) memory.push(rss);
  const silent = result === 'ok' && mustRefuse(seed, mutation, spoiled) ? 'a cut file was read as a whole one' : undefined;
  const bad = [result, inspected].find((text) => /^(unexpected|crash|hang)/.test(text)) ?? silent;
  if (bad === undefined) continue;
  mkdirSync(kept, { recursive: true });
  const input = join(kept, `${options.seed}-${i}-${seed.name.replaceAll('/', '_')}`);
  copyFileSync(path, input);
  faults.push({ name: seed.name, mutation, input, result: bad });
}
child?.kill();
rmSync(folder, { recursive: true });
const early = Math.max(0, ...memory.slice(0, Math.ceil(memory.length / 10)));
const late = Math.max(0, ...memory.slice(-Math.ceil(memory.length / 10)));
const growth = late - early;
if (growth > GROWTH) faults.push({ name: 'memory', mutation: 'all', result: `the child grew by ${Math.round(growth / 1e6)} MB` });
const sorted = Object.fromEntries([...outcomes].sort(([, a], [, b]) => b - a));
const summary = {
  count,
  seed: Number(options.seed),
  seeds: seeds.length,
  outcomes: sorted,
  memoryMB: [early, late].map((bytes) => Math.round(bytes / 1e6)),
  faults,
};
if (options.json) console.log(JSON.stringify(summary));
else console.log(JSON.stringify(summary, null, 2));
process.exitCode = faults.length > 0 ? 1 : 0;
