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
  target?: string;
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
  pathOf: (name: string) => string;
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

  const pathOf = (name: string): string => join(folder, name);
  const input = (name: string): string => pathOf(`inputs/${name}`);
  const check = (set: string[] = []): Promise<CheckResult> => checkCase(pathOf('case.yaml'), { set, out: pathOf('run') });
  const rewrite = (
    name: string,
    { target = name, time = (t) => t, grid = (g) => g, first = 0, description = '', variables = (v) => v, data = () => undefined }: Changes,
  ): void => {
    const source = IoapiFile.open(input(name));
    const axis = time(source.time);
    const chosen = variables(source.variables);
    const contents = chosen.map(({ name: variable }, i) => {
      const values = source.read(
        source.variables.some((existing) => existing.name === variable) ? variable : source.variables[i].name,
        first,
        axis.count,
      );
      data(variable, values);
      return values;
    });
    const { layers } = source;
    const changed = grid(source.grid);
    source.close();
    const writer = IoapiWriter.create(input(target), { grid: changed, layers, time: axis, variables: chosen, attributes: { FILEDESC: description } });
    chosen.forEach((variable, i) => writer.write(variable.name, 0, contents[i]));
    writer.close();
  };
  return { pathOf, input, check, rewrite };
}

export const codes = ({ problems }: CheckResult): string[] => problems.map(({ code, key }) => `${code} ${key}`).sort();
