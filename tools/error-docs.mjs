// Writes docs/errors.md from the errors that the source throws: every code with its class, exit code and sentence, so that the page cannot go stale.
// `node tools/error-docs.mjs` writes the page, `--check` only says whether it is up to date (exit code 1 if not).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { nativeErrors } from './native-errors.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = join(root, 'docs/errors.md');
const SOURCES = ['packages/core/src', 'packages/cli/src'];
const NATIVE = ['packages/native/src'];
/** Where classes of the error family stand. */
const CLASS_FILES = ['packages/core/src/base/errors.ts', 'packages/core/src/graph/definition/graph.ts'];

function sourceFiles(folders) {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/(^|\/)testing\//.test(name))
        .map((name) => join(folder, name)),
    )
    .sort();
}

const parse = (path) => ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.ES2022, true);

function visit(node, call) {
  call(node);
  node.forEachChild((child) => visit(child, call));
}

/** Name → { exitCode, when } of the classes of the error family. */
function classes() {
  const found = new Map();
  for (const file of CLASS_FILES)
    visit(parse(file), (node) => {
      if (!ts.isClassDeclaration(node) || !node.name?.text.endsWith('Error') || node.name.text === 'RetroplumeError') return;
      const exit = node.members.find((member) => ts.isPropertyDeclaration(member) && member.name.getText() === 'exitCode');
      const when = (ts.getJSDocCommentsAndTags(node)[0]?.comment ?? '').replace(/\s+/g, ' ');
      found.set(node.name.text, { exitCode: Number(exit.initializer.getText()), when });
    });
  return found;
}

/** The texts that an expression may be, with … for what is filled in; undefined where it is not written out. */
function texts(node) {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('')];
  if (ts.isConditionalExpression(node)) return [...(texts(node.whenTrue) ?? []), ...(texts(node.whenFalse) ?? [])];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [texts(node.left) ?? ['…'], texts(node.right) ?? ['…']];
    return left.flatMap((first) => right.map((second) => first + second));
  }
  if (ts.isCallExpression(node)) return textsOfCall(node);
  if (ts.isIdentifier(node)) {
    const declared = declarationOf(node);
    return declared?.initializer ? texts(declared.initializer) : undefined;
  }
  return undefined;
}

/** What a function of the same file gives that does nothing but return. */
function textsOfCall({ expression }) {
  if (!ts.isIdentifier(expression)) return undefined;
  const declared = expression
    .getSourceFile()
    .statements.find((statement) => ts.isFunctionDeclaration(statement) && statement.name?.text === expression.text);
  const returned = declared?.body?.statements.at(-1);
  return returned && ts.isReturnStatement(returned) && returned.expression ? texts(returned.expression) : undefined;
}

/** The variable of that name in the functions and blocks around it. */
function declarationOf(identifier) {
  for (let scope = identifier.parent; scope; scope = scope.parent) {
    const statements = scope.statements ?? scope.body?.statements;
    for (const statement of statements ?? []) {
      if (!ts.isVariableStatement(statement)) continue;
      const found = statement.declarationList.declarations.find(({ name }) => ts.isIdentifier(name) && name.text === identifier.text);
      if (found) return found;
    }
  }
  return undefined;
}

/** [{ code, className, sentence, file }] of every `new …Error('CODE', …)`. */
export function thrownErrors() {
  const family = classes();
  return errorsOf(SOURCES, (name) => family.has(name));
}

/** Of classes with a name that `isWanted`. */
function errorsOf(folders, isWanted) {
  return sourceFiles(folders).flatMap((path) => {
    const found = [];
    visit(parse(path), (node) => {
      if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression) || !isWanted(node.expression.text)) return;
      const [code, message] = node.arguments ?? [];
      const sentences = (message && texts(message)) ?? [];
      for (const text of (code && texts(code)) ?? []) {
        const at = { code: text, className: node.expression.text, file: relative('packages', path) };
        for (const sentence of sentences.length > 0 ? sentences : ['']) found.push({ ...at, sentence: sentence.replace(/\s+/g, ' ').trim() });
      }
    });
    return found;
  });
}

