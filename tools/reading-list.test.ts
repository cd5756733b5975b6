import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const folders: string[] = [];

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** A command of few files that runs stages, of which one inverts a model that runs a kernel. */
const TREE: Record<string, string> = {
  'cli/src/main.ts': `import { run } from './program'; run('invert');`,
  'cli/src/program.ts': `
    export const run = async (name: string): Promise<void> =>
      name === 'bench' ? (await import('./bench')).bench() : (await import('./run-command')).runNamed(name);`,
  'cli/src/bench.ts': `import { helper } from '@retroplume/core'; export const bench = (): void => helper();`,
  'cli/src/run-command.ts': `
    import { runStage } from '@retroplume/core';
    export async function runNamed(name: string): Promise<void> { await runStage(name); }`,
  'core/src/index.ts': `export { runStage } from './run'; export type { Stage } from './stage'; export { helper } from './helper';`,
  'core/src/stage.ts': `export interface Stage { name: string; run: () => void }`,
  'core/src/run.ts': `
    import type { Stage } from './stage'; import { invertStage } from './invert-stage'; import { trainStage } from './train-stage';
    const STAGES: Stage[] = [invertStage, trainStage];
    export async function runStage(name: string): Promise<void> { STAGES.find((stage) => stage.name === name)!.run(); }`,
  'core/src/train-stage.ts': `
    import type { Stage } from './stage';
    export const trainStage: Stage = { name: 'train', run: async () => (await import('./training')).train() };`,
  'core/src/training.ts': `import { kernel } from './network'; export function train(): void { kernel(); }`,
  'core/src/invert-stage.ts': `
    import type { Stage } from './stage'; import { helper } from './helper';
    export const invertStage: Stage = { name: 'invert', run: async () => { helper(); (await import('./inversion')).invert(); } };`,
  'core/src/helper.ts': `import { far } from './far'; export function helper(): void { far(); }`,
  'core/src/far.ts': `export function far(): void {}`,
  'core/src/inversion.ts': `
    import type { Model } from './model'; import { Network } from './network'; import './beside';
    export function invert(model: Model = new Network()): void { model.forward(() => undefined); }`,
  'core/src/model.ts': `export interface Model { forward(told: () => void): void }`,
  'core/src/beside.ts': `export const beside = 1;`,
  'core/src/network.ts': `
    import type { Model } from './model'; import { NativeProgram } from '@retroplume/native';
    export class Network implements Model { forward(): void { kernel(); } }
    export function kernel(): void { new NativeProgram().run(); }`,
  'core/src/other-model.ts': `
    import type { Model } from './model'; import { kernel } from './network';
    export class OtherModel implements Model { forward(): void { kernel(); } }`,
  'core/src/far.test.ts': `import { far } from './far';`,
  'native/src/index.ts': `export * from './kernels';`,
  'native/src/kernels.ts': `export class NativeProgram { run(): void {} }`,
};

function counted(tree: Record<string, string>, ...options: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-reading-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, 'packages', path)), { recursive: true });
    writeFileSync(join(folder, 'packages', path), text);
  }
  return execFileSync(process.execPath, [join(__dirname, 'reading-list.mjs'), folder, ...options], { encoding: 'utf8', stdio: 'pipe' });
}

it('counts what the command loads, and what lies on its way to a kernel with what that calls', () => {
  expect(counted(TREE, '--list').replaceAll('packages/', '')).toBe(`\
loaded by invert: 14 files, 16 lines
    cli/src/main.ts
    cli/src/program.ts
  * cli/src/run-command.ts
    core/src/beside.ts
    core/src/far.ts
    core/src/helper.ts
    core/src/index.ts
  * core/src/inversion.ts
  * core/src/invert-stage.ts
  * core/src/network.ts
  * core/src/run.ts
    core/src/train-stage.ts
    native/src/index.ts
  * native/src/kernels.ts
to read from invert to a kernel: 7 files, 12 lines (on the way itself, marked *: 6 files, 12 lines)
  * cli/src/run-command.ts
    core/src/helper.ts
  * core/src/inversion.ts
  * core/src/invert-stage.ts
  * core/src/network.ts
  * core/src/run.ts
  * native/src/kernels.ts
`);
});

it('says so where there is no way', () => {
  expect(() => counted({ ...TREE, 'native/src/kernels.ts': 'export class NativeProgram {}' })).toThrow(/there is no function NativeProgram.run/);
});
