/** Observations that only judge: for each of these files the same scores and map as for withheld monitors. */
import type { Markup } from '../html/html';
import { html } from '../html/html';
import { scoreTable, stationFigure } from './concentrations';
import type { PageContext } from './page-context';
import { placeTable } from './scores';

export function independent(context: PageContext): Markup {
  const { independent: entries = [], scores } = context.data;
  if (entries.length === 0) return html``;
  return html`<section id="independent">
    <h2>Observations that only judge</h2>
    <p>Files of <code>observations.independent</code>: both runs are compared with them, and nothing of them entered the inversion.</p>
    ${entries.map((entry) => {
      const part = context.of(entry);
      return html`<h3>${entry.name}</h3>
        ${scoreTable(part, 'withheld')}${scores && placeTable(context, scores, entry.name)}${stationFigure(part)}`;
    })}
  </section>`;
}
