/** PyTorch in a process of its own, spoken to in lines of JSON (packages/core/torch-peer/main.py). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ConfigError, DeviceError } from '../../base/errors';

const SCRIPT = join(__dirname, '..', '..', '..', 'torch-peer', 'main.py');

/**
 * glibc gives large blocks back to the system after every use and takes page faults for them again, which slows PyTorch by up to 1.9; with
 * these tunables it keeps them. Without this the peer would look slower than it is.
 */
const KEEP_MEMORY = 'glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=268435456';

interface TorchOptions {
  /** An interpreter with PyTorch and NumPy. */
  readonly python: string;
  readonly threads: number;
  /** False: as a user finds it, whose malloc gives memory back after every step. */
  readonly tuned: boolean;
  /** Whether torch.compile is to be tried. */
  readonly compiles: boolean;
}

/** What a PyTorch says of itself. */
export interface TorchDescription {
  readonly version: string;
  readonly oneDnn: boolean;
  /** Of its matrix product, by which a reference BLAS is found out. */
  readonly gemmGflops: number;
  /** Instruction set of what torch.compile generates; null: not asked for, or it would be scalar. */
  readonly compiles: string | null;
}

type Message = Readonly<Record<string, unknown>>;

export class TorchPeer {
  private readonly answers: AsyncIterator<string>;
  private stderr = '';
  private failure?: Error;

  private constructor(
    private readonly process: ChildProcess,
    private readonly python: string,
  ) {
    this.answers = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
    process.stderr!.on('data', (text: Buffer) => (this.stderr = (this.stderr + text.toString()).slice(-4000)));
    process.on('error', (error) => (this.failure = error));
    process.stdin!.on('error', () => undefined); // an end of the process shows as an end of its answers
  }

  /**
   * Starts an interpreter and reads what its PyTorch is.
   *
   * @throws {ConfigError} `BENCH_PYTHON` if there is no such program or it has no PyTorch
   */
  static async start({ python, threads, tuned, compiles }: TorchOptions): Promise<{ peer: TorchPeer; description: TorchDescription }> {
    const env: NodeJS.ProcessEnv = { ...process.env, OMP_NUM_THREADS: String(threads), RETROPLUME_PEER_COMPILES: compiles ? '1' : '' };
    // Of our own library, and not what a user of PyTorch would set.
    delete env.OMP_WAIT_POLICY;
    delete env.GLIBC_TUNABLES;
    if (tuned) env.GLIBC_TUNABLES = KEEP_MEMORY;
    const peer = new TorchPeer(spawn(python, [SCRIPT, String(threads)], { stdio: ['pipe', 'pipe', 'pipe'], env }), python);
    const description = (await peer.answer()) as unknown as TorchDescription;
    return { peer, description };
  }

  /** Sends a message and waits for its answer. @throws {DeviceError} `BENCH_PEER_FAILED` with what PyTorch says */
  async ask(message: Message): Promise<Message> {
    this.process.stdin!.write(`${JSON.stringify(message)}\n`);
    const answer = await this.answer();
    if (answer.error !== undefined) throw new DeviceError('BENCH_PEER_FAILED', `PyTorch (${this.python}): ${answer.error as string}`);
    return answer;
  }

  /** Ends the process, and waits for that. */
  async stop(): Promise<void> {
    this.process.stdin!.end();
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
  }

  private async answer(): Promise<Message> {
    const line = await this.answers.next();
    if (line.done !== true) return JSON.parse(line.value) as Message;
    const missing = this.failure ?? /ModuleNotFoundError: (No module named '(?:torch|numpy)')/.exec(this.stderr)?.[1];
    const reason = this.failure?.message ?? this.stderr.trim().split('\n').at(-1) ?? '';
    if (missing) {
      throw new ConfigError(
        'BENCH_PYTHON',
        `--python ${this.python}: expected an interpreter with PyTorch and NumPy but the system says "${reason}"`,
      );
    }
    throw new DeviceError('BENCH_PEER_FAILED', `PyTorch (${this.python}) ended before it answered, perhaps for want of memory: "${reason}"`);
  }
}

/** Gives arrays to a peer. */
export function writeArrays(folder: string, arrays: Iterable<readonly [string, Float32Array]>): void {
  for (const [name, data] of arrays) writeFileSync(join(folder, `${name}.bin`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** An array that a peer has written. */
export function readPeerArray(folder: string, name: string): Float32Array {
  const bytes = readFileSync(join(folder, `${name}.peer.bin`));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
