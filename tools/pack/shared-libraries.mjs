// The shared libraries that addons need, without those of the C library, which has to be the target's own.
import { spawnSync } from 'node:child_process';

const C_LIBRARY = /^(ld-linux.*|linux-vdso|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec|BrokenLocale|thread_db|nss_.*))\.so/;
/** Drivers of GPUs, which belong to the machine that runs. */
const OF_THE_MACHINE = /^lib(cuda|nvidia)/;

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
