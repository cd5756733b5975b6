/** The demo's world, anew for each test, with inputs that may be broken before the case is checked. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import type { IoapiVariable } from '../../files/ioapi/ioapi-header';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import type { Grid, TimeAxis } from '../../grid/grid';
import { writeDemoWorld } from '../../worlds/demo-world';
import { checkCase, type CheckResult } from '../commands/check/check-case';

interface Changes {
  to?: string;
  time?: (time: TimeAxis) => TimeAxis;
  grid?: (grid: Grid) => Grid;
  first?: number;
  /** FILEDESC */
  description?: string;
  variables?: (variables: IoapiVariable[]) => IoapiVariable[];
  data?: (name: string, data: Float32Array) => void;
}

export interface CheckedWorld {
  /** path in the world's folder */
  at: (name: string) => string;
  input: (name: string) => string;
  check: (set?: string[]) => Promise<CheckResult>;
  /** writes an input again with something changed */
  rewrite: (name: string, changes: Changes) => void;
}

/** A world is made once; each test opens its files anew. */
export function checkedWorld(): CheckedWorld {
  jest.setTimeout(120_000);
  let world: string;
  let folder: string;
  beforeAll(async () => {
    world = mkdtempSync(join(tmpdir(), 'check-world-'));
    await writeDemoWorld(world, { size: 'quick', rows: 16, cols: 16, hours: 100, spinUpHours: 72, stations: 30 });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'check-'));
    cpSync(world, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  afterAll(() => rmSync(world, { recursive: true }));

  const at = (name: string): string => join(folder, name);
  const input = (name: string): string => at(`inputs/${name}`);
  const check = (set: string[] = []): Promise<CheckResult> => checkCase(at('case.yaml'), { set, out: at('run') });
  const rewrite = (
    name: string,
    { to = name, time = (t) => t, grid = (g) => g, first = 0, description = '', variables = (v) => v, data = () => undefined }: Changes,
  ): void => {
    const from = IoapiFile.open(input(name));
    const axis = time(from.time);
    const kept = variables(from.variables);
    const contents = kept.map(({ name: variable }, i) => {
      const values = from.read(from.variables.some((each) => each.name === variable) ? variable : from.variables[i].name, first, axis.count);
      data(variable, values);
      return values;
    });
    const { layers } = from;
    const changed = grid(from.grid);
    from.close();
    const writer = IoapiWriter.create(input(to), { grid: changed, layers, time: axis, variables: kept, attributes: { FILEDESC: description } });
    kept.forEach((variable, i) => writer.write(variable.name, 0, contents[i]));
    writer.close();
  };
  return { at, input, check, rewrite };
}

export const codes = ({ problems }: CheckResult): string[] => problems.map(({ code, key }) => `${code} ${key}`).sort();
