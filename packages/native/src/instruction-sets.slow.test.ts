import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';

/**
 * The addon has to load and to choose on a processor without AVX: outside the kernels of an instruction set, no function may use its registers. A table
 * compiled with them, or an inline function of which the linker kept the wrong copy, is a crash (SIGILL) that the machine it was built on never sees.
 */
test('only the kernels of an instruction set use its registers', () => {
  const addon = join(dirname(__dirname), 'build', 'Release', 'retroplume.node');
  if (process.arch !== 'x64') return;
  const listing = execFileSync('objdump', ['-d', '--no-show-raw-insn', addon], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  const users: Record<'ymm' | 'zmm', Set<string>> = { ymm: new Set(), zmm: new Set() };
  let name = '';
  for (const line of listing.split('\n')) {
    name = /^[0-9a-f]+ <(.*)>:$/.exec(line)?.[1] ?? name;
    if (line.includes('%ymm')) users.ymm.add(name);
    if (line.includes('%zmm')) users.zmm.add(name);
  }
  const outside = (names: Set<string>, namespace: RegExp): string[] =>
    [...names].filter((each) => !namespace.test(each) || each.includes('cpuTable'));
  expect(users.zmm.size).toBeGreaterThan(20);
  expect(outside(users.zmm, /retroplume(6avx512|3amx)/)).toEqual([]);
  expect(outside(users.ymm, /retroplume(4avx2|6avx512|3amx)/)).toEqual([]);
});
