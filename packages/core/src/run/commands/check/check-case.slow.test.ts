import { cpSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';

import { Grid } from '../../../grid/grid';
import { checkedWorld, codes } from '../../testing/checked-world';
import { realInputs } from '../../testing/real-inputs';
import { checkCase } from './check-case';

const checked = checkedWorld();
const { pathOf, input, check, rewrite } = checked;
const { replace, realObservations, firstHours } = realInputs(checked);

test('a case without a fault', async () => {
  const result = await check();
  expect(result.problems).toEqual([]);
  expect(result).toMatchObject({ exitCode: 0, unread: [] });
  expect(result.right.join('\n')).toMatch(
    /grid DEMO: 16 x 16 cells[^]*meteorology, winter: 1 file, 100 hours[^]*stations: \d+ in \d+ cells[^]*memory: [^]*disk: /,
  );
});

test('satellites of a twin, whose columns the reference model makes of its layers', async () => {
  const { problems, right } = await check(['columns={NO2_column: {twin: {}}, NH3_column: {twin: {}}}']);
  expect(problems).toEqual([]);
  const room = (lines: readonly string[]): number => Number(/disk: the run needs about ([\d.]+) GB/.exec(lines.join('\n'))?.[1]);
  expect(room(right)).toBeGreaterThan(1.5 * room((await check()).right));
});

interface Broken {
  what: string;
  damage: () => void;
  set?: string[];
  finds: string[];
  says: RegExp[];
  exit: number;
}

const BROKEN: Broken[] = [
  {
    what: 'slips in the case file, and a file behind them that is missing',
    damage: () => {
      replace('case.yaml', [/hours: 100\n/, 'hours: many\n']);
      writeFileSync(pathOf('case.yaml'), `${readFileSync(pathOf('case.yaml'), 'utf8')}traning: {}\ndevice: tpu\n`);
      rmSync(input('stations.csv'));
    },
    finds: ['CASE_INVALID device', 'CASE_INVALID periods.0.hours', 'CASE_UNKNOWN_KEY traning', 'FILE_MISSING observations.stations.file'],
    says: [/case\.yaml:\d+: unknown key traning: did you mean training\?/, /periods\.0\.hours: expected a whole number \(in h\) but received "many"/],
    exit: 2,
  },
  {
    what: 'rules that tie keys together, and a variable that no file has',
    damage: () => replace('case.yaml', ['- NH3', '- AMMONIA']),
    set: ['training.batch=3', 'withheld.fraction=2', 'periods.0.spinUpHours=100'],
    finds: [
      'CASE_INVALID periods.0.spinUpHours',
      'CASE_INVALID training.batch',
      'CASE_INVALID withheld.fraction',
      'VARIABLE_MISSING emissions.groups.NH3.variables.0',
      'VARIABLE_MISSING emissions.groups.NH3.variables.0',
    ],
    says: [
      /--set training\.batch=3: training\.batch: 3 is odd/,
      /EMIS_winter\.nc: there is no variable AMMONIA; it holds/,
      /EMIS_summer\.nc: there is no variable AMMONIA/,
    ],
    exit: 2,
  },
  {
    what: 'files on another grid, a truncated one and one that is no netCDF',
    damage: () => {
      rewrite('METCRO2D_winter.nc', { grid: (g) => new Grid({ ...g.definition, xorig: g.definition.xorig + 13500 }) });
      truncateSync(input('METCRO2D_summer.nc'), statSync(input('METCRO2D_summer.nc')).size / 2);
      writeFileSync(input('EMIS_summer.nc'), 'hello');
      rewrite('GRIDCRO2D.nc', { grid: (g) => new Grid({ ...g.definition, ycent: 30 }) });
    },
    finds: [
      'FILE_NOT_NETCDF emissions.files',
      'FILE_TRUNCATED meteorology.files',
      'GRID_MISMATCH geography.files',
      'GRID_MISMATCH meteorology.files',
    ],
    says: [
      /METCRO2D_winter\.nc: the case's grid DEMO .* begins -0\.5 columns/,
      /METCRO2D_summer\.nc: the file is truncated/,
      /GRIDCRO2D\.nc: .*YCENT/,
    ],
    exit: 3,
  },
  {
    what: 'hours that are not covered, and a gap between two files',
    damage: () => {
      const hour = 3600_000;
      rewrite('METCRO2D_winter.nc', {
        target: 'METCRO2D_winter_b.nc',
        first: 60,
        time: (t) => ({ ...t, start: new Date(t.start.getTime() + 60 * hour), count: t.count - 60 }),
      });
      rewrite('METCRO2D_winter.nc', { time: (t) => ({ ...t, count: 50 }) });
      rewrite('EMIS_summer.nc', { time: (t) => ({ ...t, count: 60 }) });
    },
    finds: ['PERIOD_NOT_COVERED emissions.files', 'TFLAG_GAP meteorology.files'],
    says: [/METCRO2D_winter_b\.nc: expected to begin at/, /EMIS_summer\.nc: the period is .* but the files hold/],
    exit: 3,
  },
  {
    what: 'units, NaN and a negative emission',
    damage: () => {
      rewrite('EMIS_winter.nc', {
        variables: (v) => v.map((variable) => (variable.name === 'NO' ? { ...variable, units: 'K' } : variable)),
        data: (name, values) => void (name === 'NH3' && values.fill(NaN, 40, 41), name === 'SO2' && values.fill(-1, 3, 4)),
      });
      rewrite('METCRO2D_winter.nc', {
        variables: (v) => v.map((variable) => (variable.name === 'PBL' ? { ...variable, units: 'furlong' } : variable)),
      });
    },
    finds: [
      'NEGATIVE emissions.groups.SO2.variables.0',
      'NOT_FINITE emissions.groups.NH3.variables.0',
      'UNIT_MISMATCH emissions.groups.NOx.variables.0',
      'UNIT_UNKNOWN meteorology.variables.3',
    ],
    says: [/NO \(emissions\.groups\.NOx\): it is in "K"/, /unit "furlong"/, /NH3 is missing or not a number at row 2, column 8/],
    exit: 3,
  },
  {
    what: 'a grid that the GRIDDESC does not hold, globs without files',
    damage: () =>
      replace(
        'case.yaml',
        ['inputs/METCRO2D_{period}*.nc', 'inputs/WRF_{period}*.nc'],
        [/inputs\/GRIDCRO2D\.nc/, 'inputs/GEO.nc'],
        [/name: DEMO\n/, 'name: DEMMO\n'],
      ),
    finds: ['FILES_NONE meteorology.files', 'FILES_NONE meteorology.files', 'FILE_MISSING geography.files', 'GRIDDESC_GRID grid'],
    says: [/it holds 'DEMO'/, /WRF_winter\*\.nc: no file matches/, /WRF_summer\*\.nc: no file matches/],
    exit: 3,
  },
  {
    what: 'the same beside weather that is read on a given grid only, of which nothing can be said',
    damage: () => replace('case.yaml', [/name: DEMO\n/, 'name: DEMMO\n'], [/^meteorology:\n/m, 'meteorology:\n  format: wrf\n']),
    finds: ['GRIDDESC_GRID grid'],
    says: [/it holds 'DEMO'/],
    exit: 3,
  },
  {
    what: 'stations that lie elsewhere, regions outside the grid, a mask that is not there',
    damage: () => {
      writeFileSync(input('stations.csv'), 'id,lon,lat\nA,-100,40\nB,-101,41\nC,,\n');
      const regions = [
        'Ocean: { polygon: [[0, 0], [1, 0], [1, 1]] }',
        'Far: { rows: [500, 510], cols: [0, 3] }',
        'GA: { mask: { file: gone.nc, variable: GA } }',
      ];
      replace('case.yaml', [/^regions:\n/m, `regions:\n${regions.map((region) => `  ${region}\n`).join('')}`]);
    },
    finds: [
      'FILE_MISSING regions.GA',
      'REGION_EMPTY regions.Ocean',
      'REGION_OUTSIDE regions.Far',
      'STATIONS_OUTSIDE_GRID observations.stations.file',
    ],
    says: [/none of 2 stations \(A at -100, 40\) lies inside the grid DEMO/, /regions\.Ocean: no cell of the grid is in it/],
    exit: 2,
  },
  {
    what: 'observations with a column that is missing, a unit that is none and values that make no sense',
    damage: () =>
      realObservations(
        (ids) => firstHours(ids, '90000,-5'),
        'NO2: { column: no2, unit: ug m-3 }, SO2: { column: so2, unit: ppb }, O3: { column: o3, unit: kg }',
      ),
    finds: [
      'COLUMN_MISSING observations.columns.species.SO2',
      'COLUMN_MISSING observations.columns.species.SO2',
      'OBSERVATIONS_ABSURD observations.columns.species.NO2',
      'OBSERVATIONS_ABSURD observations.columns.species.NO2',
      'UNIT_MISMATCH observations.columns.species.O3',
      'UNIT_MISMATCH observations.columns.species.O3',
    ],
    says: [/obs_winter\.csv: there is no column so2/, /NO2: too many values make no sense/, /O3: it is in "kg" but "ppb" was asked for/],
    exit: 3,
  },
  {
    what: 'a unit of a twin that is no concentration',
    damage: () => replace('case.yaml', [/(column: O3\n +unit: )ppb/, '$1kg']),
    finds: ['UNIT_MISMATCH observations.columns.species.O3.unit'],
    says: [/observations\.columns\.species\.O3: it is in "kg" but "ppb" was asked for/],
    exit: 3,
  },
  {
    what: 'a twin without columns',
    damage: () => replace('case.yaml', [/^ {2}columns:\n( {4}.*\n)*/m, '']),
    finds: ['TWIN_OBSERVATIONS observations'],
    says: [/a twin experiment needs observations\.twin and observations\.columns: add both/],
    exit: 2,
  },
  {
    what: 'observations of the spin-up alone',
    damage: () => {
      realObservations((ids) => firstHours(ids, '20,30'));
      replace('inputs/obs_summer.csv', [/2026-07-09/g, '2026-07-08']);
    },
    set: ['inversion.stopOnWithheld=false'],
    finds: ['OBSERVATIONS_NONE_IN_PERIOD observations'],
    says: [/no value of NO2.* falls into the 28 hours from 2026-07-09T00:00Z, of which 8 a day are compared/],
    exit: 3,
  },
  {
    what: "a model's command that is not there, runs that were not brought, a GPU that is missing",
    damage: () => {
      realObservations((ids) => firstHours(ids, '20,30'));
    },
    set: [
      'inversion.stopOnWithheld=false',
      'ctm={kind: command, command: "no-such-cmaq {output}"}',
      'device=cuda:99',
      'members.runs=[{name: high, emissions: "high_{period}.nc", concentrations: "ACONC_high_{period}.nc"}]',
    ],
    finds: [
      'CTM_COMMAND ctm.command',
      'DEVICE_CUDA_MISSING device',
      'FILE_MISSING members.runs.0.concentrations',
      'FILE_MISSING members.runs.0.concentrations',
      'FILE_MISSING members.runs.0.emissions',
      'FILE_MISSING members.runs.0.emissions',
    ],
    says: [/the program no-such-cmaq is not there/, /high_winter\.nc: there is no such file/, /device cuda:99/],
    exit: 2,
  },
  {
    what: 'training that would fail after all runs of the model, and tiles that would after training',
    damage: () => undefined,
    set: ['training.crop=64', 'training.testMembers=0', 'training.testFraction=0', 'tileCells=8'],
    finds: ['CASE_CROP training.crop', 'CASE_TEST_FRACTION training', 'CASE_TEST_FRACTION training', 'CASE_TILE_CELLS tileCells'],
    says: [/training\.crop: 64 cells do not fit in a domain of 16 x 16/, /leaves no day of summer to test on/],
    exit: 2,
  },
  {
    what: 'a period that its spin-up leaves nothing of',
    damage: () => undefined,
    set: ['periods=[{name: winter, start: 2026-01-05T00:00:00Z, hours: 90, spinUpHours: 72}]'],
    finds: ['PERIOD_TOO_SHORT training'],
    says: [/period winter: 90 hours are too few for a window of \d+ h and 72 h of spin-up/],
    exit: 3,
  },
  {
    what: 'a truth without its periods, settings of the model that there are not, one station twice',
    damage: () => {
      replace('case.yaml', [/truth_factors\.nc/, 'other.nc']);
      const [head, first, ...rest] = readFileSync(input('stations.csv'), 'utf8').split('\n');
      const [id, ...others] = first.split(',');
      writeFileSync(input('stations.csv'), [head, first, [id, '100', '20', ...others.slice(2)].join(','), ...rest].join('\n'));
    },
    set: ['ctm.options.honoRat=1'],
    finds: ['CTM_OPTION ctm.options', 'FILE_MISSING truth.factors', 'STATION_TWICE observations.stations.file'],
    says: [/ctm\.options\.honoRat: the reference model has no such setting/, /station \S+ stands at .* and at 100, 20/],
    exit: 2,
  },
  {
    what: 'runs of what is in doubt: a setting that the model has not, and a part that varies by the metre',
    damage: () => undefined,
    set: [
      `inversion.nuisance.runs=[${[
        '{name: a, options: {wind: 2}, spread: 1}',
        '{name: b, options: {windTurn: 9}, spread: 1, varies: {hours: 1, km: 1}}',
        '{name: c, windErrors: {draws: 99, speed: 0.1, direction: 5}, spread: 1, varies: {hours: 1, km: 60}}',
      ].join()}]`,
    ],
    finds: [
      'CTM_OPTION inversion.nuisance.runs.0.options',
      'NUISANCE_NODES inversion.nuisance.runs.1.varies',
      'NUISANCE_NODES inversion.nuisance.runs.2.varies',
    ],
    says: [
      /runs\.0\.options\.wind: the reference model has no such setting/,
      /runs: b: varies makes \d+ numbers of its part, more than 100000: give more hours or km$/m,
      /runs: c: varies makes \d+ numbers of its part, more than 100000: give more hours or km, or fewer draws/,
    ],
    exit: 2,
  },
];

test.each(BROKEN)('$what', async ({ damage, set, finds, says, exit }) => {
  damage();
  const result = await check(set);
  expect(codes(result)).toEqual([...finds].sort());
  const said = result.problems.map(({ message }) => message).join('\n');
  for (const expected of says) expect(said).toMatch(expected);
  // Where to look, and what to do.
  for (const { place, message } of result.problems) {
    expect(place).toMatch(/case\.yaml:\d+$|^--set /);
    expect(message).toMatch(/: .{15,}|\?$/);
  }
  expect(result.exitCode).toBe(exit);
});

test.each(['', '/below/it'])('a run folder FILE%s, where a file stands in the way', async (below) => {
  writeFileSync(pathOf('file'), '');
  const { problems, exitCode } = await checkCase(pathOf('case.yaml'), { out: pathOf(`file${below}`) });
  expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    `WRITE_FAILED ${pathOf('file')}: this folder cannot be made (a file is in its place): give another place, where folders can be made`,
  ]);
  expect(exitCode).toBe(3);
});

