import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEmissions } from '../../case/gridded/case-fields';
import { IoapiFile } from '../../files/ioapi/ioapi-file';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import { temporaryFolder } from '../../files/testing/shared-data';
import { Grid } from '../../grid/grid';
import { InventoryReader } from './inventory-reader';
import { writeScaledEmissions } from '../scaling/scaled-emissions';
import { openSector } from './point-sources';
import { scaleEmissionFile } from '../scaling/scale-file';
import { CELLS, EMISSIONS, GRID, GROUPS, HOURS, readAll, START, writeFile } from '../../transport/testing/small-case';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const none = { variables: [] };
const groups = {
  NOx: { variables: ['NO'], molarMass: 46.0055 },
  NH3: none,
  SO2: { variables: ['SO2'], molarMass: 64.066 },
  VOC: none,
  'PM2.5': none,
};

const power = { name: 'power', groups };

/** Row and column of each source; two stand in one cell, one outside. */
const STACKS = [
  [3, 4],
  [3, 4.3],
  [6, 1],
  [-5, 2],
];
const POINTS = new Grid({ ...GRID.definition, rows: STACKS.length, cols: 1 });
const value = (variable: string, hour: number, source: number): number => (variable === 'NO' ? 1 : 10) * (source + 1) * (1 + hour);

function write(
  name: string,
  time: { count: number; stepSeconds: number },
  variables: { name: string; units: string }[],
  of: (v: string, t: number, s: number) => number,
): string {
  const writer = IoapiWriter.create(at(name), { grid: POINTS, layers: 1, time: { start: START, ...time }, variables });
  for (const { name: variable } of variables) {
    writer.write(
      variable,
      0,
      Float32Array.from({ length: time.count * STACKS.length }, (_, i) => of(variable, Math.floor(i / STACKS.length), i % STACKS.length)),
    );
  }
  writer.close();
  return at(name);
}

const emissions = (): string =>
  write(
    'INLN.nc',
    { count: HOURS, stepSeconds: 3600 },
    ['NO', 'SO2'].map((name) => ({ name, units: 'moles/s' })),
    value,
  );
const stacks = (of = (place: { lon: number; lat: number }): { lon: number; lat: number } => place): string =>
  write(
    'STACKS.nc',
    { count: 1, stepSeconds: 0 },
    ['LATITUDE', 'LONGITUDE'].map((name) => ({ name, units: 'degrees' })),
    (name, _, source) => {
      const { lon, lat } = of(GRID.centre(STACKS[source][0], STACKS[source][1]));
      return name === 'LATITUDE' ? lat : lon;
    },
  );

const cellOf = (source: number): number => STACKS[source][0] * GRID.cols + Math.floor(STACKS[source][1] + 0.5);

it('sums sources into their cells, and leaves out those outside', () => {
  const reader = openSector({ ...power, files: [emissions()], stackGroups: [stacks()] }, GRID);
  expect([reader.grid.rows, reader.grid.cols]).toEqual([8, 10]);
  const so2 = reader.read('SO2', 2, 1);
  expect(so2).toHaveLength(CELLS);
  expect([so2[cellOf(0)], so2[cellOf(2)], so2.reduce((a, b) => a + b, 0)]).toEqual([3 * (10 + 20), 3 * 30, 3 * 60]);
  const prepared = readEmissions(reader, { start: START, stepSeconds: 3600, count: 1 }, groups);
  expect(prepared[cellOf(2) * 5]).toBeCloseTo((3 * 0.0460055) / 27000 ** 2, 15);
  reader.close();
});

it('adds them to what is gridded', () => {
  const gridded = writeFile(at('EMIS.nc'), EMISSIONS);
  const period = { start: START, stepSeconds: 3600, count: HOURS };
  const sectors = [
    { name: 'rest', files: [gridded], groups: GROUPS },
    { name: 'power', files: [emissions()], groups, stackGroups: [stacks()] },
  ];
  const [alone, both] = [sectors.slice(0, 1), sectors].map((some) => {
    const reader = InventoryReader.open(some, GRID, period);
    const read = reader.read(5, 2);
    reader.close();
    return read;
  });
  both.forEach((sum, i) => {
    const [hour, cell, group] = [5 + Math.floor(i / (CELLS * 5)), Math.floor(i / 5) % CELLS, i % 5];
    const points = [0, 1, 2]
      .filter((source) => cellOf(source) === cell)
      .reduce((s, source) => s + value(group === 0 ? 'NO' : 'SO2', hour, source), 0);
    expect(sum - alone[i]).toBeCloseTo(group === 0 || group === 2 ? points : 0, 3);
  });
});

describe('factors', () => {
  const factors = Float32Array.from({ length: CELLS * 5 }, (_, i) => 1 + i / 100);
  const check = (out: string): void => {
    const [before, after] = [readAll(at('INLN.nc')), readAll(out)];
    for (const [variable, group] of [
      ['NO', 0],
      ['SO2', 2],
    ] as const) {
      after.get(variable)!.forEach((updated, i) => {
        const source = i % STACKS.length;
        const factor = source === 3 ? 1 : factors[cellOf(source) * 5 + group];
        expect(updated).toBe(Math.fround(before.get(variable)![i] * factor));
      });
    }
  };

  it('of the cells go to the sources in the file itself, with a budget of what is on the grid', () => {
    const regions = new Map([['domain', new Float32Array(CELLS).fill(1)]]);
    const points = { stackGroups: [stacks()], grid: GRID };
    const rows = scaleEmissionFile(emissions(), at('OUT.nc'), [{ factors, start: START }], { groups, points, regions });
    check(at('OUT.nc'));
    expect(rows[0]).toMatch(/^NO,moles\/s,2026-07-06T00:00Z,domain,6,/);
    const [prior, output] = [IoapiFile.open(at('INLN.nc')), IoapiFile.open(at('OUT.nc'))];
    expect(output.attributes).toEqual(prior.attributes);
    prior.close();
    output.close();
  });

  it('go to members, too', () => {
    writeScaledEmissions([emissions()], at('OUT.nc'), factors, groups, { points: { stackGroups: [stacks()], grid: GRID } });
    check(at('OUT.nc'));
  });
});

