/** A rule of the case file that is broken. */
import type { Case } from '../schema/case-schema';
import type { KeyPath } from '../source';
import { nearestKey } from '../nearest-key';

export interface Breach {
  path: KeyPath;
  /** the rest of the sentence, from what is wrong to what to do */
  text: string;
  /** another section that decides it: where that cannot be read, nothing can be said */
  restsOn?: string;
}

export function checkRegion({ regions }: Case, name: string, path: KeyPath): Breach[] {
  if (Object.hasOwn(regions, name)) return [];
  const known = Object.keys(regions);
  const near = nearestKey(name, known);
  const remedy = near !== undefined ? `did you mean ${near}?` : known.length > 0 ? `known are ${known.join(', ')}` : 'add it to regions';
  return [{ path, text: `there is no region ${name}: ${remedy}` }];
}
