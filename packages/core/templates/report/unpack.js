// Reading a station's values as src/report/interactive/packed-series.ts writes them.

/** @typedef {import('../../src/report/interactive/picker-data').PickerData} PickerData */
/** @typedef {import('../../src/report/interactive/picker-data').PickerSeries} PickerSeries */
/** @typedef {import('../../src/report/interactive/picker-data').PickerStation} PickerStation */
/** @typedef {'observed' | 'prior' | 'updated'} LineName */
/** @typedef {Record<LineName, Float64Array>} Lines in the unit of the species, NaN where there is no value */

/** @type {readonly LineName[]} */
const LINES = ['observed', 'prior', 'updated'];

/** Older browsers cannot inflate: Chromium before 80, Firefox before 113, Safari before 16.4. */
const canUnpack = typeof DecompressionStream === 'function';

/** @param {string} base64 */
async function inflate(base64) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} bytes */
function varintReader(bytes) {
  let place = 0;
  return () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[place++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
}

/**
 * Whole numbers of steps.
 * @param {() => number} next @param {number} count @param {Float64Array} [base]
 */
function readSeries(next, count, base) {
  const out = new Float64Array(count);
  let before = 0;
  for (let t = 0; t < count; t++) {
    const code = next();
    if (code === 0) {
      out[t] = NaN;
      continue;
    }
    before += code % 2 === 1 ? (code - 1) / 2 : -code / 2;
    out[t] = before + (base && !Number.isNaN(base[t]) ? base[t] : 0);
  }
  return out;
}

/** Digits after the point of a step such as 0.05. @param {number} step */
function digitsOf(step) {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

/** All series of a station, in their order. @param {string} base64 @param {readonly PickerSeries[]} series @returns {Promise<Lines[]>} */
async function unpack(base64, series) {
  const next = varintReader(await inflate(base64));
  return series.map(({ count, step }) => {
    const observed = readSeries(next, count);
    const prior = readSeries(next, count);
    const updated = readSeries(next, count, prior);
    const inUnit = (/** @type {Float64Array} */ counts) => counts.map((value) => Number((value * step).toFixed(digitsOf(step))));
    return { observed: inUnit(observed), prior: inUnit(prior), updated: inUnit(updated) };
  });
}
