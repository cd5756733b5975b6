import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../base/errors';
import * as jobs from './current-job';
import { LOCK_FILE, lockPart, lockRun, lockToRead } from './run-lock';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  file = join(folder, LOCK_FILE);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const held = (changes: object): void => {
  const release = lockRun(folder);
  const holder = JSON.parse(readFileSync(file, 'utf8')) as object;
  release();
  writeFileSync(file, JSON.stringify({ ...holder, ...changes }));
};

/** Looks every 10 ms until something holds, for 4 s at most. */
const until = async (holds: () => boolean): Promise<void> => {
  for (let look = 0; !holds(); look++) {
    if (look === 400) throw new Error(`this did not come in 4 s: ${String(holds)}`);
    await sleep(10);
  }
};

describe('the lock of a run folder', () => {
  it('is held once, makes the folder, and is gone when given back', () => {
    const out = join(folder, 'a/b');
    const release = lockRun(out);
    expect(() => lockRun(out)).toThrow(ConfigError);
    expect(() => lockRun(out)).toThrow(new RegExp(`in use by process ${process.pid} on ${hostname()} since 20`));
    release();
    expect(existsSync(join(out, LOCK_FILE))).toBe(false);
    lockRun(out)();
  });

  it('is taken over from a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    held({ pid: child.pid, started: null });
    expect(() => lockRun(folder)).toThrow(/in use by process/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockRun(folder)();
    expect(existsSync(file)).toBe(false);
  });

  it('is taken over from one that was killed and that its parent has not asked after', async () => {
    const parent = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    held({ pid, started: readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19] });
    expect(() => lockRun(folder)).toThrow(/in use by process/);
    // The shell may still wait for its child; once it is another program, nobody does.
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n');
    process.kill(pid, 'SIGKILL');
    await until(() => /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    lockRun(folder)();
    parent.kill();
  });

  it('is taken over where the number of the process belongs to another one now', () => {
    held({ started: '1' });
    lockRun(folder)();
  });

  it('is taken over where that number belongs to a process of another user now', () => {
    held({ pid: 1, started: '1' });
    const kill = jest.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    });
    lockRun(folder)();
    held({ pid: 1, started: null });
    expect(() => lockRun(folder)).toThrow(/in use by process 1/);
    kill.mockRestore();
  });

  it('is looked at, not taken, by who only reads in a folder of somebody else', () => {
    const system = jest.requireActual<typeof import('node:fs')>('node:fs');
    const refused = (code: string): void =>
      void jest.spyOn(system, 'openSync').mockImplementationOnce(() => {
        throw Object.assign(new Error(code), { code });
      });
    refused('EROFS');
    const release = lockToRead(folder);
    expect(existsSync(file)).toBe(false);
    release();
    refused('ENOSPC');
    expect(() => lockToRead(folder)).toThrow(/has no room/);
    const held = lockRun(folder);
    refused('EACCES');
    expect(() => lockToRead(folder)).toThrow(/in use by process/);
    held();
    lockToRead(folder)();
    expect(existsSync(file)).toBe(false);
    jest.restoreAllMocks();
  });

  it('says why it cannot be taken, and leaves nothing', () => {
    const occupied = join(folder, 'file');
    writeFileSync(occupied, '');
    expect(() => lockRun(occupied)).toThrow(/cannot be made/);
    expect(() => lockRun('/dev/full/x')).toThrow(/cannot be made/);
  });

  it('is left alone on another machine, and where it says nothing', () => {
    held({ host: 'another', pid: 1 });
    expect(() => lockRun(folder)).toThrow(/process 1 on another.*remove the file/);
    for (const text of ['', '[]', 'null', '{"pid": 1}']) {
      writeFileSync(file, text);
      expect(() => lockRun(folder)).toThrow(/in use by another process/);
      expect(existsSync(file)).toBe(true);
    }
  });

  it('is taken over where it was left empty or cut short a while ago: its writer did not live to say more', () => {
    const ago = new Date(Date.now() - 120_000);
    for (const text of ['', '{"host":"her']) {
      writeFileSync(file, text);
      utimesSync(file, ago, ago);
      lockRun(folder)();
      expect(readdirSync(folder)).toEqual([]);
    }
    // A whole text that names nobody is another program's.
    writeFileSync(file, '{"pid": 1}');
    utimesSync(file, ago, ago);
    expect(() => lockRun(folder)).toThrow(/in use by another process/);
  });

  it('of a part that was left empty a while ago keeps nobody out of the whole folder', () => {
    lockPart(folder, 'simulate-prior')();
    const path = join(folder, 'locks/simulate-prior.json');
    writeFileSync(path, '');
    expect(() => lockRun(folder)).toThrow(/simulate-prior\.json: .*in use by another process/);
    utimesSync(path, new Date(0), new Date(0));
    lockRun(folder)();
    lockPart(folder, 'simulate-prior')();
  });

  it('is never there without its text, whenever its writer is killed', () => {
    const system = jest.requireActual<typeof import('node:fs')>('node:fs');
    const seen: boolean[] = [];
    for (const name of ['openSync', 'writeSync', 'closeSync', 'linkSync'] as const) {
      const real = system[name] as (...args: unknown[]) => unknown;
      jest.spyOn(system, name).mockImplementation(((...args: unknown[]) => {
        const result = real(...args);
        seen.push(existsSync(file) && system.statSync(file).size === 0);
        return result;
      }) as never);
    }
    const release = lockRun(folder);
    jest.restoreAllMocks();
    release();
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).not.toContain(true);
    // What a kill leaves of the writing itself is in nobody's way, and goes with the next lock.
    const left = join(folder, `${LOCK_FILE}.another-17.tmp`);
    writeFileSync(left, '');
    utimesSync(left, new Date(0), new Date(0));
    lockRun(folder)();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is made where the file system has no links', () => {
    const system = jest.requireActual<typeof import('node:fs')>('node:fs');
    jest.spyOn(system, 'linkSync').mockImplementation(() => {
      throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
    });
    const release = lockRun(folder);
    expect(() => lockRun(folder)).toThrow(/in use by process/);
    release();
    jest.restoreAllMocks();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['a pipe', (): unknown => execFileSync('mkfifo', [file])],
    ['a folder', (): unknown => mkdirSync(file)],
    ['a link', (): unknown => symlinkSync(join(folder, 'nowhere'), file)],
  ])('that is %s is refused at once, and named', (what, make) => {
    make();
    for (const lock of [lockRun, lockToRead, (out: string) => lockPart(out, 'simulate-prior')]) {
      expect(() => lock(folder)).toThrow(expect.objectContaining({ code: 'RUN_LOCKED' }) as Error);
      expect(() => lock(folder)).toThrow(new RegExp(`expected a file that says who is at work but received ${what}: remove it`));
    }
    expect(readdirSync(folder)).toContain(LOCK_FILE);
  });
});

