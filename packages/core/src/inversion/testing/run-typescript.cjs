/** `node -r run-typescript.cjs FILE.ts`: lets a child process of a test run the sources, without a build. */
const { readFileSync } = require('node:fs');
const typescript = require('typescript');

const compilerOptions = { module: typescript.ModuleKind.CommonJS, target: typescript.ScriptTarget.ES2022, esModuleInterop: true };
require.extensions['.ts'] = (module, fileName) => {
  module._compile(typescript.transpileModule(readFileSync(fileName, 'utf8'), { compilerOptions, fileName }).outputText, fileName);
};
