/** The page as one text: head, sections in the order in which a reader asks, no script and no address outside itself. */
import { utc } from './html/format';
import type { Markup } from './html/html';
import { html, trusted } from './html/html';
import { basemapDefinition } from './figures/map';
import type { PageContext } from './sections/page-context';
import { PAGE_STYLE } from './html/page-style';
import { assumptions } from './sections/assumptions';
import { certificate, certificateBanner } from './sections/surrogate/certificate';
import { concentrations } from './sections/concentrations';
import { crossValidation } from './sections/cross-validation';
import { emissions } from './sections/emissions';
import { headline } from './sections/summary/headline';
import { inversion } from './sections/inversion';
import { loop } from './sections/surrogate/loop';
import { provenance } from './sections/provenance';
import { audit } from './sections/audit';
import { scores } from './sections/scores';
import { surrogate } from './sections/surrogate/surrogate';
import { trustRegion } from './sections/surrogate/trust-region';
import { uncertainty } from './sections/uncertainty';

/** The browser itself refuses any request: only styles and images inside the file. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const SECTIONS: readonly [id: string, title: string, draw: (context: PageContext) => Markup][] = [
  ['headline', 'Result', headline],
  ['assumptions', 'Assumptions', assumptions],
  ['concentrations', 'Concentrations', concentrations],
  ['scores', 'Scores', scores],
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
  const sections = SECTIONS.map(([id, title, draw]) => ({ id, title, content: draw(context) })).filter(({ content }) => content.text !== '');
  const document = html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}" />
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
      </body>
    </html> `;
  return document.text;
}
