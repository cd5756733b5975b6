import { html } from './html';
import type { Table } from './table';
import { table } from './table';

const simple: Table = {
  caption: () => 'Totals <all>',
  columns: [{ title: 'Group', text: true }, { title: 'Prior', unit: 'Mt', group: 'Amounts' }, { title: 'Updated', group: 'Amounts' }, { title: 'r' }],
  rows: [{ cells: ['NOx', '1', '<2', '0.9'] }, { cells: ['SO2', '3', html`<b>4</b>`, '–'], begins: true, strong: true }],
};
const compact = (text: string): string => text.replace(/\s+/g, ' ').replace(/> </g, '><');

describe('table', () => {
  it('has a caption, scoped headers and escaped cells', () => {
    const text = compact(table(simple).text);
    expect(text).toContain('<caption> Totals &lt;all&gt; </caption>');
    expect(text).toContain('<th scope="row">NOx</th><td class="number">1</td><td class="number">&lt;2</td>');
    expect(text).toContain('<tr class="begins strong"><th scope="row">SO2</th>');
    expect(text).toContain('<b>4</b>');
  });

  it('spans grouped columns by one header and gives the others two rows', () => {
    const text = compact(table(simple).text);
    expect(text).toMatch(/<th scope="colgroup" colspan="2" class="group">Amounts<\/th>/);
    expect(text.match(/rowspan="2"/g)).toHaveLength(2);
    expect(text.match(/colgroup/g)).toHaveLength(1);
  });

  it('is nothing without rows, and then asks for no number', () => {
    const caption = jest.fn(() => 'never');
    expect(table({ ...simple, caption, rows: [] }).text).toBe('');
    expect(caption).not.toHaveBeenCalled();
  });

  it('refuses a row of another length', () => {
    expect(() => table({ ...simple, rows: [{ cells: ['NOx'] }] })).toThrow('expected 4 cells a row but received 1');
  });
});