/** `Object.assign(new Error(sentence), { code })`, as native's TypeScript throws them. */
function assignedErrors() {
  return sourceFiles(NATIVE).flatMap((path) => {
    const found = [];
    visit(parse(path), (node) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== 'Object.assign') return;
      const [error, fields] = node.arguments;
      if (!ts.isNewExpression(error) || !ts.isObjectLiteralExpression(fields)) return;
      const code = fields.properties.find((property) => ts.isPropertyAssignment(property) && property.name.getText() === 'code');
      const [sentence = ''] = (error.arguments?.[0] && texts(error.arguments[0])) ?? [];
      for (const text of (code && texts(code.initializer)) ?? []) found.push({ code: text, sentence, file: relative('packages', path) });
    });
    return found;
  });
}

/** One row for each code. */
function table(errors) {
  const rows = [...new Set(errors.map(({ code }) => code))].sort().map((code) => {
    const own = errors.filter((each) => each.code === code);
    const sentences = [...new Set(own.map(({ sentence }) => sentence))].filter((sentence) => sentence.length > 12);
    const files = [...new Set(own.map(({ file }) => file))];
    const shown = sentences.map((sentence) => sentence.replaceAll('|', '\\|')).join('<br>') || `see ${files.join(', ')}`;
    return `| \`${code}\` | ${shown} |`;
  });
  return `| code | what it says |\n|---|---|\n${rows.join('\n')}\n`;
}

const ADDONS = `
## Of the addons

What the native modules throw. What is amiss with the machine ends with exit code 4: \`ADDON_…\`, \`CUDA_FAILED\`, \`DEVICE_…\`, \`ISA_…\`, \`MPI_…\`, \`OUT_OF_MEMORY\` and \`TRANSPORT_NO_MEMORY\`. Those that tell of
inputs come with the file, the hour or the key before them, as one of the errors above. The others mean a mistake in a call of the library.

`;

const INTRODUCTION = `# Errors

*Generated by \`node tools/error-docs.mjs\` from the source; do not edit.*

An error is one sentence on stderr, \`retroplume: CODE: what is wrong: what to do\`, and with \`--json\` also \`{"error": {"code", "message"}}\` on stdout. The code is
stable; the sentence names the file, variable, hour or key. \`--verbose\` adds where in the program it came from. \`retroplume check CASE\` tells all that is wrong with a
case at once, \`retroplume inspect FILE\` what is odd about a file. Below stand the sentences as the source has them, … for what is filled in; a code may have several.

Two codes come from the command line itself: \`CLI_USAGE\` (exit code 2, the command line is wrong) and \`UNEXPECTED\` (1, a fault of Retroplume: please report it). One
stands in the run folder's \`failure.json\` alone: \`JOB_ENDED\`, for a job that ended without a word of the program (killed for memory, a lost node), with its exit code and log.
`;

export function errorsPage() {
  const family = classes();
  const thrown = thrownErrors();
  const sections = [...family].flatMap(([name, { exitCode, when }]) => {
    const own = thrown.filter(({ className }) => className === name);
    if (own.length === 0) return [];
    return [`\n## ${name}: exit code ${exitCode}\n\n${when}\n\n${table(own)}`];
  });
  const ofAddons = [...errorsOf(NATIVE, (name) => name === 'AddonError'), ...assignedErrors(), ...nativeErrors()];
  return INTRODUCTION + sections.join('') + ADDONS + table(ofAddons);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = errorsPage();
  if (process.argv.includes('--check')) {
    if (readFileSync(page, 'utf8') !== text) {
      console.error('docs/errors.md is not what the source says: run node tools/error-docs.mjs');
      process.exitCode = 1;
    }
  } else writeFileSync(page, text);
}
