// One step of the set-up: a line on stderr when it begins and when it ends, a log file, and on failure the end of the log, a code and a remedy.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Logs and the lock of the set-up; git ignores it. */
export const stateFolder = join(root, 'build/setup');

/** What the set-up cannot mend by itself. */
export class SetupError extends Error {
  constructor(code, message, exitCode = 4) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

export function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/** Runs `work`; a SetupError is said and ends the process. */
export async function stopping(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${error.code}: ${error.message}`);
    process.exit(error.exitCode);
  }
}

const children = new Set();
let noteChildren = () => {};

/** Tells `listener` the ids of the processes that steps have started and that still run, whenever there is another one. */
export function onChild(listener) {
  noteChildren = listener;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
    process.stderr.write('\n');
    say('interrupted: run it again to go on');
    process.exit(code);
  });
}

function tail(path, lines = 40) {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** Runs a command with its output in the log; resolves to its exit code. */
function execute([command, ...args], { log, cwd, env }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
    // One that could not be started has no id.
    if (child.pid !== undefined) {
      children.add(child);
      noteChildren([...children].map(({ pid }) => pid));
    }
    const finish = (code) => {
      children.delete(child);
      resolve(code);
    };
    child.on('error', (error) => finish(error.code === 'ENOENT' ? 127 : 1));
    child.on('close', (code) => finish(code ?? 1));
  });
}

/** Waits for all, also where one has failed: what it began beside the others would go on without anybody. */
export async function together(...works) {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

/**
 * Runs commands one after the other.
 * @param title what the lines on stderr say, before and after
 * @param commands arrays of command and arguments; `{ mayFail: true }` on an array lets the next one run after a failure
 * @throws {SetupError} with `code` and `remedy` if one fails
 */
export async function step(title, commands, { code, remedy, cwd = root, env = {} }) {
  mkdirSync(stateFolder, { recursive: true });
  const path = join(stateFolder, `${code.toLowerCase().replace(/^setup_/, '')}.log`);
  const log = openSync(path, 'w');
  const begin = Date.now();
  say(`${title} …`);
  try {
    for (const command of commands) {
      const status = await execute(command, { log, cwd, env });
      if (status !== 0 && !command.mayFail) {
        say(`${title}: failed`);
        throw new SetupError(code, `${command.slice(0, 4).join(' ')} ended with code ${status}; the end of ${path}:\n\n${tail(path)}\n\n${remedy}`);
      }
    }
  } finally {
    closeSync(log);
  }
  say(`${title}: ${((Date.now() - begin) / 1000).toFixed(0)} s`);
}
