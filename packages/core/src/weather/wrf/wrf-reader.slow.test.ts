/** WRF output made by ncgen; a real WRF run and what MCIP made of it are in mcip-wind.test.ts. */
import { join } from 'node:path';

import { NetcdfFile } from '@retroplume/native';
import { Grid } from '../../grid/grid';
import { readGeography } from '../../case/gridded/case-fields';
import { readMeteorology } from '../meteorology';
import { ncgen } from '../../files/testing/cdl';
import { failure, temporaryFolder } from '../../files/testing/shared-data';
import { gridConvergence, windToGrid } from '../../grid/wind';
import { openWeather } from '../open-weather';
import { WrfReader } from './wrf-reader';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const grid = new Grid({
  name: 'inner', gdtyp: 2, pAlp: 25, pBet: 40, pGam: 110, xcent: 110, ycent: 34,
  xorig: 1010000, yorig: 20000, xcell: 10000, ycell: 10000, cols: 2, rows: 2,
}); // prettier-ignore
/** WRF's mass points: one more on every side. */
const wrf = new Grid({ ...grid.definition, xorig: 1000000, yorig: 10000, cols: 4, rows: 4 });
const counted = (length: number, first = 0): number[] => Array.from({ length }, (_, i) => first + i);

interface Wrf {
  times: string[];
  fields?: Record<string, { units: string; values: number[] }>;
  /** seconds part of the CDL beside Times, and global attributes */
  extra?: string;
  data?: string;
  places?: Grid;
  noTimes?: boolean;
}

function wrfCdl({ times, fields = {}, extra = '', data = '', places = wrf, noTimes = false }: Wrf): string {
  const { rows, cols } = places;
  const centres = counted(rows * cols).map((cell) => places.centre(Math.floor(cell / cols), cell % cols));
  const repeated = (values: number[]): string => times.map(() => values.join(', ')).join(', ');
  return `netcdf wrfout {
dimensions: Time = UNLIMITED ; DateStrLen = 19 ; south_north = ${rows} ; west_east = ${cols} ; land_cat = 2 ;
variables:
  ${noTimes ? '' : 'char Times(Time, DateStrLen) ;'}
  float XLAT(Time, south_north, west_east) ; float XLONG(Time, south_north, west_east) ;
${Object.entries(fields).map(([name, { units }]) => `  float ${name}(Time, south_north, west_east) ; ${name}:units = "${units}" ;`).join('\n')}
  ${extra}
data:
  ${noTimes ? '' : `Times = ${times.map((time) => `"${time}"`).join(', ')} ;`}
  XLAT = ${repeated(centres.map(({ lat }) => Math.fround(lat)))} ; XLONG = ${repeated(centres.map(({ lon }) => Math.fround(lon)))} ;
${Object.entries(fields).map(([name, { values }]) => `  ${name} = ${values.join(', ')} ;`).join('\n')}
  ${data}
}
`; // prettier-ignore
}
const write = (name: string, content: Wrf): string => ncgen(at(name), wrfCdl(content), 'netCDF-4');
const hours = (first: number, count: number): string[] => counted(count, first).map((hour) => `2017-01-01_${String(hour).padStart(2, '0')}:00:00`);
const even = (values: number[]): number[] => values.flatMap((value) => new Array<number>(16).fill(value));

