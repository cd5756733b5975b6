/**
 * What the user's own model has left becomes the run's output: the surface variables of its files, in our units, and beside it its layers where the case has columns. The command may have taken days, so how its files
 * are read is noted beside the output: when the case reads them in another way, they are read again, and the command is not run.
 */
import { existsSync, rmSync } from 'node:fs';
import { partsOfVariable } from '../../case/gridded/case-fields';
import { speciesOfTable, type CaseChannels, type Species } from '../../base/species';
import { expandGlob } from '../../files/glob';
import { IoapiSeries, OUTPUT_OVERLAP } from '../../files/ioapi/ioapi-series';
import { timeAt, type Grid, type TimeAxis } from '../../grid/grid';
import { firstStepOf } from '../../files/ioapi/period-steps';
import { assertValues, concentrationRange, refuseZeroHours } from '../../files/netcdf/value-ranges';
import { RetroplumeError } from '../../base/errors';
import { conversion } from '../../units/units';
import type { CtmRequest } from '../ctm';
import { layersBeside } from '../../case/case-runs';
import { LayersCollection } from './layers-collection';
import { noteOf, readNote, writeNote, type LayersRead, type Note, type ReadSettings } from './collection-note';
import { createSurfaceOutput, surfaceVariable, type SurfaceVariable } from '../surface-output';

export interface CollectionSettings extends ReadSettings {
  grid: Grid;
  /** by species */
  units: CaseChannels['units'];
}

export class SurfaceCollection {
  constructor(private readonly settings: CollectionSettings) {}

  /** Whether a run's output is there and was read as the settings say, as far as anything tells. */
  isMade(output: string): boolean {
    if (!existsSync(output) || this.lacksLayers(output)) return false;
    const note = readNote(output);
    return note === undefined || (note.state === 'read' && this.holds(note));
  }

  /** Whether the command has ended well, and only its files have to be read; where they did not fit these settings, it is the command that was mended. */
  isToRead(output: string): boolean {
    const note = readNote(output);
    if (note === undefined) return existsSync(output) && this.lacksLayers(output);
    return existsSync(output) ? !this.isMade(output) : note.state === 'reading' || !this.isSame(note);
  }

  /** Whether the layers that the case needs are not there. */
  lacksLayers(output: string): boolean {
    return this.settings.layers !== undefined && !existsSync(layersBeside(output));
  }

  /** A command begins: what an earlier one has left is none of its. */
  forget(output: string): void {
    for (const path of [output, layersBeside(output), noteOf(output)]) rmSync(path, { force: true });
  }

  /**
   * Copies what the case needs from a command's files into the output.
   * @param folder - of the command's files
   * @throws {DataError} {GridError} {UnitError} if these do not fit, or the disk has no room; there is no other output then than there was before
   */
  collect(folder: string, request: Pick<CtmRequest, 'period' | 'output'>): void {
    const { output } = request;
    const previousNote = existsSync(output) ? readNote(output) : undefined;
    // First: what a kill leaves must not pass for what was asked for.
    this.note(output, 'reading');
    try {
      const { grid, layers, outputGlob } = this.settings;
      using copied =
        layers && LayersCollection.copy(`${folder}/${layers.glob}`, { grid, variables: layers.variables }, request.period, layersBeside(output));
      const series = IoapiSeries.open(surfaceFiles(folder, outputGlob, layers), { overlap: OUTPUT_OVERLAP, grid });
      try {
        copySurface(series, request, this.settings);
      } finally {
        series.close();
      }
      copied?.close(); // last: without both the note says that it is still being read
    } catch (error) {
      if (previousNote) writeNote(output, previousNote);
      else if (tellsOfFiles(error)) this.note(output, 'unfit');
      throw error;
    }
    this.note(output, 'read');
  }

  private note(output: string, state: Note['state']): void {
    const { outputGlob, variables, layers } = this.settings;
    writeNote(output, { outputGlob, variables, ...(layers ? { layers } : {}), state });
  }

  private isSame({ outputGlob, variables, layers }: Note): boolean {
    const textOf = (read: ReadSettings): string => JSON.stringify([read.outputGlob, read.variables, read.layers ?? null]);
    return textOf({ outputGlob, variables, layers }) === textOf(this.settings);
  }