it('of a representative day serve each day that it stands for', () => {
  const path = emissions();
  const days = [7, 8].map((later) => ({ date: new Date(START.getTime() + later * 86_400_000), path }));
  const reader = openSector({ ...power, files: [path], days, stackGroups: [stacks()] }, GRID);
  expect(reader.time).toEqual({ start: days[0].date, stepSeconds: 3600, count: 24 + HOURS });
  expect([2, 26].map((hour) => reader.read('NO', hour, 1)[cellOf(2)])).toEqual([2, 2].map((hour) => value('NO', hour, 2)));
  reader.close();
  const points = { stackGroups: [stacks()], grid: GRID };
  const spans = [{ factors: new Float32Array(CELLS * 5).fill(3), start: days[1].date, hours: 24 }];
  writeScaledEmissions([path], at('MEMBER.nc'), spans, groups, { points, days });
  const [prior, member] = [path, at('MEMBER.nc')].map((file) => readAll(file).get('NO')!);
  expect([2, 26].map((hour) => member[hour * STACKS.length + 2] / prior[2 * STACKS.length + 2])).toEqual([1, 3]);
  scaleEmissionFile(path, at('OUT.nc'), spans, { groups, points, date: days[1].date, regions: new Map() });
  expect(readAll(at('OUT.nc')).get('NO')![2 * STACKS.length + 2]).toBe(3 * prior[2 * STACKS.length + 2]);
  const output = IoapiFile.open(at('OUT.nc'));
  expect(output.time.start).toEqual(days[1].date);
  output.close();
});

describe('refuses', () => {
  it.each<[string, () => { files: string[]; stackGroups?: string[] }, string]>([
    ['point files without stack groups', () => ({ files: [emissions()] }), 'GRID_MISMATCH'],
    ['stacks of which none is on the grid', () => ({ files: [emissions()], stackGroups: [stacks(() => ({ lon: 0, lat: 0 }))] }), 'STACK_GROUPS'],
    ['places that are none', () => ({ files: [emissions()], stackGroups: [stacks(({ lon }) => ({ lon, lat: 120 }))] }), 'STACK_GROUPS'],
    ['stack groups of other sources', () => ({ files: [writeFile(at('EMIS.nc'), EMISSIONS)], stackGroups: [stacks()] }), 'STACK_GROUPS'],
    ['stack groups without places', () => ({ files: [emissions()], stackGroups: [emissions()] }), 'VARIABLE_MISSING'],
    ['stack groups that are not there', () => ({ files: [emissions()], stackGroups: [at('none.nc')] }), 'FILE_MISSING'],
  ])('%s', (_, sector, code) => {
    expect(() => openSector({ ...power, ...sector() }, GRID)).toThrow(expect.objectContaining({ code }) as Error);
    expect(readdirSync(folder.path).some((name) => name.endsWith('.tmp'))).toBe(false);
  });
});

describe('stack groups of several days', () => {
  const day = (name: string, of?: Parameters<typeof stacks>[0]): string => {
    cpSync(stacks(of), at(name));
    return at(name);
  };
  const message = (sector: { files: string[]; stackGroups: string[] }): string => {
    try {
      openSector({ ...power, ...sector }, GRID).close();
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('serve as one where all have the same sources', () => {
    const stackGroups = [day('STACKS_1.nc'), day('STACKS_2.nc')];
    const reader = openSector({ ...power, files: [emissions()], stackGroups }, GRID);
    expect(reader.read('SO2', 0, 1)[cellOf(2)]).toBe(30);
    reader.close();
  });

  it('are refused where a source has moved', () => {
    const stackGroups = [day('STACKS_1.nc'), day('STACKS_2.nc', ({ lon, lat }) => ({ lon: lon + 0.5, lat }))];
    expect(message({ files: [emissions()], stackGroups })).toMatch(
      /STACKS_2\.nc: expected source 1 at latitude .* as in .*STACKS_1\.nc but received .*: stacks that change from day to day are not supported: give files whose groups are the same on all days, or the sector as gridded/,
    );
  });

  it('are refused where their number differs, and so are point files of another number', () => {
    const [four, points] = [day('STACKS_1.nc'), emissions()];
    const fewer = at('INLN_2.nc');
    const writer = IoapiWriter.create(fewer, {
      grid: new Grid({ ...POINTS.definition, rows: 3 }),
      layers: 1,
      time: { start: new Date(START.getTime() + HOURS * 3600e3), stepSeconds: 3600, count: 1 },
      variables: ['NO', 'SO2', 'LATITUDE', 'LONGITUDE'].map((name) => ({ name, units: 'moles/s' })),
    });
    for (const name of ['NO', 'SO2', 'LATITUDE', 'LONGITUDE']) writer.write(name, 0, new Float32Array(3));
    writer.close();
    expect(message({ files: [points, fewer], stackGroups: [four] })).toMatch(
      /INLN_2\.nc: it holds 3 sources but .*STACKS_1\.nc has 4: give the stack/,
    );
    expect(message({ files: [points, fewer], stackGroups: [four, fewer] })).toMatch(
      /INLN_2\.nc: expected the 4 sources of .*STACKS_1\.nc but received 3: stacks that change/,
    );
  });
});
