// Reading the files of the real case as they come: CSV (gzipped or not), numpy arrays, polygons.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';

/** Rows of a CSV without quoting, as objects of strings. */
export function readCsv(path) {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [header, ...lines] = text.trim().split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

/** A little-endian float32 array in C order (numpy format 1 or 2). */
export function readNpy(path) {
  const bytes = readFileSync(path);
  const headerStart = bytes[6] === 1 ? 10 : 12;
  const headerLength = bytes[6] === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = bytes.toString('latin1', headerStart, headerStart + headerLength);
  if (!header.includes("'<f4'") || header.includes("'fortran_order': True")) throw new Error(`${path}: expected float32 in C order but received ${header}`);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((part) => part.trim()).map(Number);
  const body = bytes.subarray(headerStart + headerLength);
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => body.readFloatLE(4 * i)) };
}

/** Every polygon of a GeoJSON file: `{ rings, box }`, holes by the even-odd rule. */
export function readPolygons(path) {
  return polygonsOf(JSON.parse(readFileSync(path, 'utf8')));
}

/** The world's land, 1 : 50 million (Natural Earth through the npm package world-atlas). */
export function worldLand() {
  // resolved from @retroplume/core, which depends on both packages
  const require = createRequire(createRequire(import.meta.url).resolve('@retroplume/core'));
  const atlas = JSON.parse(readFileSync(require.resolve('world-atlas/land-50m.json'), 'utf8'));
  return polygonsOf(require('topojson-client').feature(atlas, atlas.objects.land));
}

function polygonsOf(collection) {
  return collection.features.flatMap(({ geometry }) => (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates)).map((rings) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [lon, lat] of rings[0]) {
      box[0] = Math.min(box[0], lon);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon);
      box[3] = Math.max(box[3], lat);
    }
    return { rings, box };
  });
}

/** Whether a place lies in any of the polygons. */
export function isInside(polygons, lon, lat) {
  return polygons.some(({ rings, box }) => lon >= box[0] && lon <= box[2] && lat >= box[1] && lat <= box[3] && isInsideRings(rings, lon, lat));
}

function isInsideRings(rings, lon, lat) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [x1, y1] = ring[i];
      const [x2, y2] = ring[j];
      if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}
