import type { ScoredRun, ScoreRow } from '../../inversion/scores/score-rows';
import { change } from '../html/format';
import { page } from '../page';
import { PageContext } from './page-context';
import type { ReportData } from '../data/report-data';
import { smallGrid, syntheticReport } from '../testing/synthetic-report';

const data = syntheticReport({ grid: smallGrid(), periods: ['winter'], steps: 12, stepSeconds: 3600, stations: 40, twin: true, paper: false });

/** Words of the table of withheld monitors by place, and of what stands below it. */
function placesOf(report: ReportData): string {
  const text = page(new PageContext(report));
  return text
    .slice(text.indexOf('id="table-places-withheld"'))
    .split('id="table-benchmarks-withheld"')[0]
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('withheld monitors by place', () => {
  const run = ({ prior }: ScoreRow, relative: number): ScoredRun => ({
    scores: prior,
    change: { relative, interval: { low: relative - 0.1, high: relative + 0.1 }, blocks: 9 },
  });
  const rows = data.scores!.modes[0].rows.map((row) =>
    row.stations === 'used'
      ? row
      : {
          ...row,
          interpolated: { each: run(row, -0.41), mean: run(row, -0.23) },
          biasCorrected: { prior: run(row, -0.77), updated: run(row, -0.34) },
          found: run(row, -0.62),
        },
  );
  const compared = placesOf({ ...data, scores: { ...data.scores!, modes: [{ mode: 'default', rows }] } });

  it('have the change from one run without its bias to the other, and what interpolation gives', () => {
    expect(compared).toMatch(/Without bias .*Misfit interpolated/);
    const words = (relative: number): string => change(relative).replace(/\s+/g, ' ');
    expect(compared).toContain(` ${words(-0.34)} ${words(-0.41)} ${words(-0.23)} `);
    expect(compared).toContain('the median misfit of the monitors in the cost added');
    expect(compared).toContain('carried over by kriging');
  });

  it('have what was found beside the emissions next to the change by these alone', () => {
    const words = (relative: number): string => `${change(relative)} ${change(relative - 0.1)} to ${change(relative + 0.1)}`.replace(/\s+/g, ' ');
    expect(compared).toMatch(/Updated against prior .*With what was found .*Without bias/);
    expect(compared).toContain(` ${words(-0.62)} ${change(-0.34).replace(/\s+/g, ' ')} `);
    expect(compared).toContain('Withheld monitors have no say in that either');
  });

  it('have no such columns where nothing was made for them', () => {
    expect(placesOf(data)).not.toMatch(/Without bias|interpolated|was found/);
  });
});
