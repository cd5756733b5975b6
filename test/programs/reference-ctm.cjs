/**
 * A transport model that Retroplume does not know: a program that reads emission files and leaves files, as CMAQ would. Inside it is the reference model.
 *
 *   node reference-ctm.cjs FOLDER OUTPUT RUN PERIOD START HOURS EMISSIONS…
 *
 * FOLDER/inputs holds meteorology and geography. Every start is noted in FOLDER/ctm.log. FOLDER/trouble.json, `{ run, period, kind }`, makes one run go wrong:
 * `exit` (code 3, after a word on stderr), `missing` (nothing is left), `truncated` (half of the file), `hang` (never ends), `worse` (three times the emissions).
 */
const { appendFileSync, existsSync, readFileSync, statSync, truncateSync } = require('node:fs');
const { join } = require('node:path');
const { expandGlob } = require('../../packages/core/dist/files/glob.js');
const { runReferenceModel } = require('../../packages/core/dist/transport/reference/reference-model.js');

const CELLS = 16 * 16;
const GROUPS = {
  NOx: { variables: ['NO', 'NO2'], molarMass: 46.0055 },
  NH3: { variables: ['NH3'], molarMass: 17.031 },
  SO2: { variables: ['SO2'], molarMass: 64.066 },
  VOC: { variables: ['VOC'], molarMass: 40 },
  'PM2.5': { variables: ['PM25'] },
};

const [folder, outputFolder, run, period, start, hours, ...emissionFiles] = process.argv.slice(2);
const output = join(outputFolder, 'CCTM_ACONC.nc');

function troubleOf() {
  const path = join(folder, 'trouble.json');
  const trouble = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  return trouble.run === run && trouble.period === period ? trouble.kind : undefined;
}

async function main() {
  appendFileSync(join(folder, 'ctm.log'), `${run} ${period}\n`);
  const trouble = troubleOf();
  if (trouble === 'exit') {
    process.stderr.write('CFL number exceeded\n');
    process.exit(3);
  }
  if (trouble === 'missing') return;
  if (trouble === 'hang') {
    setTimeout(() => undefined, 600e3);
    return;
  }
  await runReferenceModel({
    emissionFiles,
    meteorologyFiles: expandGlob(join(folder, `inputs/METCRO2D_${period}*.nc`)),
    geographyFiles: [join(folder, 'inputs/GRIDCRO2D.nc')],
    output,
    period: { start: new Date(start), hours: Number(hours) },
    groups: GROUPS,
    variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' },
    factors: trouble === 'worse' ? new Float32Array(CELLS * 5).fill(3) : undefined,
  });
  if (trouble === 'truncated') truncateSync(output, statSync(output).size / 2);
}

void main();
