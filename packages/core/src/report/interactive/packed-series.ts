/**
 * Series of a station in few bytes, for the page's own script to read (templates/report/unpack.js).
 *
 * A value v becomes the whole number q = round(v / step). Of a series, what is written is the difference e(t) − e(t−1) of e = q − base, where `base` is a
 * series written before that it resembles (the prior run, for the updated one), or 0. A difference d is written as the number 2d + 1 or −2d (d < 0), so
 * that small ones of either sign are small; 0 is a missing value. Numbers are varints: seven bits a byte, the lowest first, bit 8 where more follow. All of
 * it is deflated without a header, and each four bytes of that, the highest first, are five digits to the base 85 (base64 would take 7 % more).
 */
import { constants, deflateRawSync } from 'node:zlib';

/** Printed characters without those that JSON or HTML would escape. The script has them, too. */
const DIGITS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  .filter((letter) => !'"&\'<>\\'.includes(letter))
  .slice(0, 85);

/** Beyond this a value is taken for missing: no monitor and no run means it. */
const LARGEST = 2 ** 40;

/** Three series of one species in one period, NaN where a value is missing. */
export interface StationSeries {
  observed: Float64Array;
  prior: Float64Array;
  updated: Float64Array;
}

/** Whole multiples of `step`; NaN where there is none. */
function inSteps(values: Float64Array, step: number): Float64Array {
  return values.map((value) => {
    const count = Math.round(value / step);
    return Math.abs(count) <= LARGEST ? count : NaN;
  });
}

/** The last digits hold zeros after the bytes that there are, of which the first digit tells the number: 0 to 3. */
function toBase85(bytes: Uint8Array): string {
  const added = (4 - (bytes.length % 4)) % 4;
  const padded = Buffer.concat([bytes, new Uint8Array(added)]);
  const digits = [DIGITS[added]];
  for (let offset = 0; offset < padded.length; offset += 4) {
    const word = padded.readUInt32BE(offset);
    for (let power = 85 ** 4; power >= 1; power /= 85) digits.push(DIGITS[Math.floor(word / power) % 85]);
  }
  return digits.join('');
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  bytes.push(rest);
}

function pushSeries(bytes: number[], counts: Float64Array, base?: Float64Array): void {
  let previous = 0;
  counts.forEach((count, t) => {
    if (Number.isNaN(count)) return pushVarint(bytes, 0);
    const baseValue = base?.[t] ?? 0;
    const difference = count - (Number.isNaN(baseValue) ? 0 : baseValue) - previous;
    previous += difference;
    pushVarint(bytes, difference >= 0 ? 2 * difference + 1 : -2 * difference);
  });
}

/**
 * @param series - of one station, in the order in which the script reads them
 * @param steps - of each
 */
export function packSeries(series: readonly StationSeries[], steps: readonly number[]): string {
  const bytes: number[] = [];
  series.forEach(({ observed, prior, updated }, i) => {
    const counts = inSteps(prior, steps[i]);
    pushSeries(bytes, inSteps(observed, steps[i]));
    pushSeries(bytes, counts);
    pushSeries(bytes, inSteps(updated, steps[i]), counts);
  });
  return toBase85(deflateRawSync(Uint8Array.from(bytes), { level: 9, strategy: constants.Z_FILTERED }));
}
