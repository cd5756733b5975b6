import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * glibc gives large blocks back to the system after every use and takes page faults for them again, which slows PyTorch by up to 1.9; with these
 * tunables it keeps them. Without this the peer would look slower than it is.
 */
const KEEP_MEMORY = 'glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=268435456';

/** A PyTorch process that is spoken to in JSON lines: see torch_peer.py. */
export class Peer {
  #process;
  #lines;

  /**
   * @param {string} python - an interpreter that has PyTorch and NumPy
   * @param {number} threads
   */
  static async start(python, threads) {
    const peer = new Peer(python, threads);
    const { version } = await peer.#answer();
    return Object.assign(peer, { version });
  }

  constructor(python, threads) {
    const script = new URL('torch_peer.py', import.meta.url).pathname;
    this.#process = spawn(python, [script, String(threads)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads), GLIBC_TUNABLES: KEEP_MEMORY },
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the PyTorch peer ended before it answered: see its message above');
    return JSON.parse(value);
  }

  /** @param {object} message */
  ask(message) {
    this.#process.stdin.write(`${JSON.stringify(message)}\n`);
    return this.#answer();
  }

  stop() {
    this.#process.stdin.end();
  }
}
