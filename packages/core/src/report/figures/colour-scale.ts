/** From values to colours: domain, logarithm or not, ticks; the palettes themselves are in palette.ts. */
import { quantile } from '../../base/vectors';
import { type Rgb, cssColour, DIVERGING, SEQUENTIAL } from './palette';

interface Tick {
  /** 0 (low end) … 1 (high end) of the bar */
  position: number;
  label: string;
}

export interface ColourScale {
  palette: readonly Rgb[];
  /** 0 for a missing value (transparent), else 1 + index into `palette`; values outside the domain take the colour of its end */
  index(value: number): number;
  /** css colour, undefined where missing */
  colour(value: number): string | undefined;
  ticks: Tick[];
  logarithmic: boolean;
  domain: [number, number];
}

function finite(values: Iterable<number>): number[] {
  const finiteValues: number[] = [];
  for (const value of values) if (Number.isFinite(value)) finiteValues.push(value);
  return finiteValues;
}

function scale(
  palette: readonly Rgb[],
  position: (value: number) => number,
  ticks: Tick[],
  logarithmic: boolean,
  domain: [number, number],
): ColourScale {
  const index = (value: number): number => {
    if (!Number.isFinite(value)) return 0;
    return 1 + Math.round(Math.min(1, Math.max(0, position(value))) * (palette.length - 1));
  };
  const colour = (value: number): string | undefined => {
    const rgb = palette[index(value) - 1];
    return rgb && cssColour(rgb);
  };
  return { palette, index, colour, ticks, logarithmic, domain };
}

/** Factors of a power of ten that read well at the end of an axis. */
const NICE = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

function niceEnd(value: number, chosen: (candidates: number[]) => number | undefined): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return Number((chosen(NICE.map((factor) => factor * power)) ?? value).toPrecision(2)); // 3 x 0.1 is no 0.3
}

/** The smallest value that is at least the given one and reads well: a domain's end. */
export function niceCeiling(value: number): number {
  return niceEnd(value, (candidates) => candidates.find((candidate) => candidate >= value * (1 - 1e-9)));
}

/** The largest that is at most the given one. */
export function niceFloor(value: number): number {
  return niceEnd(value, (candidates) => candidates.findLast((candidate) => candidate <= value * (1 + 1e-9)));
}

/** As few digits as say it: 0.5, 1, 1.5, 150, −20. */
export function tickLabel(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}

/** "−50 to +50 %": the limits of a scale, for a caption. */
export function limitText({ domain: [low, high] }: ColourScale, unit: string): string {
  return `${tickLabel(low)} to ${low < 0 ? '+' : ''}${tickLabel(high)}\u00a0${unit}`;
}

/** Round values from 0 to at most `end`, about `count` steps. */
export function linearTicks(end: number, count = 4): number[] {
  const raw = end / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10) * power;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** Powers of ten; 1, 2, 5 between them where the domain spans less than two decades. */
function logTicks(low: number, high: number): number[] {
  const factors = high / low < 100 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++) {
    ticks.push(...factors.map((factor) => factor * 10 ** exponent));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

/** Values whose high end is this many times their median are shown by their logarithm: linear colours would show one city and no country. */
const SKEWED = 8;
/** Decades below the high end that a logarithmic scale shows; what is lower takes the lowest colour. */
const DECADES = 3;

/**
 * For amounts that are never negative. The high end is the 99.8th percentile, so that one stack does not set the scale.
 * @param fields - all fields that share the scale (prior and updated, so that they can be compared)
 */
export function sequentialScale(fields: readonly ArrayLike<number>[]): ColourScale {
  const values = fields.flatMap((field) => finite(Array.from(field)));
  const high = niceCeiling(quantile(values, 0.998));
  const positive = values.filter((value) => value > 0);
  if (high < SKEWED * quantile(positive, 0.5)) {
    const ticks = linearTicks(high).map((value) => ({ position: value / high, label: tickLabel(value) }));
    return scale(SEQUENTIAL, (value) => value / high, ticks, false, [0, high]);
  }
  const low = Math.max(high / 10 ** DECADES, niceCeiling(quantile(positive, 0.02)) / 2);
  const position = (value: number): number => (value > 0 ? Math.log(value / low) / Math.log(high / low) : 0);
  const ticks = logTicks(low, high).map((value) => ({ position: position(value), label: tickLabel(value) }));
  return scale(SEQUENTIAL, position, ticks, true, [low, high]);
}

/**
 * For differences: zero is the middle and both sides are equally long. The end is the 98th percentile of the absolute values.
 * @param fields - all fields that share the scale
 * @param smallestEnd - the end is never smaller: a change of nothing must not look like one
 * @param largestEnd - nor larger
 */
export function divergingScale(fields: readonly ArrayLike<number>[], smallestEnd: number, largestEnd = Infinity): ColourScale {
  const large = quantile(
    fields.flatMap((field) => finite(Array.from(field)).map(Math.abs)),
    0.98,
  );
  const end = Math.min(largestEnd, niceCeiling(Math.max(smallestEnd, large || 0)));
  const position = (value: number): number => (value / end + 1) / 2;
  const label = (value: number): string => `${value > 0 ? '+' : ''}${tickLabel(value)}`;
  const ticks = [-end, -end / 2, 0, end / 2, end].map((value) => ({ position: position(value), label: label(value) }));
  return scale(DIVERGING, position, ticks, false, [-end, end]);
}
