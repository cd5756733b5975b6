/** How the files of a user's own model were read into a run's output, as a note beside it. */
import { existsSync, readdirSync } from 'node:fs';
import type { Species } from '../../base/species';
import type { OutputVariable } from '../../case/gridded/case-fields';
import { writeFileAtomic } from '../../files/checkpoint';
import { readJson } from '../../files/json';

export interface ReadSettings {
  /** glob, relative to the folder, of the files with the surface concentrations */
  outputGlob: string;
  variables: Record<Species, OutputVariable>;
  /** where the case has columns */
  layers?: LayersRead;
}

/** How the files with layers are read. */
export interface LayersRead {
  /** glob, relative to the folder */
  glob: string;
  /** by gas */
  variables: Readonly<Record<Species, string>>;
}

/** How the files of a command that has ended well were read into its output: `reading` may have been cut short, with `unfit` there is none. */
export interface Note extends ReadSettings {
  state: 'reading' | 'read' | 'unfit';
}

/** Beside ACONC_winter.nc the folder ACONC_winter and ACONC_winter.read.json. */
export const noteOf = (output: string): string => output.replace(/\.nc$/, '.read.json');

export function readNote(output: string): Note | undefined {
  const path = noteOf(output);
  return existsSync(path)
    ? readJson<Note>(path, { keys: { outputGlob: 'string', variables: 'object', state: 'string' }, remedy: 'remove it' })
    : undefined;
}

export function writeNote(output: string, note: Note): void {
  writeFileAtomic(noteOf(output), JSON.stringify(note));
}

/** A run's output is damaged: the files of its command are read again, where they are there. */
export function readAgain(output: string): void {
  const note = output.endsWith('.nc') ? readNote(output) : undefined;
  if (note && hasFiles(output.replace(/\.nc$/, ''))) writeNote(output, { ...note, state: 'reading' });
}

/** Whether a command has left anything in its folder. */
export function hasFiles(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}
