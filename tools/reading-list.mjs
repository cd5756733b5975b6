// What a newcomer has before him: `node tools/reading-list.mjs [--list]` prints how many sources `retroplume invert` loads, and how many one must read to follow
// it to a kernel. A file is loaded where a value is imported from it, from the command's main.ts on; an `import()` in a function counts where `invert` may come by it.
// A file is to be read where a function in it lies on a way of calls from the command to NativeProgram.run, or is used by one that does; a call of an interface's
// method may go to each that implements it and has been made, and of stages to the one that was asked for alone.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const COMMAND = 'invert';
const MAIN = 'packages/cli/src/main.ts';
/** What the command line calls for a stage, and what runs kernels. */
const [START, KERNEL] = ['runNamed', 'NativeProgram.run'];

function sourcesBelow(root) {
  const below = (folder) => readdirSync(join(root, folder), { recursive: true }).map((path) => join(root, folder, path));
  const packages = readdirSync(join(root, 'packages')).sort();
  return packages
    .flatMap((name) => below(`packages/${name}/src`))
    .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\.cases\.ts$|\/testing\//.test(path));
}

function programOf(root) {
  const options = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    esModuleInterop: true,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(import.meta.dirname, '../node_modules/@types')],
    baseUrl: root,
    paths: { '@retroplume/core/*': ['packages/core/src/entries/*'], '@retroplume/*': ['packages/*/src'] },
  };
  return ts.createProgram(sourcesBelow(root), options);
}

const isFunction = (node) => node !== undefined && (ts.isArrowFunction(node) || ts.isFunctionExpression(node));

/** Calls between the functions of all sources; what stands in a function belongs to the outermost, but for those of an object at the top of a file, which are apart. */
export class CallGraph {
  constructor(root) {
    this.root = root;
    this.program = programOf(root);
    this.checker = this.program.getTypeChecker();
    this.sources = sourcesBelow(root).map((path) => this.program.getSourceFile(path));
    /** by declaration: `{ file, name, parts, calls }`; a call may need another function to have been called, that makes the object */
    this.functions = new Map();
    /** by the declaration of an interface's or base class's member: what implements it, each with what makes the object */
    this.implementations = new Map();
    for (const source of this.sources) for (const statement of source.statements) this.declare(source, statement);
    for (const source of this.sources) this.findImplementations(source);
    for (const each of new Set(this.functions.values())) for (const part of each.parts) this.findCalls(each, part);
  }

  add(source, name, declaration, parts) {
    this.functions.set(declaration, { file: relative(this.root, source.fileName), name, parts, calls: new Map() });
  }

  declare(source, statement) {
    if (ts.isFunctionDeclaration(statement) && statement.name) this.add(source, statement.name.text, statement, [statement]);
    if (ts.isClassDeclaration(statement)) {
      const own = (member) =>
        ts.isMethodDeclaration(member) || ts.isAccessor(member) || (ts.isPropertyDeclaration(member) && isFunction(member.initializer));
      // A constructor's: with the values of properties, and the class above.
      const heritage = statement.heritageClauses?.filter(({ token }) => token === ts.SyntaxKind.ExtendsKeyword) ?? [];
      this.add(source, statement.name.text, statement, [...heritage, ...statement.members.filter((member) => !own(member))]);
      for (const member of statement.members.filter(own)) this.add(source, `${statement.name.text}.${member.name.getText()}`, member, [member]);
    }
    if (!ts.isVariableStatement(statement)) return;
    for (const declaration of statement.declarationList.declarations) {
      const name = declaration.name.getText();
      const value = declaration.initializer && ts.skipOuterExpressions(declaration.initializer);
      const isOwn = (property) => ts.isMethodDeclaration(property) || isFunction(property.initializer);
      const properties = value && ts.isObjectLiteralExpression(value) ? value.properties : [];
      for (const property of properties.filter(isOwn)) this.add(source, `${name}.${property.name.getText()}`, property, [property]);
      const rest = properties.length > 0 ? properties.filter((property) => !isOwn(property)) : [declaration.initializer].filter(Boolean);
      this.add(source, name, declaration, rest);
    }
  }

  /** The function in which a node stands, or undefined. */
  around(node) {
    for (let each = node; each; each = each.parent) if (this.functions.has(each)) return this.functions.get(each);
    return undefined;
  }

  declarationsOf(symbol) {
    const own = symbol && symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
    return own?.declarations ?? [];
  }

  /** The function that a property of an object is given: one in place, or a name of one. */
  valueOf(property) {
    if (ts.isMethodDeclaration(property) || isFunction(property.initializer)) return this.around(property);
    const { checker } = this;
    const symbol = ts.isShorthandPropertyAssignment(property)
      ? checker.getShorthandAssignmentValueSymbol(property)
      : property.initializer && checker.getSymbolAtLocation(property.initializer);
    const found = this.declarationsOf(symbol).find(
      (each) => this.functions.has(each) || ts.isFunctionDeclaration(each) || isFunction(each.initializer),
    );
    return found && this.around(found);
  }

  implement(symbol, own, maker) {
    const isCalled = (each) => this.checker.getNonNullableType(this.checker.getTypeOfSymbol(each)).getCallSignatures().length > 0;
    if (!symbol || !own || !isCalled(symbol)) return;
    for (const declaration of symbol.declarations ?? []) {
      if (!this.implementations.has(declaration)) this.implementations.set(declaration, new Map());
      this.implementations.get(declaration).set(own, maker);
    }
  }

