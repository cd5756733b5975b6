import type { ColumnRow } from '../../assimilation/scores/column-scores';
import { scores } from '../../inversion/scores/scores';
import { page } from '../page';
import { chemical } from '../html/format';
import { smallGrid, SPECIES, syntheticReport, writtenText } from '../testing/synthetic-report';
import { PageContext } from './page-context';

const plain = syntheticReport({ grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false });
const { rows, cols } = plain.grid;
const row = (side: ColumnRow['side'], region?: string): ColumnRow => ({
  species: 'NO2_column',
  side,
  ...(region === undefined ? {} : { region }),
  cells: 123,
  hours: 7,
  prior: scores([50, 100], [20, 60]),
  updated: scores([50, 100], [40, 90]),
  change: { relative: -0.71, blocks: 3, noInterval: 'blocks: 3; an interval needs 5' },
  found: { scores: scores([50, 100], [50, 100]), change: { relative: -0.93, blocks: 3 }, bias: 0.15 },
});
const field = (value: number): Float64Array => Float64Array.from({ length: rows * cols }, (_, cell) => (cell % 3 === 0 ? NaN : value + cell));
const counts = {
  pixels: 9000,
  passed: 4321,
  leftOut: { 'qa_value > 0.75': 3000, 'off the grid': 1500, 'beyond the period': 100, other: 79 },
  overpasses: 14,
  superObservations: 900,
  withoutLayers: 55,
  factorOutside: 0,
  otherHours: 0,
};
const data = {
  ...plain,
  species: [...SPECIES, { name: 'NO2_column', unit: 'µmol m⁻²' }],
  columns: {
    rows: [row('withheld'), row('withheld', 'north'), row('used')],
    warning: 'verify: the updated emissions suit the columns (NO2_column)',
    fields: [
      {
        species: 'NO2_column',
        period: 'winter',
        product: 'TROPOMI L2 NO2',
        counts,
        values: 845,
        hours: 7,
        observed: field(60),
        prior: field(20),
        updated: field(50),
      },
      {
        species: 'NO2_column',
        period: 'summer',
        product: '',
        counts,
        values: 0,
        hours: 0,
        observed: field(NaN),
        prior: field(NaN),
        updated: field(NaN),
      },
    ],
  },
};
const context = new PageContext(data);
const text = page(context);
const section = text.slice(text.indexOf('<section id="columns"')).split('</section>')[0];
const tableOf = (id: string): string =>
  writtenText(section.slice(section.indexOf(`id="${id}"`)).split('</table>')[0])
    .replace(/<[^>]*>/g, ' ')
    .replace(/&gt;/g, '>')
    .replace(/\s+/g, ' ');

describe('columns of satellites', () => {
  it('have scores of withheld and used ones with what was found of the bias', () => {
    const withheld = tableOf('table-columns-withheld');
    for (const written of ['NO₂ column µmol m⁻²', '123', '−71 %', '+15 %', '−93 %', 'north', '75.0']) expect(withheld).toContain(written);
    expect(tableOf('table-columns-used')).not.toContain('north');
  });

  it('say how many pixels and overpasses there are, and what was left out', () => {
    const written = tableOf('table-column-counts');
    for (const part of [
      'TROPOMI L2 NO2',
      '14',
      '9000',
      '4321',
      '845',
      '3000 qa_value > 0.75; 1500 off the grid; 100 beyond the period; 55 values without layers',
    ])
      expect(written).toContain(part);
    expect(written).not.toContain('79 other');
  });

  it('have maps of what was observed and of both runs, where there are any', () => {
    const names = context.maps.map(({ name }) => name).filter((name) => name.startsWith('columns'));
    expect(names).toEqual(['observed', 'prior', 'updated'].map((subject) => `columns-NO2-column-winter-${subject}`));
    const [observed, prior] = context.maps.filter(({ name }) => name.startsWith('columns')).map(({ spec }) => spec);
    expect(observed.scale).toBe(prior.scale);
    expect(observed.unit).toBe('µmol m⁻²');
  });

  it('begin with the warning', () => {
    expect(section).toContain('id="columns-warning"');
    expect(section).toContain('suit the columns (NO2_column)');
    expect(writtenText(section)).not.toMatch(/NaN|undefined/);
  });

  it('leave the other tables as they are, and are absent without columns', () => {
    const without = page(new PageContext(plain));
    expect(without).not.toContain('id="columns"');
    const part = (whole: string, id: string): string => whole.slice(whole.indexOf(`id="${id}"`)).split('</table>')[0];
    for (const id of ['table-withheld', 'table-used', 'table-places-withheld']) expect(part(text, id)).toBe(part(without, id));
  });

  it('are named in words', () => {
    expect(['NO2_column', 'NH3_column_cris', 'NOx>NO2_column', 'a_column'].map(chemical)).toEqual([
      'NO₂ column',
      'NH₃ column (cris)',
      'NOₓ → NO₂ column',
      'a_column',
    ]);
  });
});