  /** Whether what was read so has all that is needed: another part in a sum changes nothing of what is copied. */
  private holds({ outputGlob, variables, layers }: Note): boolean {
    const { units } = this.settings;
    if (!holdsLayers(layers, this.settings.layers)) return false;
    const namesOf = (read: CollectionSettings['variables']): string[] =>
      surfaceVariables({ variables: read, units }).map((variable) => `${variable.name} ${variable.units}`);
    const present = namesOf(variables);
    return outputGlob === this.settings.outputGlob && namesOf(this.settings.variables).every((variable) => present.includes(variable));
  }
}

/** Instants with layers are no hourly means: where the glob of the output matches such files beside others, as `*` does, they are left out. */
function surfaceFiles(folder: string, outputGlob: string, layers: LayersRead | undefined): string[] {
  const files = expandGlob(`${folder}/${outputGlob}`);
  const withLayers = layers ? expandGlob(`${folder}/${layers.glob}`) : [];
  const surfaceAlone = files.filter((path) => !withLayers.includes(path));
  return surfaceAlone.length > 0 ? surfaceAlone : files;
}

/** Of gases that are not needed there may be more. */
function holdsLayers(read: LayersRead | undefined, needed: LayersRead | undefined): boolean {
  if (needed === undefined) return true;
  return read?.glob === needed.glob && Object.entries(needed.variables).every(([gas, variable]) => read.variables[gas] === variable);
}

const OF_OUR_DISK = ['DISK_FULL', 'DISK_QUOTA', 'FILE_LIMIT', 'WRITE_FAILED', 'FILE_UNWRITABLE'];

/** Whether an error tells of the command's files, and not of our own disk. */
export function tellsOfFiles(error: unknown): error is RetroplumeError {
  return error instanceof RetroplumeError && !OF_OUR_DISK.includes(error.code);
}

/** What the species are made of, each once. */
function surfaceVariables({ variables, units }: Pick<CollectionSettings, 'variables' | 'units'>): (SurfaceVariable & { species: Species })[] {
  const allVariables = Object.entries(variables).flatMap(([species, variable]) =>
    partsOfVariable(variable).map(([name]) => {
      const surface = surfaceVariable(species, name, units[species] ?? speciesOfTable(species).unit); // the case may have the species no more
      return { ...surface, species, description: `${name}, for ${surface.description}` };
    }),
  );
  return allVariables.filter(({ name }, i) => allVariables.findIndex((candidate) => candidate.name === name) === i);
}

function copySurface(
  series: IoapiSeries,
  request: Pick<CtmRequest, 'period' | 'output'>,
  { grid, ...settings }: Pick<CollectionSettings, 'grid' | 'variables' | 'units'>,
): void {
  const time: TimeAxis = { start: request.period.start, stepSeconds: 3600, count: request.period.hours };
  const first = firstStepOf(series, time);
  const copied = surfaceVariables(settings);
  const zero = new Map(copied.map(({ name }) => [name, new Set<number>()]));
  const writer = createSurfaceOutput(request.output, grid, time, copied, 'copied from the output of the command of the case');
  try {
    for (const { name, units, species } of copied) {
      for (let step = 0; step < time.count; step++) {
        const field = series.read(name, first + step, 1, 0);
        const sourceUnit = series.variables.find((variable) => variable.name === name)?.units ?? '';
        const { scale } = conversion(sourceUnit, units, { subject: `${series.path}: ${name}` });
        const place = { path: series.path, variable: name, grid, start: timeAt(time, step), stepSeconds: 3600, layers: 1 };
        assertValues(field, place, concentrationRange(species, sourceUnit, scale));
        if (field.every((value) => value === 0)) zero.get(name)!.add(step);
        writer.write(
          name,
          step,
          field.map((value) => value * scale),
        );
      }
    }
    for (const [species, variable] of Object.entries(settings.variables)) {
      const parts = partsOfVariable(variable).map(([name]) => name);
      const ofAll = [...zero.get(parts[0])!].filter((step) => parts.every((name) => zero.get(name)!.has(step)));
      refuseZeroHours(ofAll, { path: series.path, species, variables: parts, time });
    }
    writer.close();
  } catch (error) {
    writer.abort();
    throw error;
  }
}