  findImplementations(node) {
    if (ts.isObjectLiteralExpression(node)) {
      const type = this.checker.getContextualType(node);
      const types = type?.isUnion() ? type.types : type ? [type] : [];
      for (const property of node.properties) {
        const name = property.name?.text;
        if (name !== undefined) for (const each of types) this.implement(each.getProperty(name), this.valueOf(property), this.around(node));
      }
    }
    if (ts.isClassDeclaration(node)) {
      for (const base of node.heritageClauses?.flatMap(({ types }) => types) ?? []) {
        const type = this.checker.getTypeAtLocation(base);
        for (const member of node.members)
          if (member.name) this.implement(type.getProperty(member.name.getText()), this.functions.get(member), this.functions.get(node));
      }
    }
    ts.forEachChild(node, (child) => this.findImplementations(child));
  }

  /** What a function names it may call. */
  findCalls(caller, node) {
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return;
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const isShorthand = ts.isShorthandPropertyAssignment(node.parent);
      const symbol = isShorthand ? this.checker.getShorthandAssignmentValueSymbol(node.parent) : this.checker.getSymbolAtLocation(node);
      for (const declaration of this.declarationsOf(symbol)) {
        const called = this.functions.get(ts.isConstructorDeclaration(declaration) ? declaration.parent : declaration);
        if (called) caller.calls.set(called, undefined);
        for (const [each, maker] of this.implementations.get(declaration) ?? []) if (!caller.calls.has(each)) caller.calls.set(each, maker);
      }
    }
    ts.forEachChild(node, (child) => this.findCalls(caller, child));
  }

  named(name) {
    const found = [...this.functions.values()].filter((each) => each.name === name);
    if (found.length === 0) throw new Error(`there is no function ${name} in packages/*/src`);
    return found;
  }

  /** Functions that a command may come by; of stages its own alone runs. */
  on(command) {
    const seen = new Set(this.named(START));
    const waiting = new Map();
    const meet = (each, maker) => {
      if (/Stage\.(run|refuse|damaged)$/.test(each.name) && !each.name.startsWith(`${command}Stage.`)) return;
      if (maker === undefined || seen.has(maker)) seen.add(each);
      else waiting.set(maker, [...(waiting.get(maker) ?? []), each]);
    };
    for (const each of seen) {
      for (const [called, maker] of each.calls) meet(called, maker);
      for (const other of waiting.get(each) ?? []) meet(other);
    }
    return seen;
  }
}

/** Files with functions on a way from a command to a kernel, and with what these use. */
export function readingList(graph, command = COMMAND) {
  const forward = graph.on(command);
  const callers = new Map([...forward].map((each) => [each, []]));
  for (const each of forward) for (const called of each.calls.keys()) callers.get(called)?.push(each);
  const backward = new Set(graph.named(KERNEL));
  for (const each of backward) for (const caller of callers.get(each) ?? []) backward.add(caller);
  const way = [...forward].filter((each) => backward.has(each));
  const called = way.flatMap(({ calls }) => [...calls.keys()]).filter((each) => forward.has(each));
  const filesOf = (functions) => [...new Set(functions.map(({ file }) => file))].sort();
  return { way: filesOf(way), all: filesOf([...way, ...called]) };
}

const isTypeOnly = (clause, named) =>
  clause?.isTypeOnly || (named?.elements?.length > 0 && !clause.name && named.elements.every((each) => each.isTypeOnly));

/** The modules that a source loads, each with the function that loads it, if it is not loaded with the source. */
function loadsOf(graph, source) {
  const found = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node) && !isTypeOnly(node.importClause, node.importClause?.namedBindings)) found.push({ text: node.moduleSpecifier });
    if (ts.isExportDeclaration(node) && node.moduleSpecifier && !isTypeOnly(node, node.exportClause)) found.push({ text: node.moduleSpecifier });
    const isImport = ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require');
    if (isImport) found.push({ text: node.arguments[0], by: graph.around(node) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Files that a command loads. */
export function loadedFiles(graph, command = COMMAND) {
  const called = graph.on(command);
  const first = [MAIN, ...graph.named(START).map(({ file }) => file)].map((path) => join(graph.root, path));
  const seen = new Set(first);
  const known = new Set(graph.sources.map(({ fileName }) => fileName));
  for (const path of seen) {
    for (const { text, by } of loadsOf(graph, graph.program.getSourceFile(path))) {
      if (by && !called.has(by)) continue;
      const [target] = graph.checker.getSymbolAtLocation(text)?.declarations ?? [];
      if (target && known.has(target.getSourceFile().fileName)) seen.add(target.getSourceFile().fileName);
    }
  }
  return [...seen].map((path) => relative(graph.root, path)).sort();
}

function told(files, root) {
  const lines = files.reduce((sum, path) => sum + readFileSync(join(root, path), 'utf8').split('\n').length - 1, 0);
  return `${files.length} files, ${lines} lines`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [root = join(import.meta.dirname, '..')] = process.argv.slice(2).filter((word) => word !== '--list');
  const graph = new CallGraph(resolve(root));
  const loaded = loadedFiles(graph);
  const { way, all } = readingList(graph);
  const list = (files) => (process.argv.includes('--list') ? files.map((path) => `\n  ${way.includes(path) ? '* ' : '  '}${path}`).join('') : '');
  console.log(`loaded by ${COMMAND}: ${told(loaded, graph.root)}${list(loaded)}`);
  console.log(`to read from ${COMMAND} to a kernel: ${told(all, graph.root)} (on the way itself, marked *: ${told(way, graph.root)})${list(all)}`);
}
