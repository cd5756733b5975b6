// Turns the public data of January 2017 into the inputs of case.yaml on the grid cn27.
//
//   node examples/china-201701/prepare-inputs.mjs DATA_DIR OUT_DIR [HOURS]
//
// DATA_DIR holds china-201701/, ioapi/ and geography/ (where they come from: docs/cases/china.md). OUT_DIR gets case.yaml and inputs/:
// keep it outside the repository. HOURS (default 744, the month) is for a quick look. Every assumption is a sentence in case.yaml; the numbers stand in prepare/*.mjs.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IoapiWriter, readGriddesc, writeGriddesc } from '@retroplume/core';
import { makeInventory } from './prepare/inventory.mjs';
import { makeTerrain } from './prepare/terrain.mjs';
import { makeWeather } from './prepare/weather.mjs';
import { makeWinds } from './prepare/winds.mjs';

const MOLAR_MASS = { NOx: 46.0055, NH3: 17.031, SO2: 64.066, VOC: 40 };

const [dataDir, outDir, hours = '744'] = process.argv.slice(2);
const TIME = { start: new Date('2017-01-01T00:00:00Z'), stepSeconds: 3600, count: Number(hours) };
if (!dataDir || !outDir || !(TIME.count >= 1 && TIME.count <= 744)) {
  console.error('usage: node examples/china-201701/prepare-inputs.mjs DATA_DIR OUT_DIR [HOURS: 1 to 744]');
  process.exit(2);
}
const missing = [
  ...['GRIDDESC', 'stations.csv', 'obs_daily.csv.gz', 'wind_1deg_daily_201701.csv.gz', 'beijing_hourly_201701.csv.gz'].map((name) => `china-201701/${name}`),
  'china-201701/TROPESS_reanalysis_mon_emi_nox_anth_2021.nc',
  'ioapi/cmaq_ready.egts_l.2010.01.THU.KNU_27_01.CO.ncf',
  'geography/altitude_0.05deg_100-128E_16-48N.npy',
  'geography/china_provinces_echarts4.geojson',
].filter((name) => !existsSync(join(dataDir, name)));
if (missing.length > 0) {
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
  console.error(
    `prepare-inputs: expected ${missing[0]}${more} in ${dataDir} but did not find ${missing.length > 1 ? 'them' : 'it'}: give the folder that holds china-201701/, ioapi/ and geography/ (where they come from: docs/cases/china.md)`,
  );
  process.exit(3);
}
const inputs = join(outDir, 'inputs');
mkdirSync(inputs, { recursive: true });

const grid = readGriddesc(join(dataDir, 'china-201701', 'GRIDDESC'), 'cn27');
say('terrain');
const terrain = makeTerrain(grid, dataDir);
writeStatic(terrain);
say('winds and weather');
writeMeteorology(makeWinds(terrain, dataDir), makeWeather(terrain, dataDir));
say('emissions');
writeEmissions(makeInventory(terrain, dataDir));
writeGriddesc(join(inputs, 'GRIDDESC'), grid);
for (const name of ['stations.csv', 'obs_daily.csv.gz']) copyFileSync(join(dataDir, 'china-201701', name), join(inputs, name));
copyFileSync(join(dirname(fileURLToPath(import.meta.url)), 'case.yaml'), join(outDir, 'case.yaml'));
say(`done: ${join(outDir, 'case.yaml')}`);

function say(text) {
  console.error(`prepare-inputs: ${text}`);
}

function writeStatic({ lon, lat, height, land }) {
  const fields = { LAT: ['DEGREES', lat], LON: ['DEGREES', lon], HT: ['M', height], LWMASK: ['CATEGORY', land] };
  const variables = Object.entries(fields).map(([name, [units]]) => ({ name, units }));
  const time = { start: TIME.start, stepSeconds: 0, count: 1 };
  write('GRIDCRO2D.nc', variables, time, () => Object.fromEntries(Object.entries(fields).map(([name, [, data]]) => [name, data])));
}

/** Winds as MCIP gives them: speed, and the direction from which they blow, clockwise from true north (so nothing is turned to the grid here). */
function writeMeteorology(windsAt, weatherAt) {
  const units = { TEMP2: 'K', Q2: 'KG/KG', PRSFC: 'Pascal', PBL: 'M', RGRND: 'WATTS/M**2', RN: 'CM', WSPD10: 'M/S', WDIR10: 'DEGREES' };
  write('METCRO2D_january.nc', Object.entries(units).map(([name, unit]) => ({ name, units: unit })), TIME, (hour) => {
    const { u, v } = windsAt(hour);
    const speed = u.map((east, i) => Math.hypot(east, v[i]));
    const direction = u.map((east, i) => ((Math.atan2(-east, -v[i]) * 180) / Math.PI + 360) % 360);
    return { ...weatherAt(hour, { u, v }), WSPD10: speed, WDIR10: direction };
  });
}

function writeEmissions({ maps, hourFactor, nationalRate }) {
  say(`over China at January's rate, Mt a-1: ${Object.keys(maps).map((group) => `${group} ${nationalRate(group).toFixed(2)}`).join(', ')}`);
  const units = { NO: 'moles/s', NO2: 'moles/s', NH3: 'moles/s', SO2: 'moles/s', VOC: 'moles/s', PM25: 'g/s' };
  write('EMIS_january.nc', Object.entries(units).map(([name, unit]) => ({ name, units: unit })), TIME, (hour) => {
    const grams = (group, scale) => {
      const factor = 1000 * scale * hourFactor(group, hour);
      const out = new Float32Array(maps[group].length);
      for (let i = 0; i < out.length; i++) out[i] = factor * maps[group][i];
      return out;
    };
    const moles = (group, scale = 1) => grams(group, scale / MOLAR_MASS[group]);
    return { NO: moles('NOx', 0.9), NO2: moles('NOx', 0.1), NH3: moles('NH3'), SO2: moles('SO2'), VOC: moles('VOC'), PM25: grams('PM2.5', 1) };
  });
}

function write(name, variables, time, fieldsAt) {
  const writer = IoapiWriter.create(join(inputs, name), { grid, time, layers: 1, variables });
  try {
    for (let step = 0; step < time.count; step++) {
      const fields = fieldsAt(step);
      for (const variable of variables) writer.write(variable.name, step, fields[variable.name]);
    }
  } catch (error) {
    writer.abort();
    throw error;
  }
  writer.close();
}
