import { page } from '../page';
import { PageContext } from './page-context';
import type { ReportInversion } from '../data/report-data';
import { smallGrid, syntheticReport } from '../testing/synthetic-report';

const data = syntheticReport({ grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false });

/** What the table tells of the cost of an inversion that began at 200, was kept at 150 and ended at 100. */
function costOf(over: Partial<ReportInversion>): string {
  const points = [200, 150, 100].map((total, iteration) => ({ iteration, total }));
  const inversion = [{ ...data.inversion![0], points, status: 'iterations', iterations: 2, ...over }];
  const text = page(new PageContext({ ...data, inversion }));
  const row = text.split('id="table-inversion"')[1].split('<tbody>')[1].split('</tr>')[0];
  return [...row.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, cell]) => cell.replace(/\s/g, ' '))[3];
}

describe('how the inversion ended', () => {
  it('tells the cost of the step that is kept, not of the last', () => {
    expect(costOf({ keptIteration: 2 })).toBe('−50 %');
    expect(costOf({ keptIteration: 1 })).toBe('−25 %');
  });

  it('holds it against the first of several starts, not against a random one', () => {
    expect(costOf({ keptIteration: 2, from: 125 })).toBe('−20 %');
  });
});
