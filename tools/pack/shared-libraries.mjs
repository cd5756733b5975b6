// The shared libraries that addons need, without those of the C library, which has to be the target's own.
import { spawnSync } from 'node:child_process';

const C_LIBRARY = /^(ld-linux.*|linux-vdso|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec|BrokenLocale|thread_db|nss_.*))\.so/;
/** MPI and GPU drivers belong to the machine that runs; another one's would not know its network or its cards. */
const OF_THE_MACHINE = /^lib(mpi|open-rte|open-pal|pmix|prrte|ucp|ucs|uct|ucm|fabric|psm|ibverbs|rdmacm|cuda|nccl|nvidia)/;

/** [{ soname, path }], each once. */
export function sharedLibraries(files) {
  const found = new Map();
  for (const file of files) {
    const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' });
    for (const [, soname, path] of (stdout ?? '').matchAll(/^\s*(\S+) => (\/\S+) \(0x/gm)) {
      if (!C_LIBRARY.test(soname) && !OF_THE_MACHINE.test(soname)) found.set(soname, path);
    }
  }
  return [...found].map(([soname, path]) => ({ soname, path }));
}