describe('the lock of a part', () => {
  it('leaves other parts free, and keeps out who wants the same or the whole folder', () => {
    const release = lockPart(folder, 'simulate-prior');
    lockPart(folder, 'simulate-member01')();
    expect(() => lockPart(folder, 'simulate-prior')).toThrow(/simulate-prior\.json: .*in use/);
    expect(() => lockRun(folder)).toThrow(/simulate-prior\.json: .*in use/);
    expect(existsSync(file)).toBe(false);
    release();
    lockRun(folder)();
  });

  it('is not given while the whole folder is in use', () => {
    const release = lockRun(folder);
    expect(() => lockPart(folder, 'simulate-prior')).toThrow(/running\.json: .*in use/);
    release();
    lockPart(folder, 'simulate-prior')();
  });

  it("of a process that was killed is in nobody's way", () => {
    lockPart(folder, 'simulate-prior'); // never given back
    const path = join(folder, 'locks/simulate-prior.json');
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), started: '1' }));
    lockRun(folder)();
    lockPart(folder, 'simulate-prior')();
  });
});

describe('a lock of a job', () => {
  it('that another process has taken over while the scheduler was asked stays with that one', () => {
    held({ host: 'another', pid: 1, job: { scheduler: 'slurm', id: '12', restarts: 0 } });
    let release: (() => void) | undefined;
    const asked = jest.spyOn(jobs, 'isJobGone').mockImplementationOnce(() => {
      asked.mockReturnValueOnce(true); // the other one's question is answered at once
      release = lockRun(folder);
      return true;
    });
    expect(() => lockRun(folder)).toThrow(/in use by process/);
    expect(existsSync(file)).toBe(true);
    release!();
    expect(readdirSync(folder)).toEqual([]);
    asked.mockRestore();
  });

  it('on another node is taken over by the same job, once that has been started again', () => {
    const job = { scheduler: 'slurm', id: '12', restarts: 0 };
    held({ host: 'another', pid: 1, job });
    const before = { ...process.env };
    try {
      process.env['SLURM_JOB_ID'] = '12';
      expect(() => lockRun(folder)).toThrow(/process 1 on another \(job 12\)/);
      process.env['SLURM_RESTART_COUNT'] = '1';
      lockRun(folder)();
    } finally {
      process.env = before;
    }
  });
});
