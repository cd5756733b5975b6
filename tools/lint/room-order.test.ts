import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/** Lints texts as if they stood in the given files, with the boundary rule alone; the messages of each. */
function lint(cases: [file: string, text: string][]): string[][] {
  const script = `
    import { Linter } from 'eslint';
    import tseslint from 'typescript-eslint';
    import { roomOrder } from './tools/lint/room-order.mjs';
    const config = { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser }, plugins: { retroplume: { rules: { 'room-order': roomOrder } } }, rules: { 'retroplume/room-order': 'error' } };
    const linter = new Linter({ cwd: process.cwd() });
    console.log(JSON.stringify(${JSON.stringify(cases)}.map(([file, text]) => linter.verify(text, config, { filename: process.cwd() + '/' + file }).map((m) => m.message))));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })) as string[][];
}

const BREACHES: [string, string, RegExp][] = [
  ['packages/core/src/inversion/x.ts', `import { readGolden } from '../graph/testing/golden';`, /inversion knows no network/],
  ['packages/core/src/graph/x.ts', `import { run } from '../run/run';`, /room graph may not import run/],
  ['packages/core/src/files/x.ts', `import type { Case } from '../surrogate/model/window';`, /room files may not import surrogate/],
  ['packages/core/src/grid/x.ts', `export * from '../files/ioapi/ioapi-file';`, /room grid may not import files/],
  ['packages/core/src/units/x.ts', `type G = import('../grid/grid').Grid;`, /room units may not import grid/],
  ['packages/core/src/transport/deep/x.ts', `const worlds = await import('../../worlds');`, /room transport may not import worlds/],
  ['packages/core/src/inversion/x.ts', `import { Graph } from '../graph/graph';`, /inversion knows no network/],
  ['packages/core/src/errors.ts', `import { Grid } from './grid/grid';`, /lies in no room/],
  ['packages/core/src/nn/x.ts', `import { Graph } from '../index';`, /public entry of its own package/],
  ['packages/core/src/newroom/x.ts', `import { Graph } from '../graph/graph';`, /has no place in the order/],
  ['packages/core/src/nn/x.ts', `import { main } from '@retroplume/cli';`, /core may not import cli/],
  ['packages/native/src/x.ts', `import { Grid } from '@retroplume/core';`, /native may not import core/],
  ['packages/cli/src/x.ts', `import { Grid } from '@retroplume/core/dist/grid/grid';`, /past the public entries/],
  ['packages/cli/src/x.ts', `import { Grid } from '../../core/src/grid/grid';`, /by its path/],
  ['test/x.test.ts', `import { Grid } from '@retroplume/core/grid/grid';`, /past the public entries/],
  ['packages/cli/src/x.ts', `const { Grid } = await import('@retroplume/core/grid/grid');`, /past the public entries/],
  ['packages/core/src/nn/x.ts', `import { graph } from '../entries/graph';`, /public entry of its own package/],
  ['packages/native/src/x.ts', `import { Grid } from '@retroplume/core/grid/grid';`, /past the public entries/],
  ['packages/core/src/files/x.ts', `const n = require('@retroplume/native/dist/netcdf');`, /past the public entries/],
];

const ALLOWED: [string, string][] = [
  ['packages/core/src/inversion/x.test.ts', `import { readGolden } from '../graph/testing/golden';`],
  [
    'packages/core/src/run/x.ts',
    `import { Graph } from '../graph/graph'; import { loadCase } from '../case'; import { ConfigError } from '../base/errors';`,
  ],
  ['packages/core/src/index.ts', `export * from './run/run';`],
  ['packages/core/src/graph/ops/x.ts', `import { Graph } from '../graph'; import { NativeProgram } from '@retroplume/native';`],
  ['packages/cli/src/x.ts', `import { loadCase } from '@retroplume/core'; import { Command } from 'commander';`],
  ['packages/cli/src/x.ts', `const { checkCase } = await import('@retroplume/core/commands/check');`],
  ['test/x.test.ts', `import { Grid } from '@retroplume/core/grid';`],
  ['packages/core/src/entries/x.ts', `export * from '../run/run';`],
  ['test/x.test.ts', `import { loadCase } from '@retroplume/core'; import { caseSchema } from '../packages/core/src/case';`],
];

it('catches every breach of the directions between packages and rooms', () => {
  const messages = lint(BREACHES.map(([file, text]) => [file, text]));
  BREACHES.forEach(([, , expected], i) => expect(messages[i]).toEqual([expect.stringMatching(expected)]));
});

it('allows what the architecture allows', () => {
  expect(lint(ALLOWED)).toEqual(ALLOWED.map(() => []));
});
