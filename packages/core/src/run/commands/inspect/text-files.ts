/** GRIDDESC, NumPy and JSON files for `inspect`. */
import { readFileSync } from 'node:fs';

import { RetroplumeError } from '../../../base/errors';
import { parseGriddesc } from '../../../grid/griddesc';
import { summariseGrid, type GridSummary, type Inspection, type Oddity } from './inspection';

type Found = Omit<Inspection, 'path' | 'bytes'>;

/** @throws {GridError} `GRIDDESC_SYNTAX` */
export function inspectGriddesc(path: string): Found {
  const odd: Oddity[] = [];
  const grids = parseGriddesc(readFileSync(path, 'utf8'), path).flatMap((definition): GridSummary[] => {
    try {
      return [summariseGrid(definition)];
    } catch (error) {
      if (!(error instanceof RetroplumeError)) throw error;
      odd.push({ code: error.code, text: error.message });
      return [];
    }
  });
  return { kind: `GRIDDESC with ${grids.length} ${grids.length === 1 ? 'grid' : 'grids'}`, facts: {}, grids, variables: [], odd };
}

/** Type and shape from the header, which is a Python dictionary. */
export function inspectNumpy(path: string): Found {
  const header = readFileSync(path).subarray(0, 512).toString('latin1');
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? 'unknown';
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1].replace(/,\s*$/, '') ?? 'unknown';
  const odd = [{ code: 'NOT_READ', text: 'Retroplume does not read NumPy files: convert it to netCDF' }];
  return { kind: 'NumPy array', facts: { type, shape }, grids: [], variables: [], odd };
}

export function inspectJson(path: string): Found {
  const odd: Oddity[] = [];
  let kind = 'JSON file';
  const facts: Record<string, string | number> = {};
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as { type?: string; features?: unknown[] };
    if (value.type === 'FeatureCollection') {
      kind = 'GeoJSON file';
      facts.features = value.features?.length ?? 0;
    }
    odd.push({ code: 'NOT_READ', text: 'Retroplume does not read it as an input: give polygons in regions of the case, or a mask' });
  } catch {
    odd.push({ code: 'JSON_SYNTAX', text: 'it is no valid JSON' });
  }
  return { kind, facts, grids: [], variables: [], odd };
}