test('fields by MCIP’s names, in the case’s window', () => {
  const path = write('wrfout.nc', {
    times: hours(0, 2),
    fields: {
      U10: { units: 'm s-1', values: counted(32) }, V10: { units: 'm s-1', values: counted(32, 100) }, T2: { units: 'K', values: counted(32, 250) },
      PBLH: { units: 'm', values: counted(32, 500) }, SWDOWN: { units: 'W m-2', values: counted(32) }, Q2: { units: 'kg kg-1', values: even([0.01, 0.02]) },
      PSFC: { units: 'Pa', values: even([1e5, 9e4]) }, HGT: { units: 'm', values: counted(32) }, LANDMASK: { units: '', values: even([1, 1]) },
      HFX: { units: 'W m-2', values: counted(32, 7) },
    },
    extra: 'float LANDUSEF(Time, land_cat, south_north, west_east) ;',
    data: `LANDUSEF = ${[...counted(32), ...counted(32)].join(', ')} ;`,
  }); // prettier-ignore
  const reader = openWeather([path], { grid });
  expect(reader.time).toEqual({ start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 2 });
  expect(reader.variables.map(({ name, units }) => `${name} ${units}`)).toEqual([
    'u m s-1', 'v m s-1', 'TEMP2 K', 'PBL m', 'RGRND W m-2', 'Q2 kg kg-1', 'PRSFC Pa', 'HT m', 'LWMASK 1', 'WSPD10 m s-1', 'WDIR10 degrees',
    'LUFRAC_01 1', 'LUFRAC_02 1', 'XLAT ', 'XLONG ', 'U10 m s-1', 'V10 m s-1', 'T2 K', 'PBLH m', 'SWDOWN W m-2', 'PSFC Pa', 'HGT m', 'LANDMASK ', 'HFX W m-2',
  ]); // prettier-ignore
  expect([...reader.read('u', 0, 1)]).toEqual([5, 6, 9, 10]);
  expect([...reader.read('v', 1, 1)]).toEqual([121, 122, 125, 126]);
  expect([...reader.read('HT', 0, 1)]).toEqual([5, 6, 9, 10]);
  expect([...reader.read('LUFRAC_02', 0, 1)]).toEqual([21, 22, 25, 26]);
  expect(reader.read('WSPD10', 0, 1)[0]).toBeCloseTo(Math.hypot(5, 105), 4);
  // the wind along the grid is the channel as it is: nothing is turned
  const values = readMeteorology(reader, { ...reader.time, count: 1 }, ['u', 'v', 'TEMP2', 'inversePbl', 'HFX']);
  expect([...values.slice(0, 5)]).toEqual([5, 105, 255, 1 / 505, 12].map(Math.fround));
  // WDIR10 against true north turns back into u and v by the reader of MCIP's files
  const { u, v } = windToGrid(reader.read('WSPD10'), reader.read('WDIR10'), gridConvergence(grid));
  u.forEach((value, i) => expect(value).toBeCloseTo(reader.read('u')[i], 3));
  v.forEach((value, i) => expect(value).toBeCloseTo(reader.read('v')[i], 3));
  reader.close();
});

test('a fill value of its own, in double beside floats, is missing', () => {
  const path = write('wrfout.nc', {
    times: hours(0, 1),
    fields: { T2: { units: 'K', values: [...counted(5, 250), -9999.9, ...counted(10, 256)] } },
    extra: 'T2:missing_value = -9999.9 ;',
  });
  const reader = WrfReader.open([path], grid);
  expect([...reader.read('TEMP2')]).toEqual([Number.NaN, 256, 259, 260]);
  reader.close();
});

