/**
 * The file that a run leaves for columns beside its surface concentrations: gases in the model's layers, and the layers themselves as METCRO3D has them. They are instants: the start
 * of the run and the end of every hour, each with the layers of the hour that ends (the first with those of the hour that begins).
 *
 *   DENS[k] = M · air[k] / (ZF[k] − ZF[k−1])
 *
 * with the model's own air (mol m-2), so that partial columns hold its moles. That air is not hydrostatic: the mixed layer has the density of its ground up to its top. PRES is the
 * weight of this air from the pressure of the ground up, as readModelLayers (columns/model-layers.ts) takes it: p · exp(g · DENS · (ZH − bottom) / p) is the pressure at the bottom
 * of a layer with p in its middle. So pressures and moles tell of the same air, and the lowest edge is the model's pressure at the ground.
 */
import { rmSync } from 'node:fs';
import type { TransportHour, TransportModel, TransportOutput, TransportProfiles } from '@retroplume/native';
import { knownSpecies } from '../../base/species';
import { AIR_MOLAR_MASS, GRAVITY } from '../../columns/model-layers';
import { IoapiWriter } from '../../files/ioapi/ioapi-writer';
import type { Grid, TimeAxis } from '../../grid/grid';
import type { OutputNames } from '../surface-output';

export interface LayersOutput {
  /** of the I/O API file to write */
  path: string;
  /** variable of the file for each gas */
  variables: OutputNames;
}

/** The I/O API's number for what is not known: the model's layers are no levels of its kinds. */
const NOT_KNOWN = -9999;

/** Pa at the ground where the weather has none, as in the model. */
const STANDARD_PRESSURE = 101325;

/**
 * Of the middle of a layer the most of g · DENS · (ZH − bottom) / PRES. Above 1 no pressure in the middle goes with the bottom's, and near it the air would be colder than any. A
 * mixed layer of uniform density reaches it at a depth of 6 km: above that its pressure at the ground comes out too high.
 */
const DEEPEST = 0.7;

const AIR_VARIABLES = [
  { name: 'PRES', units: 'Pa', description: 'Pressure in the middle of the layer' },
  { name: 'DENS', units: 'kg m-3', description: 'Density of air, mean of the layer' },
  { name: 'ZF', units: 'm', description: 'Height of the top of the layer above the ground' },
  { name: 'ZH', units: 'm', description: 'Height of the middle of the layer above the ground' },
];

export class LayersFile {
  private isClosed = false;

  private constructor(
    private readonly output: LayersOutput,
    private readonly writer: IoapiWriter,
    private readonly layers: number,
  ) {}

  /** @throws {DataError} as {@link IoapiWriter.create} */
  static create(output: LayersOutput, grid: Grid, period: TimeAxis, layers: number, history: string): LayersFile {
    const gases = Object.entries(output.variables).map(([gas, name]) => ({
      name,
      units: 'ppbV',
      description: `${knownSpecies(gas)?.longName ?? gas}, instant`,
    }));
    const writer = IoapiWriter.create(output.path, {
      grid,
      time: { ...period, count: period.count + 1 },
      layers,
      variables: [...gases, ...AIR_VARIABLES],
      attributes: {
        FILEDESC: 'Gases in layers, instants (CONC), with the air of the layers',
        HISTORY: history,
        VGTYP: Int32Array.of(NOT_KNOWN),
        VGTOP: Float32Array.of(NOT_KNOWN),
        VGLVLS: Float32Array.from({ length: layers + 1 }, (_, edge) => edge),
      },
    });
    return new LayersFile(output, writer, layers);
  }

  /** What the run begins with. @param hour - the first */
  async writeStart(model: TransportModel, hour: TransportHour): Promise<void> {
    await this.write(model, hour, 0);
  }

  /** What an hour has left. @param index - of the hour in the run */
  async writeEnd(model: TransportModel, hour: TransportHour, index: number): Promise<void> {
    await this.write(model, hour, index + 1);
  }

  private async write(model: TransportModel, hour: TransportHour, step: number): Promise<void> {
    const { variables } = this.output;
    const profiles = await model.profiles(hour, Object.keys(variables) as TransportOutput[]); // which refuses others
    const size = profiles.air.length;
    Object.values(variables).forEach((name, i) =>
      this.writer.write(name, step, Float32Array.from(profiles.values.subarray(i * size, (i + 1) * size))),
    );
    for (const [name, field] of Object.entries(airOf(profiles, this.layers, hour.pressure))) this.writer.write(name, step, field);
  }

  /** Ends the file and gives it its name. */
  close(): void {
    this.writer.close();
    this.isClosed = true;
  }

  /** Gives up and leaves nothing behind, of a file that was closed, too. */
  abort(): void {
    if (this.isClosed) rmSync(this.output.path, { force: true });
    else this.writer.abort();
  }
}

/** PRES, DENS, ZF and ZH, `[layers, rows, cols]` each. @param ground - Pa */
function airOf({ tops, air }: TransportProfiles, layers: number, ground?: ArrayLike<number>): Record<string, Float32Array> {
  const cells = tops.length / layers;
  const [PRES, DENS, ZF, ZH] = Array.from({ length: 4 }, () => new Float32Array(tops.length));
  for (let cell = 0; cell < cells; cell++) {
    let [edge, bottom] = [ground?.[cell] ?? STANDARD_PRESSURE, 0];
    for (let i = cell; i < tops.length; i += cells) {
      ZF[i] = tops[i];
      ZH[i] = (bottom + ZF[i]) / 2;
      DENS[i] = (AIR_MOLAR_MASS * air[i]) / (ZF[i] - bottom); // of heights as the file holds them
      const pressure = middlePressure(edge, GRAVITY * DENS[i] * (ZH[i] - bottom));
      PRES[i] = pressure;
      edge = pressure * Math.exp((-GRAVITY * DENS[i] * (ZF[i] - ZH[i])) / pressure);
      bottom = ZF[i];
    }
  }
  return { PRES, DENS, ZF, ZH };
}

/** p of p · exp(weight / p) = edge: y = weight / p is the lower root of y · exp(−y) = weight / edge, which Newton's steps reach from below. */
function middlePressure(edge: number, weight: number): number {
  const share = Math.min(weight / edge, DEEPEST * Math.exp(-DEEPEST));
  let y = share;
  for (let step = 0; step < 8; step++) {
    const power = share * Math.exp(y);
    y -= (y - power) / (1 - power);
  }
  return weight / y;
}
