// The retroplume command as one file. By itself it is some hundreds, which a process looks up and opens one after the other before it does anything; on a
// disk that a whole cluster shares, and with many processes that start at once, that takes longer than much of what is asked for.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** Loaded when they are needed, if at all, out of node_modules: they bring libraries or files of their own, or are large. */
const APART = ['@duckdb/*', '@resvg/*', 'echarts', 'onnxruntime-node', 'protobufjs'];

const OWN = /packages\/\w+\/dist\/.*\.js$/;

/** What a module finds beside itself (templates, programs that it starts, addons) it still finds there: it is told where it was. */
function places(file) {
  return {
    name: 'places',
    setup: ({ onLoad }) =>
      onLoad({ filter: OWN }, ({ path }) => {
        const contents = readFileSync(path, 'utf8').replaceAll('__dirname', 'ownFolder').replaceAll('__filename', 'ownFile');
        if (!/ownFolder|ownFile/.test(contents)) return { contents };
        const own = `const ownFile = require('node:path').join(__dirname, ${JSON.stringify(relative(dirname(file), path))}), ownFolder = require('node:path').dirname(ownFile);`;
        return { contents: contents.replace(/^((?:#!.*\n)?"use strict";)?/, (head) => head + own) };
      }),
  };
}

/** Writes the command of which `entry` is compiled, with all that it imports, as `file`. */
export async function writeOneFile(entry, file) {
  await build({
    entryPoints: [entry],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: APART,
    supported: { 'dynamic-import': false }, // `import()` of them looks for their exports first; code that V8 kept cannot call it
    legalComments: 'none', // the licences lie in node_modules, as they were
    logLevel: 'silent',
    minifyWhitespace: true,
    plugins: [places(file)],
  });
}

/** Writes the command of a package that is laid out as the clone, `folder`, as the one file `packages/cli/dist/main.js` in the place of what is there. */
export async function intoOneFile(folder) {
  const file = join(folder, 'packages/cli/dist/main.js');
  await writeOneFile(file, file);
}