test('files of a section that cannot be read are not looked at, and the rest is', async () => {
  replace('case.yaml', [/name: DEMO\n/, 'nome: DEMO\n']);
  rmSync(input('METCRO2D_winter.nc'));
  const result = await check();
  expect(result.unread).toEqual(['grid']);
  expect(codes(result)).toEqual(['CASE_INVALID grid.name', 'CASE_UNKNOWN_KEY grid.nome', 'FILES_NONE meteorology.files']);
});

describe('of a section that could not be understood nothing is told', () => {
  const SAID = { runs: /will be run \d+ times/, memory: /^memory: /m, disk: /^disk: /m, device: /^device: /m };
  type Said = keyof typeof SAID;
  const ALL = Object.keys(SAID) as Said[];
  const told = async (...set: string[]): Promise<string> => {
    const { problems, right, notes } = await check(set);
    return [...problems.map(({ message }) => message), ...right, ...notes].join('\n');
  };

  test('as it is there, all is told', async () => {
    const text = await told();
    for (const each of ALL) expect(text).toMatch(SAID[each]);
    expect(text).toMatch(/will be run \d+ times \(.*\), \d+ hours in all/);
    expect(text).toMatch(/members\.count: 6 would make it 20 times/);
  });

  test.each<[string, string, Said[]]>([
    ['periods', 'periods.0.hours=many', ['runs', 'memory', 'disk']],
    ['members, whose default stands in', 'members.count=many', ['runs', 'memory', 'disk']],
    ['members, a key of which is unknown', 'members.cuont=3', ['runs', 'memory', 'disk']],
    ['loop', 'loop.passes=many', ['runs', 'disk']],
    ['certificate', 'certificate.patches.count=many', ['runs']],
    ['meteorology', 'meteorology.variables=7', ['memory', 'disk']],
    ['emissions', 'emissions.groups=7', ['memory', 'disk']],
    ['surrogate', 'surrogate.tracers=many', ['memory']],
    ['device', 'device=tpu', ['device']],
    ['precision', 'precision=half', ['device']],
  ])('%s', async (_, set, rests) => {
    const text = await told(set);
    expect(ALL.filter((each) => !SAID[each].test(text))).toEqual(rests);
    expect(text).not.toMatch(/20000/);
  });

  test('nor by the variables of emissions of runs that were brought', async () => {
    cpSync(input('EMIS_winter.nc'), input('high_winter.nc'));
    cpSync(input('EMIS_summer.nc'), input('high_summer.nc'));
    const brought = 'members.runs=[{name: high, emissions: "inputs/high_{period}.nc", concentrations: "inputs/ACONC_{period}.nc"}]';
    expect(await told(brought)).toMatch(/^emissions of high, winter: /m);
    expect(codes(await check([brought, 'emissions.groups=7']))).not.toContainEqual(expect.stringContaining('VARIABLE_MISSING'));
  });

  test('nor by the hours that an inversion compares', async () => {
    realObservations((ids) => firstHours(ids, '20,30'));
    replace('inputs/obs_summer.csv', [/2026-07-09/g, '2026-07-08']);
    const found = async (set: string): Promise<string[]> => codes(await check(['inversion.stopOnWithheld=false', set]));
    expect(await found('inversion.hoursPerDay=4')).toEqual(['OBSERVATIONS_NONE_IN_PERIOD observations']);
    expect(await found('inversion.nuisance.runs=[{}]')).toEqual([
      'CASE_INVALID inversion.nuisance.runs.0.name',
      'CASE_INVALID inversion.nuisance.runs.0.spread',
    ]);
  });

  test('nor of doubts', async () => {
    const blocks = 'withheld.blockCells=4';
    expect(await told(blocks)).toMatch(/withheld\.blockCells: blocks of 4 cells/);
    expect(await told(blocks, 'inversion.lengthKm=many')).not.toMatch(/blocks of 4 cells/);
  });

  test('nor of room for a folder that the name of the case would tell', async () => {
    const { problems, right } = await checkCase(pathOf('case.yaml'), { set: ['name=7'] });
    expect(problems.map(({ key }) => key)).toEqual(['name']);
    expect(right.join('\n')).not.toMatch(SAID.disk);
  });
});