describe('rain', () => {
  const rain = (values: number[]): Wrf['fields'] => ({ RAINNC: { units: 'mm', values: even(values) }, RAINC: { units: 'mm', values: even(values.map((value) => value / 2)) } }); // prettier-ignore
  const read = (paths: string[], first = 0, count = 1): number[] => {
    const reader = WrfReader.open(paths, grid);
    try {
      return [...reader.read('RN', first, count)].filter((_, i) => i % 4 === 0).map((value) => Number(value.toFixed(4)));
    } finally {
      reader.close();
    }
  };

  test('what fell in the step up to the time; nothing at the start of the run; both kinds in cm', () => {
    const path = write('a.nc', { times: hours(0, 4), fields: rain([0, 1, 1, 4]) });
    expect(read([path], 0, 4)).toEqual([0, 1, 0, 3]);
    const reader = WrfReader.open([path], grid);
    expect(readMeteorology(reader, { ...reader.time, start: new Date('2017-01-01T03:00Z'), count: 1 }, ['RN'])[0]).toBeCloseTo(0.45, 5); // 3 mm + 1.5 mm
    reader.close();
  });

  test('buckets', () => {
    const path = write('a.nc', {
      times: hours(0, 3), fields: rain([0, 90, 20]),
      extra: 'int I_RAINNC(Time, south_north, west_east) ; :BUCKET_MM = 100.f ;', data: `I_RAINNC = ${even([0, 0, 1]).join(', ')} ;`,
    }); // prettier-ignore
    expect(read([path], 1, 2)).toEqual([90, 30]);
  });

  test('from file to file of one run; a new run begins anew, and its 0 is not taken for dry weather', () => {
    const first = write('1.nc', { times: hours(0, 2), fields: rain([0, 1]) });
    const goesOn = write('2.nc', { times: hours(2, 2), fields: rain([3, 3.5]) });
    expect(read([first, goesOn], 0, 4)).toEqual([0, 1, 2, 0.5]);
    const anew = write('3.nc', { times: hours(2, 2), fields: rain([0, 0.5]) });
    expect(() => read([first, anew], 0, 4)).toThrow(
      failure(
        'RAIN_FALLS',
        `${anew}: RAINNC is 1 mm less at 2017-01-01T02:00Z than a step before in ${first}: a new run begins between them; give files of the first run that reach 2017-01-01T02:00Z`,
      ),
    );
    // with the first run's last hour, which the new run holds too
    const longer = write('1.nc', { times: hours(0, 3), fields: rain([0, 1, 5]) });
    expect(read([longer, anew], 0, 4)).toEqual([0, 1, 4, 0.5]);
  });

  test('without the convective part, which every run of WRF has, none is made up', () => {
    const { RAINNC } = rain([0, 1])!;
    const path = write('a.nc', { times: hours(0, 2), fields: { RAINNC } });
    expect(() => read([path])).toThrow(
      failure(
        'VARIABLE_MISSING',
        `${path}: there is no variable RAINC, a part of the rain beside RAINNC: give files that hold it (WRF writes it in every run, as 0 where no scheme makes such rain), or leave RN out of the case`,
      ),
    );
  });

  test.each(['RAINC', 'PSFC'])('%s in some of the files only, whichever lacks it', (lacking) => {
    const pressure = { PSFC: { units: 'Pa', values: even([1e5, 1e5]) } };
    const fields = (values: number[]): NonNullable<Wrf['fields']> => ({ ...rain(values), ...pressure });
    const [whole, wholeLater] = [
      write('0.nc', { times: hours(0, 2), fields: fields([0, 1]) }),
      write('1.nc', { times: hours(2, 2), fields: fields([2, 3]) }),
    ];
    const { [lacking]: _, ...few } = fields([0, 1]);
    const [first, later] = [write('a.nc', { times: hours(0, 2), fields: few }), write('b.nc', { times: hours(2, 2), fields: few })];
    for (const [paths, lacks, has] of [
      [[first, wholeLater], first, wholeLater],
      [[whole, later], later, whole],
    ] as const) {
      const reader = WrfReader.open([...paths], grid);
      const all = reader.variables.map(({ name }) => name);
      expect(all).toEqual(expect.arrayContaining(['RN', 'RC', 'PRSFC']));
      expect(() => readMeteorology(reader, { ...reader.time, count: 1 }, ['RN', 'PRSFC'])).toThrow(
        failure('FILES_DIFFER', `${lacks}: expected the variable ${lacking} as in ${has} but received none of that name: give files of one run`),
      );
      reader.close();
    }
  });

  test('a first step without the one before', () => {
    const path = write('a.nc', { times: hours(3, 2), fields: rain([7, 8]) });
    expect(read([path], 1, 1)).toEqual([1]);
    expect(() => read([path], 0, 1)).toThrow(
      failure(
        'RAIN_BEFORE',
        `${path}: the rain up to 2017-01-01T03:00Z is a difference from the step before, which no file holds: give the file before, or begin the period a step later`,
      ),
    );
  });
});

