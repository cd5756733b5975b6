/** How the inversion went: the cost, its terms, and the misfit on monitors that it did not see. */
import { drawChart } from '../chart';
import { significant } from '../format';
import type { Markup } from '../html';
import { html } from '../html';
import { COLOURS, modeLabel } from '../page-context';
import type { PageContext } from '../page-context';
import type { InversionPoint } from '../report-data';

function line(points: InversionPoint[], key: 'total' | 'observation' | 'prior' | 'withheld'): [number, number][] {
  return points.flatMap((point): [number, number][] => {
    const value = point[key];
    return value === undefined ? [] : [[point.iteration, value]];
  });
}

export function inversion(context: PageContext): Markup {
  const charts = (context.data.inversion ?? []).map(({ mode, period, points }) =>
    drawChart({
      title: `Inversion, ${modeLabel(mode)}${period === undefined ? '' : `, ${period}`}`,
      description: `cost per iteration, from ${significant(points[0]?.total)} to ${significant(points.at(-1)?.total)}`,
      xName: 'iteration',
      yName: 'cost (dimensionless)',
      lines: [
        { name: 'total', points: line(points, 'total'), colour: COLOURS.observed },
        { name: 'observations', points: line(points, 'observation'), colour: COLOURS.updated },
        { name: 'prior', points: line(points, 'prior'), colour: COLOURS.neutral },
        { name: 'withheld monitors', points: line(points, 'withheld'), colour: COLOURS.prior, dashed: true },
      ],
    }),
  );
  if (charts.every(({ text }) => text === '')) return html``;
  return html`<section id="inversion">
    <h2>The inversion</h2>
    <figure>
      <div class="panels charts">${charts}</div>
      ${context.figureCaption('Cost of the inversion per iteration: its observation and prior terms, and the misfit on withheld monitors, which it does not see.')}
    </figure>
  </section>`;
}