test('regions that go beyond the grid', async () => {
  const { problems } = await check([
    'regions={ whole: { rows: [0, 15], cols: [0, 15] }, tall: { rows: [8, 99], cols: [0, 3] }, wide: { rows: [8, 9], cols: [0, 16] } }',
  ]);
  expect(problems.map(({ code, key, message }) => `${code} ${key}: ${message}`)).toEqual([
    'REGION_OUTSIDE regions.tall: regions: rows [8, 99] goes beyond the grid DEMO, whose 16 rows are 0 to 15: end it at 15 at most',
    'REGION_OUTSIDE regions.wide: regions: cols [0, 16] goes beyond the grid DEMO, whose 16 columns are 0 to 15: end it at 15 at most',
  ]);
});

test('a group that no cell emits is told', async () => {
  rewrite('EMIS_winter.nc', { data: (name, data) => void (name === 'NH3' && data.fill(0)) });
  const { problems, notes } = await check();
  expect(problems).toEqual([]);
  expect(notes).toContain('prior emissions, winter: NH3 is 0 in every cell of the hours that were looked at');
  expect(notes.join('\n')).not.toMatch(/(NOx|SO2|VOC|PM2\.5) is 0|summer: NH3/);
});

test('a key that does nothing is told, where it was written', async () => {
  const { problems, notes } = await check(['loop.iterations=5']);
  expect(problems).toEqual([]);
  expect(notes).toContain('--set loop.iterations=5: loop.iterations does nothing: with passes: 1 there is no loop');
});

test('settings with which monitors say more than they know are told', async () => {
  const { problems, notes } = await check([
    'withheld.blockCells=4',
    'crossValidation.folds=2',
    'crossValidation.hoursPerDay=1',
    'crossValidation.try.errorScale=[2]',
    'inversion.errorCorrelation.hours=0',
    'inversion.dailyMeans=false',
  ]);
  expect(problems).toEqual([]);
  expect(notes.join('\n')).toMatch(/withheld\.blockCells: blocks of 4 cells \(108 km\) are narrower than twice inversion\.lengthKm \(81 km\)/);
  expect(notes.join('\n')).toMatch(/crossValidation\.hoursPerDay: spreads and errors are chosen at 1 hour a day and used at 8/);
  expect((await check()).notes.join('\n')).not.toMatch(/blockCells|crossValidation/);
});
