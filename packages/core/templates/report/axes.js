// Ticks of the chart's axes, and SVG by hand.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** @param {string} name @param {Record<string, string | number>} attributes @param {string} [text] */
function svgElement(name, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Times between two labels of a time axis. */
const TIME_STEPS = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688].map((hours) => hours * HOUR);

/**
 * About one label in `pixels`: day and month at midnight, the hour else.
 * @param {number} from @param {number} to milliseconds, UTC @param {number} width @param {number} pixels
 */
function timeTicks(from, to, width, pixels) {
  const least = ((to - from) / width) * pixels;
  const step = TIME_STEPS.find((each) => each >= least) ?? TIME_STEPS[TIME_STEPS.length - 1];
  const ticks = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    const text = new Date(time).toISOString();
    ticks.push({ value: time, label: time % DAY === 0 ? text.slice(5, 10) : text.slice(11, 16) });
  }
  return ticks;
}

/** Round values from at most `low` to at least `high`. @param {number} low @param {number} high @param {number} count */
function valueTicks(low, high, count) {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    value: (first + i) * step,
    label: String(Number(((first + i) * step).toPrecision(4))).replace('-', '−'),
  }));
}

/** "2026-01-08 14:00 UTC" @param {number} time */
function utcText(time) {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** @param {number} value @param {number} digits */
function numberText(value, digits) {
  if (!Number.isFinite(value)) return '–';
  return value.toFixed(digits).replace('-', '−');
}
