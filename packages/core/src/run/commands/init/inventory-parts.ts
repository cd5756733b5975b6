/** Parts of the inventory; of in-line point sources with the stack groups that say where they stand. */
import { basename } from 'node:path';
import { byStem } from './file-names';
import type { GivenFiles } from './given-files';
import type { GivenField } from './given-netcdf';
import type { RepresentativeDates } from './merge-dates';

/** Files that a case names together. */
export interface InventoryPart {
  stem: string;
  files: GivenField[];
  /** of in-line point sources */
  stacks?: GivenField[];
  /** of representative days */
  dates?: RepresentativeDates;
}

const wordsOf = (path: string): string[] => basename(path).split(/[_.-]+/);

/** How many words of a name stand in another. */
function wordsShared(path: string, otherPath: string): number {
  const words = new Set(wordsOf(otherPath));
  return wordsOf(path).filter((word) => words.has(word)).length;
}

/** Gives point sources the stack groups of as many sources whose name has most in common with theirs; those without any, and stack groups of none, go to `inputs.unused`. */
export function withStacks(parts: readonly InventoryPart[], inputs: GivenFiles): InventoryPart[] {
  const stacks = byStem(inputs.fields.filter(({ role }) => role === 'stacks'));
  const out = parts.flatMap((part): InventoryPart[] => {
    const [first] = part.files;
    if (first.role !== 'points') return [part];
    const fitting = stacks.filter(({ files }) => files.some(({ sources }) => sources === first.sources));
    const best = Math.max(...fitting.map(({ files }) => wordsShared(files[0].path, first.path)));
    const match = fitting.find(({ files }) => wordsShared(files[0].path, first.path) === best);
    if (match) return [{ ...part, stacks: match.files }];
    const reason = `in-line point sources, and no stack groups of ${first.sources} sources are among the files`;
    inputs.unused.push(...part.files.map(({ path }) => ({ path, reason })));
    return [];
  });
  const used = new Set<GivenField>(out.flatMap((part) => part.stacks ?? []));
  const spare = stacks.flatMap(({ files }) => files.filter((file) => !used.has(file)));
  inputs.unused.push(...spare.map(({ path, sources }) => ({ path, reason: `stack groups, and no in-line point sources of ${sources} sources are among the files` }))); // prettier-ignore
  return out;
}
