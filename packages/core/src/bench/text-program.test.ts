import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors';
import { textPrograms, writeTextPrograms } from './text-program';

const current = textPrograms();
const folder = join(__dirname, '../../../../tools/gpu-check/programs');

test('the programs that tools/gpu-check carries are those of this version (else: retroplume bench --programs tools/gpu-check/programs)', () => {
  expect(readdirSync(folder).sort()).toEqual([...current.keys()].sort());
  for (const [name, text] of current) expect(readFileSync(join(folder, name), 'utf8') === text ? name : `${name} differs`).toBe(name);
});

test('a step is one range of instructions: nothing in it waits for the host', () => {
  const steps = [...current.keys()].filter((name) => /^(compact|authors|surrogate)-\w+\.txt$/.test(name));
  expect(steps).toHaveLength(8);
  for (const name of steps) {
    const lines = current.get(name)!.split('\n');
    const runs = lines.filter((line) => line.startsWith('run ')).length;
    const [prepare, whole] = lines.filter((line) => line.startsWith('phase ')).map((line) => line.split(' ').slice(-2).map(Number));
    expect([prepare[0], prepare[1], whole[1]]).toEqual([0, whole[0], runs]);
  }
});

test('a folder that cannot be made is refused with a sentence', () => {
  expect(() => writeTextPrograms(join(__filename, 'programs'))).toThrow(DataError);
});
