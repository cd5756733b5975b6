/** A folder that others may write to: whatever they have put where a file is written until it is whole, nothing is written through it. */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pack } from './bundle/archive';
import { writeGriddesc } from '../../grid/griddesc';
import { Grid } from '../../grid/grid';
import { writeDemoWorld } from '../../worlds/demo-world';
import { writeCheckpoint, writeFileAtomic, writeSharedFile } from '../../files/checkpoint';
import { NetcdfOutput } from '../../files/netcdf/netcdf-access';
import { temporaryFolder } from '../../files/testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

function writeNetcdf(format: 'netcdf4' | '64bit', path: string): void {
  const output = NetcdfOutput.create(path, { format });
  output.write((file) => {
    file.defineDimension('x', 2);
    file.defineVariable('v', 'float', ['x']);
    file.endDefine();
    file.write('v', [0], [2], Float32Array.of(1, 2));
  });
  output.commit();
}

function copyNetcdf(path: string): void {
  writeNetcdf('64bit', at('source.nc'));
  NetcdfOutput.copyOf(at('source.nc'), path).commit();
}

const lambert = new Grid({
  name: 'SMALL',
  gdtyp: 2,
  pAlp: 30,
  pBet: 60,
  pGam: 110,
  xcent: 110,
  ycent: 35,
  xorig: 0,
  yorig: 0,
  xcell: 27000,
  ycell: 27000,
  cols: 4,
  rows: 3,
});

type Write = (path: string) => unknown;
const ours = `${hostname()}-${process.pid}.tmp`;
const WRITERS: [string, string, Write][] = [
  ['JSON, tables and pages', 'tmp', (path) => writeFileAtomic(path, 'text')],
  ['what several processes write', ours, (path) => writeSharedFile(path, 'text')],
  ['checkpoints', 'new.tmp', (path) => writeCheckpoint(path, { tensors: new Map(), metadata: {} })],
  ['netCDF-3', 'tmp', (path) => writeNetcdf('64bit', path)],
  ['netCDF-4', 'tmp', (path) => writeNetcdf('netcdf4', path)],
  ['copies of netCDF files', 'tmp', copyNetcdf],
  ['GRIDDESC', 'tmp', (path) => writeGriddesc(path, lambert)],
  ['bundles', 'tmp', (path) => pack([{ name: 'mine/a', source: Buffer.from('a') }], path)],
];

describe.each(WRITERS)('%s', (_, suffix, write) => {
  it('are not written through a link, nor to where it would lead', async () => {
    for (const [name, target] of Object.entries({ file: at('precious'), nowhere: at('not-there'), folder: at('inner') })) {
      writeFileSync(at('precious'), 'precious');
      mkdirSync(at('inner'), { recursive: true });
      symlinkSync(target, at(`${name}.${suffix}`));
      await write(at(name));
      expect(lstatSync(at(name)).isFile()).toBe(true);
      expect(lstatSync(at(name)).size).toBeGreaterThan(3);
      expect(readFileSync(at('precious'), 'utf8')).toBe('precious');
      expect(lstatSync(at('not-there'), { throwIfNoEntry: false })).toBeUndefined();
    }
  });

  it('do not wait for a pipe, and are not written into it', async () => {
    expect(spawnSync('mkfifo', [at(`piped.${suffix}`)]).status).toBe(0);
    await write(at('piped'));
    expect(lstatSync(at('piped')).isFile()).toBe(true);
  });
});

it('the files of the demo are not either', async () => {
  writeFileSync(at('precious'), 'precious');
  mkdirSync(at('world/inputs'), { recursive: true });
  for (const name of ['case.yaml', 'inputs/stations.csv']) symlinkSync(at('precious'), at(`world/${name}.tmp`));
  await writeDemoWorld(at('world'), { rows: 12, cols: 12, hours: 4, spinUpHours: 1, stations: 3 });
  expect(readFileSync(at('precious'), 'utf8')).toBe('precious');
  expect(lstatSync(at('world/case.yaml')).isFile()).toBe(true);
});
