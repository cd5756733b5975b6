/** Signals, in a process of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const LOADED = `const { interruptible } = require(${JSON.stringify(join(__dirname, '../dist/process.js'))});`;

/** Works until it is told to stop, then ends with code 7 a while later; says when it listens. */
const WORKER = `
${LOADED}
const { signal, release } = interruptible();
const work = setInterval(() => undefined, 1000);
signal.addEventListener('abort', () => setTimeout(() => { clearInterval(work); release(); process.exitCode = 7; }, 600));
process.stdout.write('ready');
`;

interface Outcome {
  code: number | null;
  by: NodeJS.Signals | null;
  told: string;
}

const send = (...signals: NodeJS.Signals[]): Promise<Outcome> => sendTo(WORKER, ...signals);

async function sendTo(script: string, ...signals: NodeJS.Signals[]): Promise<Outcome> {
  const child = spawn(process.execPath, ['-e', script]);
  let told = '';
  child.stderr.on('data', (data: Buffer) => (told += data.toString()));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await once(child.stdout, 'data');
  for (const signal of signals) {
    child.kill(signal);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  const [code, by] = await closed;
  return { code, by, told };
}

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const)('%s asks the run to stop where it can be resumed', async (signal) => {
    const { code, told } = await send(signal);
    expect(code).toBe(7);
    expect(told).toMatch(/^\nretroplume: stopping at the next checkpoint/);
  });

  it('SIGTERM ends the process the second time', async () => expect(await send('SIGTERM', 'SIGTERM')).toMatchObject({ by: 'SIGTERM' }));

  it('SIGHUP does not: the shell and the system send one each where a session ends', async () => {
    const { code, told } = await send('SIGHUP', 'SIGHUP');
    expect(code).toBe(7);
    expect(told).toBe('\nretroplume: stopping at the next checkpoint (SIGHUP: the terminal or session has ended)\n');
  });

  it('SIGUSR1 does not, nor does the SIGTERM that follows it at the time limit', async () => {
    const { code, told } = await send('SIGUSR1', 'SIGUSR1', 'SIGTERM');
    expect(code).toBe(7);
    expect(told.match(/stopping/g)).toHaveLength(1);
    expect(told).not.toContain('Debugger');
  });

  it('SIGUSR1 before the work begins is remembered', async () => {
    const script = `${LOADED}
      process.stdout.write('ready');
      setTimeout(() => (process.exitCode = interruptible().signal.aborted ? 7 : 1), 500);`;
    expect(await sendTo(script, 'SIGUSR1')).toEqual({ code: 7, by: null, told: '\nretroplume: stopping at the next checkpoint\n' });
  });
});
