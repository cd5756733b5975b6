import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

describe('docs/errors.md', () => {
  it('is what the source says (node tools/error-docs.mjs)', () => {
    expect(() => execFileSync(process.execPath, [join(root, 'tools/error-docs.mjs'), '--check'], { stdio: 'pipe' })).not.toThrow();
  });

  // By text, where the generator goes by the syntax tree.
  it('has every code that an error of core or cli is made with', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
    const sources = ['packages/core/src', 'packages/cli/src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
        .map((name) => readFileSync(join(root, folder, name), 'utf8')),
    );
    const codes = new Set(sources.flatMap((text) => [...text.matchAll(/new [A-Z]\w*Error\(\s*'([A-Z][A-Z0-9_]+)'/g)].map(([, code]) => code)));
    expect(codes.size).toBeGreaterThan(80);
    expect([...codes].filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  it('has every code of the addons, and that of a job', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
    const native = readdirSync(join(root, 'packages/native/src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(cc|cu|h)$/.test(name) && !/^(netcdf|bench)\/|(^|\/)testing\//.test(name))
      .map((name) => readFileSync(join(root, 'packages/native/src', name), 'utf8'))
      .flatMap((text) => [...text.matchAll(/(?:Error|refuse|fail)\((?:env, |[^"(),;]*\? )?"([A-Z]+_[A-Z_]+)"/g)].map(([, code]) => code));
    expect(new Set(native).size).toBeGreaterThan(25);
    const others = ['ADDON_MISSING', 'ADDON_BROKEN', 'CUDA_FAILED', 'DEVICE_OUT_OF_MEMORY', 'MPI_MISMATCH', 'NATIVE_FAILURE', 'JOB_ENDED'];
    expect([...native, ...others].filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
    expect(page).toContain('| `ISA_UNSUPPORTED` | isa: expected at most …, which this processor has, but received …: use auto |');
  });
});
