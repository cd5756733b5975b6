/** A report of 1000 monitors and a month of hours goes by mail. */
import { Random } from '../../base/random';
import type { ReportConcentrations } from '../data/report-data';
import { page } from '../page';
import { PageContext } from '../sections/page-context';
import { chinaGrid, syntheticReport } from '../testing/synthetic-report';

const [STATIONS, HOURS] = [1000, 744];

const made = syntheticReport({
  grid: chinaGrid(),
  periods: ['january'],
  steps: HOURS,
  stepSeconds: 3600,
  stations: STATIONS,
  twin: false,
  paper: false,
});

/** As monitors and models have it: an hour resembles the one before it (r 0.95), days repeat, and the updated run resembles the prior one. */
function smooth(each: ReportConcentrations, random: Random): ReportConcentrations {
  const size = HOURS * STATIONS;
  const [observed, prior, updated] = [0, 0, 0].map(() => new Float32Array(size));
  for (let s = 0; s < STATIONS; s++) {
    let [weather, error, noise] = [0, 0, 0];
    for (let t = 0; t < HOURS; t++) {
      weather = 0.95 * weather + 0.31 * random.normal();
      error = 0.95 * error + 0.1 * random.normal();
      noise = 0.1 * random.normal();
      const truth = 20 * Math.exp(0.5 * weather + 0.4 * Math.sin((2 * Math.PI * t) / 24));
      const at = t * STATIONS + s;
      observed[at] = random.uniform() < 0.03 ? NaN : truth * Math.exp(noise);
      prior[at] = 1.3 * truth * Math.exp(error);
      updated[at] = prior[at] * (0.8 + 0.02 * random.normal());
    }
  }
  return { ...each, observed, prior, updated };
}

const random = new Random(7);
const kinds = { 'like monitors': made.concentrations.map((each) => smooth(each, random)), 'nothing but noise': made.concentrations };

it.each(Object.entries(kinds))('a month of hours at 1000 monitors, %s, is a page of at most 10 MB', (kind, concentrations) => {
  const text = page(new PageContext({ ...made, concentrations }));
  const told = /Values are rounded here \(([^)]*)\)/.exec(text)?.[1];
  const averaged = /are means over (\d+) hours/.exec(text)?.[1];
  console.log(`${kind}: ${(Buffer.byteLength(text) / 1e6).toFixed(2)} MB, rounded to ${told}, means over ${averaged ?? 1} h`);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10e6);
  expect(/monitors\s+are left out/.test(text)).toBe(false);
  expect(averaged).toBe(kind === 'like monitors' ? undefined : '2');
});
