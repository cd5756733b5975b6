import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { mpiLibrary } from '@retroplume/native';
import { describeWhere } from './describe-where';

/** Lets a child process run TypeScript. */
export const LOADER = join(__dirname, '../../packages/core/src/inversion/testing/run-typescript.cjs');

function canLaunch(): boolean {
  const found = (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'mpirun'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return found && mpiLibrary()?.startsWith('Open MPI') === true;
}

/** `describe` where ranks can be launched; else the tests are skipped, visibly. */
export function describeOnRanks(title: string, body: () => void): void {
  describeWhere(canLaunch(), 'no Open MPI, or no mpi.node that was built with it', title, body);
}

/** Of Open MPI in a test: more ranks than processors, as root in a container, messages through shared memory alone. */
const ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_btl: 'self,sm',
  PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
  PRTE_MCA_hwloc_default_binding_policy: 'none',
};

export interface Launch {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program of Node on several ranks.
 *
 * @param program - a script and its arguments; a .ts file is run from its source
 * @param onStart - is given the launcher's process
 */
export function onRanks(ranks: number, program: readonly string[], onStart?: (launcher: ChildProcess) => void): Promise<Launch> {
  const node = program[0].endsWith('.ts') ? [process.execPath, '-r', LOADER] : [process.execPath];
  const launcher = spawn('mpirun', ['-n', String(ranks), ...node, ...program], {
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr]: string[][] = [[], []];
  launcher.stdout.on('data', (text: Buffer) => stdout.push(text.toString()));
  launcher.stderr.on('data', (text: Buffer) => stderr.push(text.toString()));
  onStart?.(launcher);
  return new Promise((resolve, reject) => {
    launcher.once('error', reject);
    launcher.once('close', (exitCode) => resolve({ exitCode, stdout: stdout.join(''), stderr: stderr.join('') }));
  });
}
