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

/** Of 85: printed characters without those that JSON or HTML would escape. */
const DIGITS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  .filter((letter) => !'"&\'<>\\'.includes(letter))
  .slice(0, 85);

/** The first digit is the number of zeros at the end that are none of the bytes. @param {string} text */
function fromBase85(text) {
  const values = new Map(DIGITS.map((letter, value) => [letter, value]));
  const digit = (/** @type {number} */ place) => values.get(text[place]) ?? 0;
  const bytes = new DataView(new ArrayBuffer(((text.length - 1) / 5) * 4));
  for (let place = 1, at = 0; place < text.length; place += 5, at += 4) {
    let word = 0;
    for (let k = 0; k < 5; k++) word = word * 85 + digit(place + k);
    bytes.setUint32(at, word);
  }
  return new Uint8Array(bytes.buffer, 0, bytes.byteLength - digit(0));
}

/** @param {Uint8Array<ArrayBuffer>} packed */
async function inflate(packed) {
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

/** All series of a station, in their order. @param {string} line @param {readonly PickerSeries[]} series @returns {Promise<Lines[]>} */
async function unpack(line, series) {
  const next = varintReader(await inflate(fromBase85(line)));
  return series.map(({ count, step }) => {
    const observed = readSeries(next, count);
    const prior = readSeries(next, count);
    const updated = readSeries(next, count, prior);
    const inUnit = (/** @type {Float64Array} */ counts) => counts.map((value) => Number((value * step).toFixed(digitsOf(step))));
    return { observed: inUnit(observed), prior: inUnit(prior), updated: inUnit(updated) };
  });
}
