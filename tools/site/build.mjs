// Makes the site: the pages of docs/, README and CONTRIBUTING, and the library's API by TypeDoc, rendered by VitePress with a search that works offline.
// `npm run site -- [FOLDER]` (default build/site). The folder is served by any web server, from any path where BASE names it (`BASE=/retroplume/ npm run site`).
// VitePress and TypeDoc are installed into tools/site on the first call; after that no network is needed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopping } from '../setup/step.mjs';
import { installSitePackages } from '../setup/site-packages.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const staging = join(here, 'build/pages'); // here, where its Vue components find Vue
const target = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? join(root, 'build/site'));

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: here, encoding: 'utf8', ...options });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  process.stderr.write(`site: SITE_BUILD: ${command} ${args[0]} ended with ${status ?? error?.message}: what it said stands above\n`);
  process.exit(4);
}

/** Links to files that are no page (examples, sources) become their text: the site has no such files. */
function withoutSourceLinks(text) {
  return text.replace(/\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)/g, (link, label, path) => (/\.(md|png|svg)(#|$)/.test(path) ? link : label));
}

function copyPages() {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  cpSync(join(root, 'docs'), join(staging, 'docs'), { recursive: true });
  for (const page of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'])
    if (existsSync(join(root, page))) cpSync(join(root, page), join(staging, page));
  for (const page of readdirSync(staging, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))) {
    writeFileSync(join(staging, page), withoutSourceLinks(readFileSync(join(staging, page), 'utf8')));
  }
}

/** The library's parts, a page each. */
function writeApi() {
  const typedoc = join(here, 'node_modules/typedoc/bin/typedoc');
  const options = {
    plugin: [join(here, 'node_modules/typedoc-plugin-markdown/dist/index.js')],
    entryPoints: [join(root, 'packages/core/src/entries/**/*.ts')],
    tsconfig: join(root, 'packages/core/tsconfig.json'),
    out: join(staging, 'docs/api'),
    readme: 'none',
    name: 'API of @retroplume/core',
    entryFileName: 'index',
    outputFileStrategy: 'modules',
    excludeInternal: true,
    excludePrivate: true,
    hidePageHeader: true,
    useHTMLEncodedBrackets: true,
    disableSources: true,
    sanitizeComments: true,
    validation: false,
    logLevel: 'Error',
  };
  const file = join(here, 'build/typedoc.json');
  writeFileSync(file, JSON.stringify(options));
  run(process.execPath, [typedoc, '--options', file]);
}

await stopping(installSitePackages);
copyPages();
writeApi();
const made = `${target}.new`;
rmSync(made, { recursive: true, force: true });
run(process.execPath, [join(here, 'node_modules/vitepress/bin/vitepress.js'), 'build', here], {
  env: { ...process.env, SITE_PAGES: staging, SITE_OUT: made },
});
rmSync(target, { recursive: true, force: true });
renameSync(made, target);
console.log(`${target}: serve it with any web server, such as python3 -m http.server --directory ${target}`);
