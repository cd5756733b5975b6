import { page } from '../page';
import { smallGrid, syntheticReport, writtenText } from '../testing/synthetic-report';
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
const judging = syntheticReport({ grid: smallGrid(), periods: ['summer'], steps: 3, stepSeconds: 86400, stations: 9, twin: true, paper: true });
const stations = judging.stations.map((station) => ({ ...station, role: 'withheld' as const }));
const modes = data.scores!.modes.map(({ mode, rows }) => {
  const withheld = rows.filter(({ stations: side }) => side === 'withheld');
  return { mode, rows: [...rows, ...withheld.map((row) => ({ ...row, stations: 'sensors', monitors: 777 }))] };
});
const scores = { ...data.scores!, modes };
const context = new PageContext({ ...data, scores, independent: [{ name: 'sensors', stations, concentrations: judging.concentrations }] });
const text = page(context);
const section = text.slice(text.indexOf('<section id="independent"')).split('</section>')[0];

describe('observations that only judge', () => {
  it('have their tables and their map, and the page counts on', () => {
    for (const id of ['table-independent-sensors', 'table-places-sensors']) expect(section).toContain(`id="${id}"`);
    expect(section).toContain('against the monitors of sensors, which the inversion never saw');
    const places = section.slice(section.indexOf('id="table-places-sensors"'));
    expect(places).toContain('777');
    const numbers = (kind: string): number[] => [...text.matchAll(new RegExp(`<b>${kind} (\\d+)\\.</b>`, 'g'))].map(([, number]) => Number(number));
    for (const kind of ['Table', 'Figure']) expect(numbers(kind)).toEqual(numbers(kind).map((_, i) => i + 1));
    expect(context.maps.map(({ name }) => name)).toEqual(expect.arrayContaining(['stations-NO2', 'stations-sensors-NO2']));
    expect(writtenText(section)).not.toMatch(/NaN|undefined/);
  });

  it('are in no other table or series of the page', () => {
    const without = page(new PageContext(data));
    expect(without).not.toContain('id="independent"');
    const tableOf = (whole: string, id: string): string => whole.slice(whole.indexOf(`id="${id}"`)).split('</table>')[0];
    for (const id of ['table-withheld', 'table-places-withheld', 'table-benchmarks-withheld']) expect(tableOf(text, id)).toBe(tableOf(without, id));
    expect(text.slice(text.indexOf('id="picker-data"'))).toBe(without.slice(without.indexOf('id="picker-data"')));
  });
});
