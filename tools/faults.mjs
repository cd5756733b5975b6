// What clusters do to jobs, done to a small run: `node tools/faults.mjs kills [--count 50] [--ranks N]` and `node tools/faults.mjs disk [--count 5]`.
//
// kills  a run with every stage is ended by SIGKILL at random moments (a stage by chance, then a moment of it by chance; of several ranks one by
//        chance), again and again, and goes on each time: at its end all products must have the bits of a run that nothing happened to. Then it is
//        bundled and made again from that, and both are killed on their way: nothing is left beside the bundle, and all comes out with the same bits.
// disk   the disk of the run folder (and of TMPDIR) fills at a random moment: the run must end with DISK_FULL and leave the products of the stages
//        before as they were; when there is space again the same command must end with the bits of a run that nothing happened to. Needs root (a tmpfs).
//
// Options: --seed S repeats the moments (but for what the machine does), --perRun N kills in one run folder (default 5), --set KEY=VALUE changes the run
// (the other method: --set inversion.uncertainty.method=lanczos), --stage NAME strikes in that stage alone, --keep leaves the folders. --model stubborn runs
// a transport model by a command, which takes no notice of SIGTERM: who is killed leaves it behind, some with other members, and it goes on to write.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fillDisks } from './faults/disk.mjs';
import { killRuns } from './faults/kills.mjs';
import { productsOf, startBundle, startReproduce, startRun, stubbornModel, writeSmallCase } from './faults/small-case.mjs';
import { Random } from './fuzz/random.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    ranks: { type: 'string', default: '1' },
    perRun: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    set: { type: 'string', multiple: true, default: [] },
    stage: { type: 'string' },
    model: { type: 'string', default: 'reference' },
    keep: { type: 'boolean', default: false },
  },
});
const KINDS = { kills: { count: 50, work: killRuns }, disk: { count: 5, work: fillDisks } };
const kind = KINDS[positionals[0]];
const stubborn = values.model === 'stubborn';
if (!kind || positionals.length > 1 || !(stubborn || values.model === 'reference')) {
  process.stderr.write(
    'faults: usage: node tools/faults.mjs kills|disk [--count N] [--ranks N] [--perRun N] [--seed S] [--set KEY=VALUE] [--stage NAME] [--model stubborn] [--keep]\n',
  );
  process.exit(2);
}

/** One stage is struck for its own sake. */
const bundles = positionals[0] === 'kills' && values.stage === undefined;

const folder = mkdtempSync(join(tmpdir(), 'faults-'));
const say = (text) => process.stdout.write(`${text}\n`);

/** A folder of its own with the case in it, so that paths in products are the same in all runs. */
function place(name, at = join(folder, name)) {
  mkdirSync(at, { recursive: true });
  cpSync(join(folder, 'world'), at, { recursive: true });
  return { caseFile: join(at, 'case.yaml'), out: join(at, 'run'), set: [...values.set, ...(stubborn ? stubbornModel() : [])] };
}

/** The run that nothing happens to; also how long each stage takes. */
async function undisturbed(ranks) {
  await writeSmallCase(join(folder, 'world'));
  const run = place('undisturbed');
  const began = [];
  const { status, stderr } = await startRun(run, { ranks }, (stage) => began.push({ stage, at: Date.now() })).ended;
  if (status !== 0) throw new Error(`the undisturbed run ended with ${status}: ${stderr}`);
  const ends = [...began.slice(1).map(({ at }) => at), Date.now()];
  const stages = began.map(({ stage, at }, i) => ({ stage, ms: ends[i] - at }));
  return { stages, products: productsOf(run.out), ...(bundles ? await timesOfBundle(run, ranks) : {}) };
}

/** How long it takes to bundle the run, and to unpack that. */
async function timesOfBundle(run, ranks) {
  let now = Date.now();
  const { status, stderr } = await startBundle(run).ended;
  if (status !== 0) throw new Error(`bundle ended with ${status}: ${stderr}`);
  const bundleMs = Date.now() - now;
  now = Date.now();
  let unpackMs;
  const { child, ended } = startReproduce(run, { ranks }, () => {
    unpackMs ??= Date.now() - now;
    child.kill();
  });
  const { stderr: said } = await ended;
  if (unpackMs === undefined) throw new Error(`reproduce ran no stage: ${said}`);
  return { bundleMs, unpackMs };
}

let failures = 1;
try {
  mkdirSync(join(folder, 'world'));
  const whole = await undisturbed(Number(values.ranks));
  const ms = whole.stages.reduce((sum, stage) => sum + stage.ms, 0);
  say(`a run of ${whole.stages.length} stages in ${(ms / 1000).toFixed(0)} s with ${whole.products.size} products`);
  const targets = whole.stages.filter(({ stage }) => values.stage === undefined || stage === values.stage);
  if (targets.length === 0) throw new Error(`no stage ${values.stage}: there are ${whole.stages.map(({ stage }) => stage).join(', ')}`);
  const options = { targets, count: Number(values.count ?? kind.count), ranks: Number(values.ranks), perRun: Number(values.perRun) };
  failures = await kind.work({ ...options, random: new Random(Number(values.seed)), place, whole, say, folder, stubborn, bundles });
} finally {
  if (!values.keep && failures === 0) rmSync(folder, { recursive: true, force: true });
  else say(`kept: ${folder}`);
}
process.exit(failures === 0 ? 0 : 1);
