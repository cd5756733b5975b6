// An ESLint rule for the directions of docs/dev/architecture.md: cli → core → native, and inside core later rooms use earlier ones only.
// It looks at the text of imports and exports, so types count too and nothing has to be built.
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Packages, lowest first. */
export const PACKAGES = ['native', 'core', 'cli'];

/** Rooms of core, lowest first. Above all lie `entries`, one file a part of the library that can be imported by itself, and the one file beside them, index.ts. */
export const ROOMS = [
  'base',
  'units',
  'grid',
  'files',
  'observations',
  'weather',
  'columns',
  'fields',
  'case',
  'inventory',
  'graph',
  'nn',
  'surrogate',
  'transport',
  'worlds',
  'inversion',
  'assimilation',
  'report',
  'bench',
  'run',
];

/** Not a matter of order: the inversion knows a forward model's interface, never the surrogate behind it. */
const FORBIDDEN = { inversion: ['graph', 'nn', 'surrogate'] };

/** `{ pkg, room }` of a file; room '' for the files directly in src, undefined where the file is in no package. */
function placeOf(path) {
  const [top, pkg, , room = '', ...rest] = relative(root, path).split(sep);
  if (top !== 'packages') return {};
  return rest.length > 0 || ROOMS.includes(room) ? { pkg, room, file: rest.join('/') } : { pkg, room: '', file: room };
}

/** Whether a package offers `/name` as a part of it that can be imported by itself. */
function isEntry(pkg, name) {
  return existsSync(join(root, 'packages', pkg, 'src/entries', `${name}.ts`));
}

function targetOf(source, importer) {
  const named = /^@retroplume\/(\w+)(\/.*)?$/.exec(source);
  if (named) return { pkg: named[1], named: true, deep: named[2] !== undefined && !isEntry(named[1], named[2]) };
  return source.startsWith('.') ? placeOf(resolve(dirname(importer), source)) : {};
}

/** Why `importer` may not import `source`, or undefined if it may. */
export function breach(importer, source) {
  const from = placeOf(importer);
  const to = targetOf(source, importer);
  if (to.pkg === undefined) return undefined;
  if (to.deep) return `${source} goes past the public entries of ${to.pkg}: import @retroplume/${to.pkg}, or one of packages/${to.pkg}/src/entries`;
  if (from.pkg === undefined) return undefined;
  if (to.pkg !== from.pkg) {
    if (!to.named) return `${source} reaches into package ${to.pkg} by its path: import @retroplume/${to.pkg}`;
    return PACKAGES.indexOf(to.pkg) < PACKAGES.indexOf(from.pkg)
      ? undefined
      : `package ${from.pkg} may not import ${to.pkg}: the direction is cli → core → native`;
  }
  if (to.named) return `package ${from.pkg} imports itself by name: use a relative path`;
  if (from.pkg !== 'core' || from.room === to.room) return undefined;
  if (importer.endsWith('.test.ts')) return undefined; // nothing imports a test
  if (from.room === 'entries') return undefined;
  if (from.room === '') return from.file.startsWith('index.') ? undefined : `core/src/${from.file} lies in no room: give it one`;
  if (to.room === 'entries') return 'a room may not import a public entry of its own package';
  if (to.room === '') return to.file.startsWith('index') ? 'a room may not import the public entry of its own package' : undefined;
  const [below, above] = [ROOMS.indexOf(to.room), ROOMS.indexOf(from.room)];
  if (below < 0 || above < 0) return `room ${below < 0 ? to.room : from.room} has no place in the order of tools/lint/room-order.mjs: give it one`;
  if (below > above || FORBIDDEN[from.room]?.includes(to.room))
    return `room ${from.room} may not import ${to.room}: the order is ${ROOMS.join(' → ')}, and inversion knows no network`;
  return undefined;
}

/** Visitors that call `check(node, text)` for whatever names a module: imports, exports, types, calls. */
export function onImports(check) {
  const visit = (node) => {
    const source = node?.value ?? node?.literal?.value;
    if (typeof source === 'string') check(node, source);
  };
  return {
    ImportDeclaration: (node) => visit(node.source),
    ExportNamedDeclaration: (node) => visit(node.source),
    ExportAllDeclaration: (node) => visit(node.source),
    ImportExpression: (node) => visit(node.source),
    TSImportType: (node) => visit(node.source ?? node.argument),
    TSExternalModuleReference: (node) => visit(node.expression),
    CallExpression: (node) => node.callee.name === 'require' && visit(node.arguments[0]),
  };
}

/** @type {import('eslint').Rule.RuleModule} */
export const roomOrder = {
  meta: { type: 'problem', schema: [], messages: { breach: '{{why}}' } },
  create(context) {
    return onImports((node, source) => {
      const why = breach(context.filename, source);
      if (why !== undefined) context.report({ node, messageId: 'breach', data: { why } });
    });
  },
};
