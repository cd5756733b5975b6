/** A folder as a user of CMAQ has it: daily files of MCIP and of emissions, a GRIDDESC, a list of stations and a table of what they measured. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoapiFile } from '../../packages/core/src/files/ioapi/ioapi-file';
import { IoapiWriter } from '../../packages/core/src/files/ioapi/ioapi-writer';
import type { EmissionGroups } from '../../packages/core/src/inventory/reading/emission-reader';
import { runReferenceModel } from '../../packages/core/src/transport/reference/reference-model';
import { writeDemoWorld } from '../../packages/core/src/worlds/demo-world';

const START = new Date('2026-01-05T00:00:00Z');
export const DAYS = 4;
const CELLS = 16;
const MONITORS = 30;
const GROUPS: EmissionGroups = {
  NOx: { variables: ['NO', 'NO2'], molarMass: 46.0055 },
  NH3: { variables: ['NH3'], molarMass: 17.031 },
  SO2: { variables: ['SO2'], molarMass: 64.066 },
  VOC: { variables: ['VOC'], molarMass: 40 },
  'PM2.5': { variables: ['PM25'] },
};
/** The demo's lumped species as species of CB6 and AERO7, and the share of each. */
const SPECIATION: Record<string, Record<string, number>> = {
  VOC: { PAR: 0.8, TOL: 0.1, FORM: 0.1 },
  PM25: { PEC: 0.2, POC: 0.3, PMOTHR: 0.5 },
};

const dayOf = (day: number): Date => new Date(START.getTime() + day * 86_400_000);
const nameOf = (day: number): string => dayOf(day).toISOString().slice(0, 10).replaceAll('-', '');

/** A file of many days as files of one day, of which each ends with the first hour of the next. */
function splitIntoDays(source: string, target: string, speciation: typeof SPECIATION = {}): void {
  const file = IoapiFile.open(source);
  const parts = file.variables.flatMap(({ name, units }) =>
    Object.entries(speciation[name] ?? { [name]: 1 }).map(([part, share]) => ({ name: part, units, from: name, share })),
  );
  for (let day = 0; day < DAYS; day++) {
    const writer = IoapiWriter.create(`${target}_${nameOf(day)}.nc`, {
      grid: file.grid,
      time: { start: dayOf(day), stepSeconds: 3600, count: 25 },
      layers: 1,
      variables: parts.map(({ name, units }) => ({ name, units })),
    });
    for (const { name, from, share } of parts) {
      writer.write(
        name,
        0,
        file.read(from, 24 * day, 25).map((value) => value * share),
      );
    }
    writer.close();
  }
  file.close();
}

/** Concentrations of the emissions as they truly are, at the stations: hours in the table are UTC and say so, units are in the names of the columns. */
async function writeObserved(world: string, inputs: string): Promise<void> {
  const output = join(world, 'truth.nc');
  const factors = Float32Array.from({ length: CELLS * CELLS * 5 }, (_, i) => (Math.floor(i / 5) % CELLS < CELLS / 2 ? 1.4 : 0.8));
  await runReferenceModel({
    emissionFiles: [join(world, 'inputs/EMIS_winter.nc')],
    meteorologyFiles: [join(world, 'inputs/METCRO2D_winter.nc')],
    geographyFiles: [join(world, 'inputs/GRIDCRO2D.nc')],
    output,
    period: { start: START, hours: 24 * DAYS },
    groups: GROUPS,
    variables: { NO2: 'NO2', SO2: 'SO2', O3: 'O3', 'PM2.5': 'PM25' },
    factors,
  });
  const truth = IoapiFile.open(output);
  const fields = ['NO2', 'SO2', 'O3', 'PM25'].map((name) => truth.read(name));
  const scales = ['NO2', 'SO2', 'O3', 'PM25'].map((name) => (truth.variables.find((each) => each.name === name)?.units.startsWith('ppm') ? 1000 : 1));
  const stations = readFileSync(join(inputs, 'stations.csv'), 'utf8').trim().split('\n').slice(1);
  const lines = ['station,time,NO2,SO2,O3,PM25'];
  for (let hour = 0; hour < 24 * DAYS; hour++) {
    const time = new Date(START.getTime() + hour * 3_600_000).toISOString().slice(0, 16);
    for (const line of stations) {
      const [id, lon, lat] = line.split(',');
      const cell = truth.grid.cellAt(Number(lon), Number(lat));
      if (!cell) continue;
      const index = (hour * CELLS + cell.row) * CELLS + cell.col;
      lines.push([id, `${time}Z`, ...fields.map((field, i) => (field[index] * scales[i]).toFixed(3))].join(','));
    }
  }
  truth.close();
  writeFileSync(join(inputs, 'obs_202601.csv'), `${lines.join('\n')}\n`);
}

/** Writes the files into `inputs`, which it makes. */
export async function writeCmaqFolder(inputs: string): Promise<void> {
  const world = mkdtempSync(join(tmpdir(), 'cmaq-world-'));
  try {
    await writeDemoWorld(world, { size: 'quick', rows: CELLS, cols: CELLS, hours: 24 * DAYS + 1, spinUpHours: 24, stations: MONITORS });
    mkdirSync(inputs, { recursive: true });
    for (const name of ['GRIDDESC', 'GRIDCRO2D.nc', 'stations.csv']) cpSync(join(world, 'inputs', name), join(inputs, name));
    splitIntoDays(join(world, 'inputs/METCRO2D_winter.nc'), join(inputs, 'METCRO2D'));
    splitIntoDays(join(world, 'inputs/EMIS_winter.nc'), join(inputs, 'EMIS'), SPECIATION);
    await writeObserved(world, inputs);
  } finally {
    rmSync(world, { recursive: true, force: true });
  }
}
