import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { Grid } from '../../grid/grid';
import { IoapiFile } from './ioapi-file';
import { IoapiWriter } from './ioapi-writer';
import { header, hourly } from '../testing/ioapi-sample';
import { describeShared, failure, sharedFile, temporaryFolder } from '../testing/shared-data';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

describeShared('real I/O API files', () => {
  const open = (pattern: string): IoapiFile => IoapiFile.open(sharedFile(pattern));

  test('CMAQ-ready emissions over East Asia: classic netCDF with a record dimension', () => {
    const file = open('ioapi/cmaq_ready*');
    expect(file.time).toEqual(hourly('2010-01-21T00:00Z', 25));
    expect(file.grid.definition).toMatchObject({ name: 'KNU_27_01', cols: 174, rows: 128, pAlp: 30, pBet: 60, pGam: 126, xcell: 27000 });
    expect(file.variables).toEqual([{ name: 'CO', units: 'moles/s', description: 'Model species CO' }]);
    const values = file.read('CO', 12, 1);
    expect(values.every((value) => value >= 0)).toBe(true);
    // Beijing's cell emits more than the open sea east of Japan.
    const beijing = file.grid.cellAt(116.4, 39.9) as { row: number; col: number };
    expect(values[beijing.row * 174 + beijing.col]).toBeGreaterThan(5);
    file.close();
  });

  test('it is written again with the same header and values, bit for bit', () => {
    const file = open('ioapi/cmaq_ready*');
    const { time, layers, variables, attributes } = file;
    const writer = IoapiWriter.create(at('again.nc'), { grid: file.grid, time, layers, variables, attributes, format: 'classic' });
    for (let step = 0; step < 25; step += 10) writer.write('CO', step, file.read('CO', step, Math.min(10, 25 - step)));
    writer.close();
    const lines = (path: string): string[] =>
      header(path)
        .split('\n')
        .slice(1)
        .filter((line) => !/:(CDATE|CTIME|WDATE|WTIME) /.test(line) && !line.includes('TFLAG:'))
        .sort();
    expect(lines(at('again.nc'))).toEqual(lines(file.path));
    const again = IoapiFile.open(at('again.nc'));
    expect(Buffer.from(again.read('CO').buffer).equals(Buffer.from(file.read('CO').buffer))).toBe(true);
    again.close();
    file.close();
  });

  test('daily ozone, polar surface file, static MCIP files', () => {
    const ozone = open('ioapi/ozone*');
    expect(ozone.time).toEqual({ start: new Date('2001-07-01T01:00Z'), stepSeconds: 86400, count: 4 });
    expect(ozone.variables[0].units).toBe('ppbV');
    ozone.close();
    const surface = open('ioapi/surfinfo*');
    expect(surface.time).toMatchObject({ stepSeconds: 0, count: 1 });
    expect(surface.variables.map(({ name }) => name)).toEqual(['LAT', 'LON', 'HT', 'LWMASK']);
    surface.close();
  });

  test('MCIP in netCDF-4, sorted by ncks: the order is that of VAR-LIST', () => {
    const file = open('mcip-au/METCRO2D*');
    expect(file.variables).toHaveLength(34);
    expect(file.variables.slice(0, 3).map(({ name, units }) => [name, units])).toEqual([['PRSFC', 'Pascal'], ['USTAR', 'M/S'], ['WSTAR', 'M/S']]); // prettier-ignore
    expect(file.time).toEqual(hourly('2022-12-07T00:00Z', 25));
    const temperature = file.read('TEMP2', 0, 1);
    expect(Math.min(...temperature)).toBeGreaterThan(270);
    expect(Math.max(...temperature)).toBeLessThan(330);
    file.close();
  });

  test.each([
    // The files hold single precision, 1e-5 of 150 degrees; the hemispheric one was computed in it too.
    ['mcip-au/GRIDCRO2D*', 'LAT', 'LON', 1e-4],
    ['mcip-au/GRIDDOT2D*', 'LATD', 'LOND', 1e-4],
    ['ioapi/GRIDCRO2D_west36*', 'LAT', 'LON', 1e-4],
    ['ioapi/surfinfo*', 'LAT', 'LON', 2e-4],
  ])('%s: its own latitudes and longitudes are those of Grid.centre', (pattern, latName, lonName, tolerance) => {
    const file = open(pattern);
    const [lats, lons] = [file.read(latName), file.read(lonName)];
    let worst = 0;
    for (let i = 0; i < lats.length; i++) {
      const { lon, lat } = file.grid.centre(Math.floor(i / file.grid.cols), i % file.grid.cols);
      worst = Math.max(worst, Math.abs(lat - lats[i]));
      const turn = Math.abs(lon - lons[i]) % 360;
      // Longitudes near the pole say nothing: compare the way along the parallel.
      worst = Math.max(worst, Math.min(turn, 360 - turn) * Math.cos((lat * Math.PI) / 180));
    }
    expect(worst).toBeLessThan(tolerance);
    file.close();
  });

  test('the corners of METCRO2D’s cells from GRIDDOT2D, half a cell to the south-west', () => {
    const met = open('mcip-au/METCRO2D*');
    const dots = IoapiFile.open(sharedFile('mcip-au/GRIDDOT2D*'), { grid: met.grid, dots: true });
    expect([dots.stagger, dots.grid.rows, dots.grid.cols]).toEqual(['dot', 11, 11]);
    const [lats, lons] = [dots.read('LATD'), dots.read('LOND')];
    for (let i = 0; i < lats.length; i++) {
      const corner = met.grid.centre(Math.floor(i / 11) - 0.5, (i % 11) - 0.5);
      expect(Math.abs(corner.lat - lats[i]) + Math.abs(corner.lon - lons[i])).toBeLessThan(2e-4); // single precision of 150 degrees, twice
    }
    dots.close();
    met.close();
  });

  test('a window of real emissions is what lies there', () => {
    const whole = open('ioapi/cmaq_ready*');
    const { definition } = whole.grid;
    const korea = new Grid({
      ...definition,
      name: 'korea',
      xorig: definition.xorig + 80 * 27000,
      yorig: definition.yorig + 60 * 27000,
      cols: 12,
      rows: 9,
    });
    const part = IoapiFile.open(whole.path, { grid: korea });
    const [all, there] = [whole.read('CO', 7, 2), part.read('CO', 7, 2)];
    there.forEach((value, i) => {
      const [step, row, col] = [Math.floor(i / 108), Math.floor(i / 12) % 9, i % 12];
      expect(value).toBe(all[(step * 128 + 60 + row) * 174 + 80 + col]);
    });
    part.close();
    whole.close();
  });

  test('a real file cut short inside its last hour', () => {
    copyFileSync(sharedFile('ioapi/cmaq_ready*'), at('cut.ncf'));
    execFileSync('chmod', ['u+w', at('cut.ncf')]);
    truncateSync(at('cut.ncf'), 2238584 - 5000);
    expect(() => IoapiFile.open(at('cut.ncf'))).toThrow(
      failure('FILE_TRUNCATED', `${at('cut.ncf')}: the file is truncated: it has 2233584 bytes, its header promises 2238584: copy or make it again`),
    );
    expect(existsSync(at('cut.ncf'))).toBe(true);
  });
});
