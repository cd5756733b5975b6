/**
 * `node -r run-typescript.cjs FILE.ts`: lets a child process of a test run the sources, without a build. What the compiler makes of each is kept in build/transpiled,
 * for the next process: making it anew takes seconds.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const kept = join(__dirname, '../../../../../build/transpiled');
const { version } = require('typescript/package.json');
const own = readFileSync(module.filename, 'utf8');

function transpile(source, fileName) {
  const typescript = require('typescript');
  const compilerOptions = { module: typescript.ModuleKind.CommonJS, target: typescript.ScriptTarget.ES2022, esModuleInterop: true };
  return typescript.transpileModule(source, { compilerOptions, fileName }).outputText;
}

function transpiled(fileName) {
  const source = readFileSync(fileName, 'utf8');
  const path = join(kept, `${createHash('sha256').update([version, own, source].join('\0')).digest('hex')}.js`);
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const output = transpile(source, fileName);
    mkdirSync(kept, { recursive: true });
    // By another name first: several processes may make the same at once.
    writeFileSync(`${path}.${process.pid}`, output);
    renameSync(`${path}.${process.pid}`, path);
    return output;
  }
}

require.extensions['.ts'] = (module, fileName) => module._compile(transpiled(fileName), fileName);
