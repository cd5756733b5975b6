// Everything that must hold: linters, formatters, types, and all tests of jest. Ends with the line `N passed, N failed` (and `, N skipped`),
// in which every linter counts as one test. Arguments go to jest: npm test -- packages/core/src/grid
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const counts = { passed: 0, failed: 0, skipped: 0 };

function bin(path, ...args) {
  return [process.execPath, join(root, 'node_modules', path), ...args];
}

function trackedFiles(...patterns) {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed.stdout.split('\0').filter((path) => path && existsSync(join(root, path)));
}

function clangFormat() {
  if (spawnSync('clang-format-19', ['--version']).error) return undefined;
  const files = trackedFiles('*.cc', '*.h', '*.cu', '*.cuh');
  return files.length > 0 ? ['clang-format-19', '--dry-run', '-Werror', ...files] : undefined;
}

/** The longest first. */
const CHECKS = [
  ['ESLint with module boundaries', () => bin('eslint/bin/eslint.js', '--max-warnings', '0', '.')],
  ['Prettier', () => bin('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '**/*.{ts,mjs,cjs,json}')],
  ['types of the tests (tsc)', () => bin('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.test.json')],
  ['clang-format 19', clangFormat],
  ['C++ tests (ctest)', () => ['ctest', '--test-dir', join(root, 'packages/native/build'), '--output-on-failure', '--parallel', '2']],
];

/** What a program prints, and its exit status. */
function outcome(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (data) => (text += data));
  return new Promise((resolve) =>
    child.on('error', ({ message }) => resolve({ status: null, text: message })).on('close', (status) => resolve({ status, text })),
  );
}

/** Runs a program, says whether it passed, and counts it. */
async function check([name, command]) {
  const [program, ...args] = command() ?? [];
  if (program === undefined) {
    counts.skipped++;
    console.log(`skipped  ${name}: not installed (npm run setup -- --test says how to get it)`);
    return;
  }
  const { status, text } = await outcome(program, args);
  counts[status === 0 ? 'passed' : 'failed']++;
  if (status !== 0) process.stdout.write(text);
  console.log(`${status === 0 ? 'passed ' : 'FAILED '}  ${name}`);
}

/** Two at a time: each of them takes one core; the last, which takes two, begins while the first has one of its own. */
async function checkAll() {
  const waiting = [...CHECKS];
  const next = async () => {
    for (let entry = waiting.shift(); entry; entry = waiting.shift()) await check(entry);
  };
  await Promise.all([next(), next()]);
}

function jest(args) {
  const result = join(root, 'build/jest-result.json');
  mkdirSync(dirname(result), { recursive: true });
  rmSync(result, { force: true });
  const [program, ...rest] = bin('jest/bin/jest.js', '--json', `--outputFile=${result}`, ...args);
  const options = [process.env.NODE_OPTIONS ?? '', '--require', JSON.stringify(join(root, 'jest.compile-less.cjs'))];
  const env = { ...process.env, NODE_OPTIONS: options.join(' ').trim() };
  // --json would print the whole record to stdout; the outcome for people goes to stderr.
  const { status } = spawnSync(program, rest, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (!existsSync(result)) {
    console.log('FAILED   jest ended without a result');
    counts.failed++;
    return;
  }
  const record = JSON.parse(readFileSync(result, 'utf8'));
  counts.passed += record.numPassedTests;
  // A test file that cannot even be loaded holds tests that nobody counted: it is one failure at least.
  counts.failed += record.numFailedTests + record.numRuntimeErrorTestSuites;
  counts.skipped += record.numPendingTests + record.numTodoTests;
  if (status !== 0 && record.numFailedTests + record.numRuntimeErrorTestSuites === 0) counts.failed++;
}

const args = process.argv.slice(2);
if (args.length === 0) {
  await checkAll();
}
jest(args);
console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
process.exitCode = counts.failed > 0 ? 1 : 0;
