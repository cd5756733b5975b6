/** Programs that stand in the documentation, as a reader would have them in a file beside the packages. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const root = join(__dirname, '../..');

/** What stands between ```ts and ``` on a page of the clone, in order. */
export function programsOf(page: string): string[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
}

/** Calls `use` with a folder inside the clone, from where @retroplume/core is found as a user's program finds it. */
function withFolder<T>(use: (folder: string) => T): T {
  mkdirSync(join(root, 'build'), { recursive: true });
  const folder = mkdtempSync(join(root, 'build/program-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the compiler has against a program. */
export function typeErrors(code: string): string[] {
  return withFolder((folder) => {
    const file = join(folder, 'program.mts');
    writeFileSync(file, code);
    const options = {
      noEmit: true,
      strict: true,
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
      skipLibCheck: true,
      types: ['node'],
    };
    const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  });
}

/** Runs a program by Node. */
export function runProgram(code: string, cwd: string): SpawnSyncReturns<string> {
  return withFolder((folder) => {
    const file = join(folder, 'program.mjs');
    const compilerOptions = { module: ts.ModuleKind.ES2022, target: ts.ScriptTarget.ES2022 };
    writeFileSync(file, ts.transpileModule(code, { compilerOptions }).outputText);
    return spawnSync(process.execPath, [file], { cwd, encoding: 'utf8' });
  });
}
