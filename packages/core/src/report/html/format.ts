/** Numbers and units as the page prints them. A value that is missing is "–" and never NaN; minus is U+2212, as in print. */

export const MISSING = '–';

const NO_BREAK = '\u00a0';

type Value = number | undefined | null;

function isNumber(value: Value): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Fixed digits after the point: `fixed(-1.26, 1)` is "−1.3". */
export function fixed(value: Value, digits: number): string {
  if (!isNumber(value)) return MISSING;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** At least `digits` significant digits, never in exponents between 1e-4 and 1e7: 20.44, 0.0123, 1 234. */
export function significant(value: Value, digits = 3): string {
  if (!isNumber(value)) return MISSING;
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -4 || magnitude >= 7)
    return value
      .toExponential(digits - 1)
      .replace(/-/g, '−')
      .replace('e+', 'e');
  return fixed(value, Math.max(0, digits - 1 - magnitude));
}

/** A fraction as signed per cent: `change(-0.2)` is "−20 %"; `digits` after the point. */
export function change(fraction: Value, digits = 0): string {
  if (!isNumber(fraction)) return MISSING;
  const text = fixed(fraction * 100, digits);
  return `${fraction > 0 && Number(text) !== 0 ? '+' : ''}${text}${NO_BREAK}%`;
}

/** A fraction as unsigned per cent: `percent(0.34)` is "34 %". */
export function percent(fraction: Value, digits = 0): string {
  return isNumber(fraction) ? `${fixed(fraction * 100, digits)}${NO_BREAK}%` : MISSING;
}

/** updated / prior − 1; undefined where the prior is missing or zero. */
export function relativeChange(prior: Value, updated: Value): number | undefined {
  return isNumber(prior) && isNumber(updated) && prior !== 0 ? updated / prior - 1 : undefined;
}

/** 3725 → "1 h 02 min"; 65 → "1 min 05 s"; 3.2 → "3.2 s". */
export function duration(seconds: Value): string {
  if (!isNumber(seconds) || seconds < 0) return MISSING;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** "2017-01-01 00:00 UTC". */
export function utc(date: Date): string {
  return Number.isFinite(date.getTime()) ? `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC` : MISSING;
}

/** "a", "a and b", "a, b and c". */
export function joined(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

const SUPERSCRIPT: Record<string, string> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};

/** CF spelling to print: "ug m-3" → "µg m⁻³", "kg m-2 s-1" → "kg m⁻² s⁻¹". Other words stay as they are. */
export function unitText(unit: string): string {
  return unit
    .split(' ')
    .map((word) => {
      const match = /^([A-Za-zµ]+)(-?\d)$/.exec(word);
      const name = (match?.[1] ?? word).replace(/^ug$/, 'µg');
      const power = (match?.[2] ?? '').replace(/[-\d]/g, (sign) => SUPERSCRIPT[sign] ?? sign);
      return name + power;
    })
    .join(' ');
}

/** Of a satellite, with a label where a gas has several. */
const COLUMN_NAME = /^([A-Z0-9]+)_column(?:_(\w+))?$/;
/** Capitals with numbers, as of a formula or a size: `NO2`, `C2H6`, `PM2.5`. */
const FORMULA = /^(?:[A-Z]+(?:\d+(?:\.\d+)?)?)+$/;

function subscripted(name: string): string {
  const [, gas, label] = COLUMN_NAME.exec(name) ?? [];
  if (gas !== undefined) return `${subscripted(gas)} column${label === undefined ? '' : ` (${label})`}`;
  if (name === 'PM25') return 'PM₂.₅'; // as variables spell it
  if (/^[A-Z]*Ox$/.test(name)) return name.replace(/x$/, 'ₓ');
  return FORMULA.test(name) ? name.replace(/\d/g, (digit) => String.fromCodePoint(0x2080 + Number(digit))) : name;
}

/** "NOx" → "NOₓ", "PM10" → "PM₁₀"; names that are no formula stay as they are. "NOx>NO2" → "NOₓ → NO₂"; "NO2_column" → "NO₂ column". */
export function chemical(name: string): string {
  return name
    .split('>')
    .map((part) => subscripted(part.trim()))
    .join(' → ');
}
