/**
 * What a stage that takes hours had finished with other settings: it lies beside the stage's folder until the stage is finished with those of now. A `--set` that was
 * forgotten, or a training that fails, costs nothing so: with the former settings it is there again.
 */
import { renameSync } from 'node:fs';
import { checkOurs, isUpToDate, keepsFolder, readRecord, removeOurs, type StageMark } from './record';

function asideOf(dir: string): string {
  return `${dir}.last`;
}

/** @throws {ConfigError} `FOLDER_NOT_OURS` */
export function checkAsideOurs(dir: string): void {
  checkOurs(asideOf(dir));
}

/** Whether what a stage would make lies beside its folder. */
export function hasPreviousResult(dir: string, key: string): boolean {
  return isUpToDate(asideOf(dir), key);
}

/** Moves a finished stage out of the way of one with another key, in place of what lay there. What is damaged or unfinished stays, and so does what may still be used. @returns where it lies */
export function keepPreviousResult(dir: string, mark: Pick<StageMark, 'key' | 'expensiveKey'>): string | undefined {
  const record = readRecord(dir);
  if (!record || !isUpToDate(dir, record.key) || keepsFolder(dir, mark)) return undefined;
  dropPreviousResult(dir);
  renameSync(dir, asideOf(dir));
  return asideOf(dir);
}

/** Puts a stage back that was finished with this key, in place of what has been begun since. @returns whether there was one */
export function restorePreviousResult(dir: string, key: string): boolean {
  if (isUpToDate(dir, key) || !hasPreviousResult(dir, key)) return false;
  removeOurs(dir);
  renameSync(asideOf(dir), dir);
  return true;
}

export function dropPreviousResult(dir: string): void {
  removeOurs(asideOf(dir));
}
