/** The page as one text: head, sections in the order in which a reader asks, one script, no address outside itself. */
import { utc } from './html/format';
import type { Markup } from './html/html';
import { html, trusted } from './html/html';
import { basemapDefinition } from './figures/map';
import type { PageContext } from './sections/page-context';
import { PAGE_STYLE } from './html/page-style';
import { pageScript, scriptSource } from './interactive/page-script';
import { stationPicker } from './interactive/station-picker';
import { assumptions } from './sections/assumptions';
import { certificate, certificateBanner } from './sections/surrogate/certificate';
import { columns } from './sections/columns';
import { concentrations } from './sections/concentrations';
import { crossValidation } from './sections/cross-validation';
import { emissions } from './sections/emissions';
import { headline } from './sections/summary/headline';
import { independent } from './sections/independent';
import { inversion } from './sections/inversion';
import { loop } from './sections/surrogate/loop';
import { provenance } from './sections/provenance';
import { audit } from './sections/audit';
import { scores } from './sections/scores';
import { surrogate } from './sections/surrogate/surrogate';
import { trustRegion } from './sections/surrogate/trust-region';
import { uncertainty } from './sections/uncertainty';

/** Bytes of the page: so many go by mail. */
const MOST_BYTES = 10e6;
/** Bytes of head, coast and what else stands around the sections. */
const SPARE_BYTES = 2e5;
/** Bytes that the series at the monitors get, however large the rest is. */
const LEAST_SERIES_BYTES = 1e6;

/** The browser itself refuses any request and any other script: only styles and images inside the file. */
function policy(script: string | undefined): string {
  const source = script === undefined ? '' : `; script-src ${scriptSource(script)}`;
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'${source}`;
}

/** No template: its layout would change what the hash is of. */
function scriptElement(script: string): Markup {
  return trusted(`<script>${script}</script>`);
}

const SECTIONS: readonly [id: string, title: string, draw: (context: PageContext) => Markup][] = [
  ['headline', 'Result', headline],
  ['assumptions', 'Assumptions', assumptions],
  ['concentrations', 'Concentrations', concentrations],
  ['scores', 'Scores', scores],
  ['independent', 'Observations that only judge', independent],
  ['columns', 'Columns of satellites', columns],
  ['emissions', 'Emissions', emissions],
  ['audit', 'Audit', audit],
  ['uncertainty', 'Uncertainty', uncertainty],
  ['surrogate', 'Surrogate', surrogate],
  ['certificate', 'Certificate', certificate],
  ['cross-validation', 'Cross-validation', crossValidation],
  ['inversion', 'Inversion', inversion],
  ['trust-region', 'Distance from the training', trustRegion],
  ['loop', 'Closed loop', loop],
  ['provenance', 'Settings and versions', provenance],
];

export function page(context: PageContext): string {
  const { data } = context;
  const drawn = SECTIONS.map(([id, title, draw]) => ({ id, title, content: draw(context) })).filter(({ content }) => content.text !== '');
  const script = pageScript();
  const bytes = drawn.reduce((sum, { content }) => sum + Buffer.byteLength(content.text), Buffer.byteLength(PAGE_STYLE + script));
  const picker = stationPicker(context, Math.max(LEAST_SERIES_BYTES, MOST_BYTES - SPARE_BYTES - bytes));
  const sections = drawn.flatMap((section) =>
    section.id === 'concentrations' && picker ? [section, { id: 'stations', title: 'Monitors', content: picker.section }] : [section],
  );
  const document = html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(policy(picker && script))}" />
        <link rel="icon" href="data:," />
        <title>${data.caseName}: updated emissions</title>
        <style>
          ${trusted(PAGE_STYLE)}
        </style>
      </head>
      <body>
        ${basemapDefinition(context.basemap)}
        <header>
          <h1>${data.caseName}: emissions updated from monitors</h1>
          <p class="kicker">
            ${data.periods.map(({ name }) => name).join(', ')} · ${data.twin ? 'twin experiment' : 'real observations'} · ${data.ctm} ·
            ${data.mode === 'paper' ? 'paper mode' : 'default mode'} · ${utc(data.created)}
          </p>
          <p>${data.description}</p>
          <nav aria-label="Sections">${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a>`)}</nav>
        </header>
        <main>${certificateBanner(context)}${sections.map(({ content }) => content)}</main>
        <footer>
          Made by Retroplume. Method after Huang et al. (2021), Geosci. Model Dev. 14, 4641–4654,
          doi:10.5194/gmd-14-4641-2021.${data.basemap === undefined || data.basemap.kind === 'world' ? ' Coasts and borders: Natural Earth, which takes no position on disputed borders.' : ''}
        </footer>
        ${picker?.content}${picker && scriptElement(script)}
      </body>
    </html> `;
  return document.text;
}