describe('times and places', () => {
  const T2 = { T2: { units: 'K', values: even([1, 2]) } };

  test('a file an hour, in any order; a missing hour is named', () => {
    const one = (hour: number): string => write(`${hour}.nc`, { times: hours(hour, 1), fields: { T2: { units: 'K', values: even([hour]) } } });
    const reader = WrfReader.open([one(2), one(0), one(1)], grid);
    expect([...reader.read('TEMP2')].filter((_, i) => i % 4 === 0)).toEqual([0, 1, 2]);
    reader.close();
    const gap = [one(0), one(1), one(3)];
    expect(() => WrfReader.open(gap, grid)).toThrow(
      failure(
        'TIME_GAP',
        `${at('0.nc')} … ${at('3.nc')}: between 2017-01-01T01:00Z and 2017-01-01T03:00Z there is none of the steps of 3600 s that the other times are apart: give the files that lie between`,
      ),
    );
  });

  test('of files of other times beside those that are asked for nothing but the times is looked at', () => {
    const one = (hour: number): string => write(`${hour}.nc`, { times: hours(hour, 1), fields: { T2: { units: 'K', values: even([hour]) } } });
    const elsewhere = new Grid({ ...wrf.definition, yorig: 9e5 });
    const other = write('other.nc', { times: ['2017-03-01_00:00:00', '2017-03-01_01:00:00'], fields: T2, places: elsewhere });
    const opened = jest.spyOn(NetcdfFile, 'open');
    const open = (first: number): number => {
      opened.mockClear();
      const time = { start: new Date(Date.UTC(2017, 0, 1, first)), stepSeconds: 3600, count: 2 };
      const reader = WrfReader.open([other, ...files], grid, time);
      expect(reader.time).toEqual({ ...time, start: new Date(time.start.getTime() - 3_600_000), count: 4 });
      expect([...reader.read('TEMP2')].filter((_, i) => i % 4 === 0)).toEqual([first - 1, first, first + 1, first + 2]);
      reader.close();
      return opened.mock.calls.length;
    };
    const files = [0, 1, 2, 3, 4, 5, 6, 7].map(one);
    expect(open(2)).toBe(9 + 4);
    expect(open(4)).toBe(4); // whose times are known
    opened.mockRestore();
  });

  test('files that reach farther than others are read where the case’s cells are in them', () => {
    const whole = write('0.nc', { times: hours(0, 1), fields: { T2: { units: 'K', values: counted(16) } } });
    const larger = new Grid({ ...wrf.definition, xorig: 990000, yorig: 0, cols: 5, rows: 6 });
    const cut = write('1.nc', { times: hours(1, 1), fields: { T2: { units: 'K', values: counted(30, 100) } }, places: larger });
    const reader = WrfReader.open([whole, cut], grid);
    expect([...reader.read('TEMP2')]).toEqual([5, 6, 9, 10, 112, 113, 117, 118]);
    reader.close();
  });

  test('places that files have in common are looked for in the grid once', () => {
    const paths = counted(3).map((hour) => write(`${hour}.nc`, { times: hours(hour, 1), fields: { T2: { units: 'K', values: even([hour]) } } }));
    const placed = jest.spyOn(Grid.prototype, 'toXY');
    const callsOf = (files: string[]): number => {
      placed.mockClear();
      WrfReader.open(files, grid).close();
      return placed.mock.calls.length;
    };
    expect(callsOf(paths)).toBe(callsOf(paths.slice(1, 2)));
    placed.mockRestore();
  });

  test.each([
    [140, 8],
    [-180, 72],
  ])('a part of WRF’s longitudes, which begin at %d °E and have %d columns of 5°', (xorig, cols) => {
    const degrees = { gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, yorig: 10, xcell: 5, ycell: 5, rows: 4 };
    const places = new Grid({ ...degrees, name: 'wrf', xorig, cols });
    const path = write('a.nc', { times: hours(0, 1), fields: { T2: { units: 'K', values: counted(4 * cols) } }, places });
    const reader = WrfReader.open([path], new Grid({ ...degrees, name: 'inner', xorig: 170, yorig: 15, cols: 2, rows: 1 }));
    expect([...reader.read('TEMP2')]).toEqual([cols + (170 - xorig) / 5, cols + (170 - xorig) / 5 + 1]);
    reader.close();
  });

  test('XTIME where there is no Times', () => {
    const path = write('a.nc', {
      times: ['a', 'b'], fields: T2, noTimes: true,
      extra: 'float XTIME(Time) ; XTIME:units = "minutes since 2017-01-01 00:00:00" ;', data: 'XTIME = 1440, 1500 ;',
    }); // prettier-ignore
    const reader = WrfReader.open([path], grid);
    expect(reader.time.start).toEqual(new Date('2017-01-02T00:00Z'));
    reader.close();
  });

  test('geo_em: no time, heights of the model', () => {
    const path = write('geo_em.nc', { times: ['0000-00-00_00:00:00'], fields: { HGT_M: { units: 'meters MSL', values: counted(16) }, LANDMASK: { units: 'none', values: counted(16) } } }); // prettier-ignore
    const reader = openWeather([path], { grid });
    expect(reader.time).toMatchObject({ stepSeconds: 0, count: 1 });
    expect([...reader.read('HT'), ...reader.read('LWMASK')]).toEqual([5, 6, 9, 10, 5, 6, 9, 10]);
    expect([...readGeography(reader, ['HT'])]).toEqual([5, 6, 9, 10]);
    reader.close();
    // as meteorology, or beside it
    const out = write('wrfout.nc', { times: hours(0, 2), fields: T2 });
    const during = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: 1 };
    for (const [paths, asked] of [[[path], during], [[path, out], during], [[out, path], undefined]] as const) {
      expect(() => openWeather([...paths], { grid, format: 'wrf', during: asked })).toThrow(
        failure('WRF_TIME', `${path}: it holds fields without time (its Times is of the year 0, as in geo_em): give it as geography.files, and WRF's output as meteorology`),
      );
    } // prettier-ignore
  });

  test('cells beside the case’s, too few, no date', () => {
    const remedy = "describe WRF's own grid, or a part of it, in the GRIDDESC (MCIP's GRIDDESC will do), or make the fields on the case's grid";
    const beside = write('a.nc', { times: hours(0, 2), fields: T2, places: new Grid({ ...wrf.definition, xorig: 1002500 }) });
    expect(() => WrfReader.open([beside], grid)).toThrow(
      failure('GRID_MISMATCH', `${beside}: WRF's cells are not those of the case's grid inner: row 1, column 1 lies 0.250 columns and 0.000 rows beside one: ${remedy}`),
    ); // prettier-ignore
    const few = write('b.nc', { times: hours(0, 2), fields: T2, places: new Grid({ ...wrf.definition, xorig: 1020000 }) });
    expect(() => WrfReader.open([few], grid)).toThrow(
      failure('GRID_MISMATCH', `${few}: the case's grid inner needs columns -1 to 0 and rows 1 to 2, but WRF's has 4 x 4: ${remedy}`),
    );
    // another projection: the centre fits, the corners do not
    const turned = write('c.nc', { times: hours(0, 2), fields: T2, places: new Grid({ ...wrf.definition, pGam: 112, xcent: 112 }) });
    expect(() => WrfReader.open([turned], grid)).toThrow(expect.objectContaining({ code: 'GRID_MISMATCH' }) as Error);
    const undated = write('d.nc', { times: ['2017-01-01 00:00:00', '2017-13-01_01:00:00'], fields: T2 });
    expect(() => WrfReader.open([undated], grid)).toThrow(
      failure('WRF_TIME', `${undated}: Times holds "2017-01-01 00:00:00", which is no date such as 2017-01-01_00:00:00: make the file again`),
    );
  });

  test('a variable that is not there, with the channel that needs it', () => {
    const path = write('a.nc', { times: hours(0, 2), fields: { ...T2, U10: { units: 'm s-1', values: even([3, 4]) } } });
    const reader = WrfReader.open([path], grid);
    for (const [channel, name] of Object.entries({ PBL: 'PBLH', u: 'V10', RN: 'RAINNC', WSPD10: 'U10 with V10' })) {
      expect(() => readMeteorology(reader, reader.time, [channel])).toThrow(
        failure(
          'VARIABLE_MISSING',
          `${path}: there is no variable ${name}, which the channel ${channel} needs: leave ${channel} out of meteorology.variables or give files that hold it`,
        ),
      );
    }
    expect(() => reader.read('PBL')).toThrow(
      failure(
        'VARIABLE_MISSING',
        `${path}: there is no variable PBLH, which PBL needs: give files that hold it, or leave its channel out of the case`,
      ),
    );
    reader.close();
  });
});

test('a file that says no places', () => {
  const cdl = wrfCdl({ times: hours(0, 1) });
  const path = ncgen(at('placeless.nc'), cdl.replaceAll('XLAT', 'LATITUDE_OF'), 'netCDF-4');
  expect(() => openWeather([path], { grid })).toThrow(
    failure(
      'WRF_GRID',
      `${path}: there is no XLAT and XLONG on south_north and west_east: give WRF's own output, with all its coordinates, or add them from wrfinput or geo_em (ncks -A -v XLAT,XLONG)`,
    ),
  );
});
