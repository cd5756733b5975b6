// Two ESLint rules for the sources of a package: no circle of imports, types included, and no folder of core that nobody can take in at a glance.
// They read the text of all sources once, so that nothing has to be built.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { onImports } from './room-order.mjs';

/** Source files that a folder of core may hold, tests apart. */
export const MOST_FILES = 15;

const isSource = (path) => path.endsWith('.ts') && !path.endsWith('.test.ts');

/** `…/packages/NAME/src` of a source file; undefined for tests and what lies elsewhere. */
function sourcesOf(path) {
  return isSource(path) ? /^.*\/packages\/\w+\/src(?=\/)/.exec(path)?.[0] : undefined;
}

const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The file that an import means; undefined for other packages. */
function targetOf(importer, source) {
  if (!source.startsWith('.')) return undefined;
  const path = resolve(dirname(importer), source).replace(/\.js$/, ''); // import() has the ending
  return [path, `${path}.ts`, join(path, 'index.ts')].find(isFile);
}

const importsIn = (path, text) => ts.preProcessFile(text, true, true).importedFiles.flatMap(({ fileName }) => targetOf(path, fileName) ?? []);

/** What each source below a folder imports, without those that lead to no circle: where there is none, nothing. */
function circlesIn(folder) {
  const files = readdirSync(folder, { recursive: true }).filter(isSource);
  const graph = new Map(files.map((file) => [join(folder, file), importsIn(join(folder, file), readFileSync(join(folder, file), 'utf8'))]));
  for (let before; before !== graph.size;) {
    before = graph.size;
    for (const [file, targets] of graph) if (!targets.some((target) => graph.has(target))) graph.delete(file);
  }
  return graph;
}

const graphs = new Map();

/** The shortest way along imports from one file to another, both included; undefined if there is none. */
function wayBetween(graph, from, to) {
  const before = new Map([[from, undefined]]);
  for (const file of before.keys()) {
    if (file === to) {
      const way = [];
      for (let each = file; each !== undefined; each = before.get(each)) way.unshift(each);
      return way;
    }
    for (const next of graph.get(file) ?? []) if (!before.has(next)) before.set(next, file);
  }
  return undefined;
}

/** @type {import('eslint').Rule.RuleModule} */
export const importCircles = {
  meta: { type: 'problem', schema: [], messages: { circle: 'a circle of imports: {{files}}' } },
  create(context) {
    const { filename } = context;
    const folder = sourcesOf(filename);
    if (folder === undefined) return {};
    if (!graphs.has(folder)) graphs.set(folder, circlesIn(folder));
    const graph = graphs.get(folder);
    return onImports((node, source) => {
      const target = targetOf(filename, source);
      const way = target && wayBetween(graph, target, filename);
      if (way) context.report({ node, messageId: 'circle', data: { files: [filename, ...way].map((path) => relative(folder, path)).join(' → ') } });
    });
  },
};

/** @type {import('eslint').Rule.RuleModule} */
export const folderSize = {
  meta: { type: 'problem', schema: [], messages: { full: `{{folder}} holds {{count}} source files, more than ${MOST_FILES}: give some a folder` } },
  create(context) {
    const folder = dirname(context.filename);
    if (!sourcesOf(context.filename)?.endsWith('/core/src') || basename(folder) === 'testing') return {};
    const files = readdirSync(folder).filter(isSource).sort();
    // Once for a folder: of its last file.
    if (files.length <= MOST_FILES || basename(context.filename) !== files.at(-1)) return {};
    return { Program: (node) => context.report({ node, messageId: 'full', data: { folder: basename(folder), count: files.length } }) };
  },
};
