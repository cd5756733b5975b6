// Memory for an I/O API file that is larger than memory: a file of GB gigabytes (sparse: it takes a few megabytes of disk) is read as
// emissions of a month, and every variable of it is scaled and written again (that copy is written in full: mind the disk). Each runs in a
// process of its own, whose largest resident memory is printed. Needs the built packages (npm run build).
//
//   node tools/bench/large-file.mjs [GB] [read|scale]     10 GB and read by default; files go to TMPDIR and are deleted
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);
const { NetcdfFile } = require(join(root, 'packages/native'));
const core = (path) => require(join(root, 'packages/core/dist', path));

const VARIABLES = ['NO', 'NO2', 'NH3', 'SO2', 'VOC', 'PM25'];
const GROUPS = {
  NOx: { variables: ['NO', 'NO2'], molarMass: 46 },
  NH3: { variables: ['NH3'], molarMass: 17 },
  SO2: { variables: ['SO2'], molarMass: 64 },
  VOC: { variables: ['VOC'], molarMass: 28 },
  'PM2.5': { variables: ['PM25'] },
};
const [ROWS, COLS, HOURS] = [182, 232, 744];
const TIME = { start: new Date('2017-01-01T00:00Z'), stepSeconds: 3600, count: HOURS };

/** The paper's month with as many layers as make up the size; only the last row of PM25's top layer is written, with the number of the hour. */
function make(path, gigabytes) {
  const { toIoapiTime } = core('files/ioapi/ioapi-header.js');
  const { timeAt } = core('grid/grid.js');
  const layers = Math.max(1, Math.round((gigabytes * 1e9) / (4 * ROWS * COLS * HOURS * VARIABLES.length)));
  const file = NetcdfFile.create(path, '64bit', false);
  const whole = {
    FTYPE: 1,
    SDATE: 2017001,
    STIME: 0,
    TSTEP: 10000,
    NTHIK: 1,
    NCOLS: COLS,
    NROWS: ROWS,
    NLAYS: layers,
    NVARS: VARIABLES.length,
    GDTYP: 2,
  };
  const real = { P_ALP: 25, P_BET: 40, P_GAM: 110, XCENT: 110, YCENT: 34, XORIG: -3132000, YORIG: -2457000, XCELL: 27000, YCELL: 27000 };
  for (const [name, value] of Object.entries(whole)) file.putAttribute('', name, Int32Array.of(value));
  for (const [name, value] of Object.entries(real)) file.putAttribute('', name, value);
  file.putAttribute('', 'GDNAM', 'cn27');
  file.putAttribute('', 'VAR-LIST', VARIABLES.map((name) => name.padEnd(16)).join(''));
  for (const [name, length] of Object.entries({ TSTEP: 'unlimited', 'DATE-TIME': 2, LAY: layers, VAR: VARIABLES.length, ROW: ROWS, COL: COLS })) {
    file.defineDimension(name, length);
  }
  file.defineVariable('TFLAG', 'int', ['TSTEP', 'VAR', 'DATE-TIME']);
  for (const name of VARIABLES) {
    file.defineVariable(name, 'float', ['TSTEP', 'LAY', 'ROW', 'COL']);
    file.putAttribute(name, 'units', name === 'PM25' ? 'g/s' : 'moles/s');
  }
  file.endDefine();
  for (let hour = 0; hour < HOURS; hour++) {
    const flag = toIoapiTime(timeAt(TIME, hour));
    file.write('TFLAG', [hour, 0, 0], [1, VARIABLES.length, 2], Int32Array.from(VARIABLES.flatMap(() => flag)));
    file.write('PM25', [hour, layers - 1, ROWS - 1, 0], [1, 1, 1, COLS], new Float32Array(COLS).fill(hour + 1));
  }
  file.close();
}

function assertHour(found, hour) {
  if (Math.abs(found / hour - 1) > 1e-5) throw new Error(`hour ${hour}: expected ${hour} g/s in the last row but received ${found}`);
}

const JOBS = {
  read(path) {
    const { IoapiSeries } = core('files/ioapi/ioapi-series.js');
    const series = IoapiSeries.open([path]);
    const emissions = core('case/gridded/case-fields.js').readEmissions(series, TIME, GROUPS);
    for (const hour of [1, 400, HOURS]) assertHour(emissions[((hour - 1) * ROWS * COLS + (ROWS - 1) * COLS) * 5 + 4] * 27000 ** 2 * 1000, hour);
    return emissions.byteLength;
  },
  scale(path) {
    const copy = `${path}.scaled`;
    core('inventory/scaling/scaled-emissions.js').writeScaledEmissions([path], copy, new Float32Array(ROWS * COLS * 5).fill(2), GROUPS);
    const file = core('files/ioapi/ioapi-file.js').IoapiFile.open(copy);
    for (const hour of [1, 400, HOURS]) assertHour(file.read('PM25', hour - 1, 1, file.layers - 1)[(ROWS - 1) * COLS] / 2, hour);
    file.close();
    return 0;
  },
};

const [first = '10', job = 'read', path] = process.argv.slice(2);
if (path !== undefined) {
  const started = Date.now();
  const result = JOBS[job](path);
  const peak = process.resourceUsage().maxRSS * 1024;
  const seconds = (Date.now() - started) / 1000;
  console.log(`${job}: ${(peak / 1e6).toFixed(0)} MB at most, ${(result / 1e6).toFixed(0)} MB of them the result; ${seconds.toFixed(0)} s`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'retroplume-large-'));
  try {
    const file = join(folder, 'EMIS.nc');
    make(file, Number(first));
    console.log(`a file of ${(statSync(file).size / 1e9).toFixed(1)} GB`);
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), first, job, file], { stdio: 'inherit' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
