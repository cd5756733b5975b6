import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');

/** What the tools take from built modules: no compiler sees these names. */
function taken(): { tool: string; name: string; module: string }[] {
  const tools = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.mjs'));
  return tools.flatMap((tool) => {
    const text = readFileSync(join(__dirname, tool), 'utf8');
    const uses = text.matchAll(/const \{([^}]+)\} =\s+(?:await )?(?:inside|require|createRequire\(import\.meta\.url\))\((.+?)\)(?:;|\.)/g);
    return [...uses].flatMap(([, names, path]) => {
      const of = /^'([\w/-]+)'$/.exec(path) ?? /packages\/core\/dist\/([\w/-]+)\.js/.exec(path);
      const module = of ? join(root, 'packages/core/dist', `${of[1]}.js`) : undefined;
      return module ? names.split(',').map((name) => ({ tool, name: name.split(':')[0].trim(), module })) : [];
    });
  });
}

it('tools find what they take from the core', () => {
  const all = taken();
  expect(all.length).toBeGreaterThan(15);
  const missing = all.filter(({ name, module }) => !(name in jest.requireActual<object>(module)));
  expect(missing.map(({ tool, name, module }) => `${tool}: ${name} of ${module}`)).toEqual([]);
});
