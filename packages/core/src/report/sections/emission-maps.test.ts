import { smallGrid, syntheticReport } from '../testing/synthetic-report';
import { emissions } from './emissions';
import { concentrations } from './concentrations';
import { PageContext } from './page-context';

const data = syntheticReport({
  grid: smallGrid(),
  periods: ['winter', 'summer'],
  steps: 12,
  stepSeconds: 3600,
  stations: 40,
  twin: true,
  paper: true,
});

it('has all maps of change on one scale, whatever the group, period and method, and says its limits', () => {
  const NEARLY_NOTHING = 1.01;
  const emissionsOf = data.emissions.map((each) =>
    each.group === 'NH3' ? { ...each, updated: Float64Array.from(each.prior, (value) => NEARLY_NOTHING * value) } : each,
  );
  const context = new PageContext({ ...data, emissions: emissionsOf });
  const text = emissions(context).text;
  const changes = context.maps.filter(({ name }) => /-(change|true-change|paper-change)$/.test(name));
  expect(changes).toHaveLength(5 * 2 * 3);
  const [{ spec }] = changes;
  for (const { spec: other } of changes) expect(other.scale.domain).toEqual(spec.scale.domain);
  const [, limit] = spec.scale.domain;
  expect(limit).toBeGreaterThan(20); // of the factors of the other groups, not of NH3's 1 %
  expect(text.split(`−${limit} to +${limit}\u00a0%`).length - 1).toBe(5 * 2);
});

it('has the changes of error of all species on one scale', () => {
  const context = new PageContext(data);
  const text = concentrations(context).text;
  const maps = context.maps.filter(({ name }) => name.startsWith('stations-'));
  expect(new Set(maps.map(({ spec }) => spec.scale.domain.join()))).toEqual(new Set(['-100,100'])); // no error falls by more than all of it
  expect(text).toContain('all species on one scale, −100 to +100\u00a0%');
});

it('draws the monitors on every map of the emissions, once in the page', () => {
  const context = new PageContext(data);
  const text = emissions(context).text;
  expect(text.split('id="monitors"').length - 1).toBe(1);
  expect(text.split('href="#monitors"').length - 1).toBe(context.maps.length);
  expect(text).toMatch(/<path class="withheld"[^]*<path class="used"|<path class="used"[^]*<path class="withheld"/);
});
