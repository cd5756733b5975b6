/** The built declarations of @retroplume/core, as a program that depends on it alone meets them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as ts from 'typescript';

const packages = join(__dirname, '../packages');
const program = ts.createProgram([join(packages, 'core/dist/index.d.ts')], {
  noEmit: true,
  strict: true,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'], // not of a browser
  types: ['node'],
});
const checker = program.getTypeChecker();
const index = program.getSourceFile(join(packages, 'core/dist/index.d.ts'))!;
const isOurs = (file: ts.SourceFile): boolean => file.fileName.startsWith(packages + sep);

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** What a module exports, and what its namespaces do. */
function exportsOf(module: ts.Symbol): ts.Symbol[] {
  const own = checker.getExportsOfModule(module).map(resolved);
  return own.flatMap((symbol) => (symbol.flags & ts.SymbolFlags.ValueModule ? exportsOf(symbol) : [symbol]));
}

const isInternal = (node: ts.Node): boolean =>
  ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal') ||
  (ts.canHaveModifiers(node) && !!ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword));

/** Types of ours that a declaration names: not in its private and `@internal` parts, nor one of which only a member's type is taken. */
function namedIn(node: ts.Node): ts.Symbol[] {
  if (isInternal(node) || ts.isIndexedAccessTypeNode(node)) return [];
  const name = ts.isTypeReferenceNode(node) ? node.typeName : ts.isExpressionWithTypeArguments(node) ? node.expression : undefined;
  const symbol = name && checker.getSymbolAtLocation(name);
  const found = symbol ? [resolved(symbol)] : [];
  node.forEachChild((child) => void found.push(...namedIn(child)));
  return found.filter(
    ({ flags, declarations }) => !(flags & ts.SymbolFlags.TypeParameter) && declarations?.some((each) => isOurs(each.getSourceFile())),
  );
}

it('compile without skipLibCheck', () => {
  const found = ts.getPreEmitDiagnostics(program);
  expect(found.map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)).toEqual([]);
});

it.each([ts.ModuleResolutionKind.Node16, ts.ModuleResolutionKind.Bundler])(
  'of each part are found, and of nothing else (resolution %j)',
  (moduleResolution) => {
    const from = join(packages, '../test/program.ts');
    const find = (name: string): string | undefined => {
      const { resolvedModule } = ts.resolveModuleName(`@retroplume/core${name}`, from, { moduleResolution }, ts.sys);
      return resolvedModule && relative(packages, resolvedModule.resolvedFileName);
    };
    const entries = readdirSync(join(packages, 'core/src/entries'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    expect(entries.length).toBeGreaterThan(15);
    for (const entry of entries) expect(find(`/${entry.slice(0, -3)}`)).toBe(join('core/dist/entries', entry.replace(/ts$/, 'd.ts')));
    expect(find('')).toBe('core/dist/index.d.ts');
    expect(['/grid/grid', '/base/errors', '/dist/base/errors', '/dist/base/errors.js'].map(find)).toEqual(Array(4).fill(undefined));
  },
);

it('take types from nothing that npm does not install with it', () => {
  const needed = ['core', 'native'].flatMap((name) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as { dependencies?: object };
    return Object.keys(dependencies);
  });
  const files = program.getSourceFiles().filter(isOurs);
  expect(files.length).toBeGreaterThan(50);
  const taken = files.flatMap(({ text }) => ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName));
  expect([...new Set(taken)].filter((name) => !/^(\.|node:)/.test(name) && !needed.includes(name))).toEqual([]);
});

it('name no type that cannot be imported', () => {
  const exported = new Set(exportsOf(checker.getSymbolAtLocation(index)!));
  expect(exported.size).toBeGreaterThan(100);
  const missing = [...exported].flatMap((symbol) =>
    (symbol.declarations ?? [])
      .flatMap(namedIn)
      .filter((named) => !exported.has(named))
      .map((named) => `${named.name} of ${symbol.name}`),
  );
  expect([...new Set(missing)].sort()).toEqual([]);
});

it('say what each function, class and method is', () => {
  const told = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0;
  const isCalled = ({ flags }: ts.Symbol): boolean => (flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class | ts.SymbolFlags.Method)) !== 0;
  const methodsOf = (symbol: ts.Symbol): ts.Symbol[] =>
    symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)
      ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).filter(({ declarations }) => !declarations?.some(isInternal))
      : [];
  const called = exportsOf(checker.getSymbolAtLocation(index)!)
    .flatMap((symbol) => [symbol, ...methodsOf(symbol)])
    .filter((symbol) => isCalled(symbol) && symbol.declarations?.every((declaration) => isOurs(declaration.getSourceFile())));
  expect(called.length).toBeGreaterThan(200);
  const silent = called.filter((symbol) => !told(symbol)).map((symbol) => `${checker.getFullyQualifiedName(symbol).replace(/^".*"\./, '')}`);
  expect(silent).toEqual([]);
});
