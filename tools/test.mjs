// Everything that must hold: nx runs it, or takes from its cache what holds already. Ends with the line `N passed, N failed` (and `, N skipped`), in which
// every linter counts as one test.
//
//   npm test                  linters, formatters, types, ctest and jest of all projects
//   npm test -- --fast        unit tests alone: none starts a program
//   npm test -- ARGUMENTS     those of jest, without linters: npm test -- packages/core/src/grid
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const results = join(root, 'build/tests');
const counts = { passed: 0, failed: 0, skipped: 0 };

function node(script, args, stdio = 'inherit') {
  // nx asks for colours where nobody looks.
  const env = { FORCE_COLOR: process.stdout.isTTY ? '1' : '0', ...process.env };
  return spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, env, stdio }).status;
}

/** Counts what jest wrote about its tests. */
function countTests(file, status) {
  if (!existsSync(file)) return counts.failed++;
  const record = JSON.parse(readFileSync(file, 'utf8'));
  // A test file that cannot even be loaded holds tests that nobody counted: it is one failure at least.
  const failed = record.numFailedTests + record.numRuntimeErrorTestSuites;
  counts.passed += record.numPassedTests;
  counts.failed += failed === 0 && status !== 0 ? 1 : failed;
  counts.skipped += record.numPendingTests + record.numTodoTests;
}

/** Has nx run targets, and reads from its record how each task ended. */
function runTargets(targets) {
  const record = join(root, '.nx/cache/run.json');
  // What is not run has no result, and is no success of an earlier run.
  for (const old of [record, results]) rmSync(old, { force: true, recursive: true });
  const status = node('nx/dist/bin/nx.js', ['run-many', '--outputStyle=static-failures-only', '-t', ...targets]);
  const { tasks } = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : { tasks: [] };
  for (const { projectName, target, status: ended } of tasks) {
    if (/^test(-slow)?$/.test(target)) countTests(join(results, `${projectName}-${target}.json`), ended);
    else if (ended !== 0) counts.failed++;
    else if (targets.includes(target)) counts.passed++;
  }
  if (counts.failed === 0 && (status !== 0 || tasks.length === 0)) counts.failed++;
}

function runJest(args) {
  runTargets(['build', 'test-addons']);
  if (counts.failed > 0) return;
  counts.passed = 0; // of builds
  const file = join(results, 'some.json');
  mkdirSync(results, { recursive: true });
  // --json would print the whole record to stdout; the outcome for people goes to stderr.
  countTests(file, node('jest/bin/jest.js', ['--json', `--outputFile=${file}`, ...args], ['ignore', 'ignore', 'inherit']));
}

const args = process.argv.slice(2);
if (args.length === 0) {
  const checks = ['lint', 'format', 'typecheck', 'ctest'];
  if (spawnSync('clang-format-19', ['--version']).error) {
    counts.skipped++;
    console.log('skipped  clang-format 19: not installed (npm run setup -- --test says how to get it)');
  } else checks.push('clang-format');
  runTargets([...checks, 'test', 'test-slow']);
} else if (args.join() === '--fast') runTargets(['test']);
else runJest(args);
console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
process.exitCode = counts.failed > 0 ? 1 : 0;
