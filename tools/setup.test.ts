import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from '../test/testing/describe-where';

const root = join(__dirname, '..');

/** A folder with a copy of the set-up, so that the lock of the real clone is left alone. */
let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'setup-'));
  mkdirSync(join(clone, 'tools'));
  cpSync(join(root, 'tools/setup'), join(clone, 'tools/setup'), { recursive: true });
  cpSync(join(root, 'tools/setup.mjs'), join(clone, 'tools/setup.mjs'));
});
afterEach(() => rmSync(clone, { recursive: true }));

function script(text: string): string {
  return text.replaceAll('SETUP', join(clone, 'tools/setup'));
}

/** Runs an ES module text to its end; resolves to its output. */
function run(text: string): Promise<{ stdout: string; stderr: string; code: number | null }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script(text)]);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.on('close', (code) => resolve({ stdout, stderr, code }));
  });
}

describe('system packages', () => {
  it('names what is missing and what to type where it may not install', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(clone, 'tools/setup.mjs')], {
      encoding: 'utf8',
      env: { PATH: join(clone, 'missing') },
    });
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /^set-up: SETUP_SYSTEM_PACKAGES: C\+\+ compiler, make or ninja, CMake, .*not found: install with\n\n.*g\+\+ make cmake.*\n\nor on a cluster .*module load/,
    );
  });

  it('refuses an option that it does not know', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(clone, 'tools/setup.mjs'), '--tests'], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('unknown option --tests');
  });
});

describe('the lock', () => {
  /** @param others - those that have begun when it ends, itself among them */
  const work = (others: number): string => `
    import { withLock } from 'SETUP/lock.mjs';
    import { appendFileSync, statSync } from 'node:fs';
    const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    appendFileSync('SETUP/begun', '.');
    await withLock(async () => {
      appendFileSync('SETUP/trace', 'in ');
      while (statSync('SETUP/begun').size < ${others}) await rest(20);
      await rest(400);
      appendFileSync('SETUP/trace', 'out ');
    });`;

  it('lets two set-ups work one after the other', async () => {
    const [a, b] = await Promise.all([run(work(2)), run(work(2))]);
    expect([a.code, b.code]).toEqual([0, 0]);
    expect(readFileSync(join(clone, 'tools/setup/trace'), 'utf8')).toBe('in out in out ');
    expect(a.stderr + b.stderr).toMatch(/another set-up is at work/);
    expect(existsSync(join(clone, 'build/setup/lock'))).toBe(false);
  });

  it('is taken over from a process that is gone', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    mkdirSync(join(clone, 'build/setup'), { recursive: true });
    writeFileSync(join(clone, 'build/setup/lock'), `${hostname()} ${gone}`);
    expect((await run(work(1))).code).toBe(0);
  });

  it('is not taken again by what is started after it was given back, and may want it', async () => {
    const { stdout } = await run(`
      import { withLock } from 'SETUP/lock.mjs';
      import { stateFolder, step } from 'SETUP/step.mjs';
      import { existsSync } from 'node:fs';
      await withLock(() => step('installing', [['true']], { code: 'STEP_X', remedy: 'r' }));
      await step('building', [['sh', '-c', 'sleep 0.1; test ! -e ' + stateFolder + '/lock']], { code: 'STEP_X', remedy: 'r' });
      console.log(existsSync(stateFolder + '/lock'));`);
    expect(stdout).toBe('false\n');
  });
});

describe('a set-up that was killed while it ran a program', () => {
  it('keeps its lock until the program has ended', async () => {
    await run(`
      import { withLock } from 'SETUP/lock.mjs';
      import { step } from 'SETUP/step.mjs';
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);
      await withLock(() => step('working', [['sh', '-c', 'sleep 1.5; echo end > SETUP/orphan']], { code: 'STEP_X', remedy: 'r' }));`);
    const { stdout } = await run(`
      import { withLock } from 'SETUP/lock.mjs';
      import { existsSync } from 'node:fs';
      await withLock(async () => console.log(existsSync('SETUP/orphan')));`);
    expect(stdout).toBe('true\n');
  });
});

describe('a step', () => {
  it('that fails shows the end of its log, a code and a remedy', async () => {
    const { stderr, stdout } = await run(`
      import { step } from 'SETUP/step.mjs';
      try {
        await step('building', [['sh', '-c', 'echo first; echo the cause >&2; exit 3']], { code: 'STEP_X', remedy: 'remedy: do this' });
      } catch (error) {
        console.log(error.code + '|' + error.exitCode + '|' + error.message);
      }`);
    expect(stderr).toBe('set-up: building …\nset-up: building: failed\n');
    expect(stdout).toMatch(/^STEP_X\|4\|sh -c .* ended with code 3; the end of .*step_x\.log:\n\nfirst\nthe cause\n\nremedy: do this\n$/);
  });

  it('beside another that fails is waited for, and both hold the lock', async () => {
    const { stdout, stderr } = await run(`
      import { withLock } from 'SETUP/lock.mjs';
      import { stateFolder, step, together } from 'SETUP/step.mjs';
      import { existsSync, readFileSync } from 'node:fs';
      const slow = () => step('slow', [['sh', '-c', 'sleep 0.6; echo end > SETUP/slow']], { code: 'STEP_SLOW', remedy: 'r' });
      const wrong = () => step('wrong', [['false']], { code: 'STEP_WRONG', remedy: 'r' });
      setTimeout(() => console.log(readFileSync(stateFolder + '/lock', 'utf8').split(' ').length), 300);
      await withLock(() => together(wrong(), slow())).catch((error) => console.log(error.code, existsSync('SETUP/slow')));`);
    expect(stdout).toBe('4\nSTEP_WRONG true\n');
    expect(stderr).toMatch(/^set-up: wrong …\nset-up: slow …\nset-up: wrong: failed\nset-up: slow: \d s\n$/);
  });

  it('whose program is not there fails too', async () => {
    const { stdout } = await run(`
      import { step } from 'SETUP/step.mjs';
      await step('building', [['no-such-program']], { code: 'STEP_X', remedy: 'r' }).catch((error) => console.log(error.message));`);
    expect(stdout).toMatch(/no-such-program ended with code 127/);
  });
});

const check = `import('${root}/tools/setup/npm-packages.mjs').then(({ npmPackagesCurrent }) => process.exit(npmPackagesCurrent() ? 0 : 1))`;
const current = spawnSync(process.execPath, ['-e', check]).status === 0;

describeWhere(current, 'the npm packages of this clone are not those of the lockfile', 'with everything there', () => {
  it('does nothing before the tests, in under a second', () => {
    const begin = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/setup.mjs'), '--test'], { encoding: 'utf8' });
    const seconds = (performance.now() - begin) / 1000;
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('…') as string });
    expect(seconds).toBeLessThan(1);
  });
});
