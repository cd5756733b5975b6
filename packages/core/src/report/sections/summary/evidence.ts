/** Beside the answer: what speaks for it and what against, one line for each section that has something to say of that. */
import { isWhole, type ScoreRow } from '../../../inversion/scores/score-rows';
import { isFar } from '../../../surrogate/judgement/training-distance';
import { isNew } from '../../../surrogate/judgement/weather-distance';
import { change, chemical, joined, percent } from '../../html/format';
import type { Content, Markup } from '../../html/html';
import { html } from '../../html/html';
import type { PageContext } from '../page-context';
import { flagCount } from '../audit';
import { passedInWords } from '../surrogate/judged-pairs';
import { truthWithin2Sigma } from '../uncertainty';
import { verdict } from './verdict';

/** Parts of the emitting cells at a bound of the factors that a reader should know of. */
const TELLING_BOUND = 0.05;

function link(id: string, title: string): Markup {
  return html`<a href="#${id}">${title}</a>`;
}

/** What failed stands in the banner. */
function certified({ data }: PageContext): Content {
  const certificateOfMode = data.certificates?.find(({ mode }) => mode === data.mode);
  if (certificateOfMode?.verdict !== 'passed') return false;
  const { pairs, rest } = passedInWords(certificateOfMode);
  return html`The surrogate passed its ${link('certificate', 'certificate')} for ${pairs}: there it answers changed emissions as the transport model
  does, within the limits that the case sets.${rest}`;
}

function extrapolated(context: PageContext): Content {
  const { trust } = context.data;
  if (!trust) return false;
  const section = link('trust-region', 'distance from the training');
  if (trust.members === 0) return html`The surrogate was trained on one inventory: every change lies beyond what it was shown (${section}).`;
  const far = trust.groups.filter(isFar);
  if (far.length === 0) return false;
  const parts = far.map(({ group, period, beyond }) => `${percent(beyond)} of ${chemical(group)}${context.severalPeriods ? ` (${period})` : ''}`);
  return html`Of the emissions, ${joined(parts)} are changed beyond what the surrogate was trained on: there its answer is an extrapolation
  (${section}).`;
}

function newWeather({ data }: PageContext): Content {
  const periods = (data.trust?.weather ?? []).filter(isNew);
  if (periods.length === 0) return false;
  const parts = periods.map(({ period, beyond }) => `${percent(beyond)} in ${period}`);
  return html`Of the weather, ${joined(parts)} lies outside that of the training: the surrogate knows less of it
  (${link('trust-region', 'distance from the training')}).`;
}

/** Of all withheld monitors, one row a species: values as they were measured, which come first. */
function withheldRows({ data }: PageContext): ScoreRow[] {
  const rows = (data.scores?.modes[0]?.rows ?? []).filter((row) => row.stations === 'withheld' && isWhole(row) && row.prior.n > 0);
  return rows.filter(({ species }, index) => rows.findIndex((row) => row.species === species) === index);
}

function withoutBias(context: PageContext): Content {
  const rows = withheldRows(context).flatMap(({ species, biasCorrected }) =>
    biasCorrected ? [{ species, change: biasCorrected.updated.change }] : [],
  );
  if (rows.length === 0) return false;
  return html`Once its median misfit is added to each run, so that only the pattern counts, the error at withheld monitors ${verdict(rows)}
  (${link('scores', 'scores')}).`;
}

function interpolated(context: PageContext): Content {
  const rows = withheldRows(context).flatMap(({ species, interpolated: { each: interpolatedRun } = {} }) =>
    interpolatedRun ? [{ species, change: interpolatedRun.change }] : [],
  );
  if (rows.length === 0) return false;
  return html`Without any emissions, the misfit of the other monitors interpolated to withheld ones changes their error by
  ${joined(rows.map((row) => `${change(row.change.relative)} for ${chemical(row.species)}`))} (${link('scores', 'scores')}).`;
}

function audited({ data }: PageContext): Content {
  const judged = (data.audit?.find(({ mode }) => mode === data.mode)?.rows ?? []).filter(({ response }) => response);
  if (judged.length === 0) return false;
  return html`${flagCount(judged, 'totals of regions and periods', 'with the concentrations at their monitors')} (${link('audit', 'audit')}).`;
}

function bounded({ data }: PageContext): Content {
  const inversions = (data.inversion ?? []).filter(({ mode }) => mode === data.mode);
  const largestParts = data.groups.map((group) => ({ group, part: Math.max(0, ...inversions.map(({ atBound }) => atBound?.[group] ?? 0)) }));
  const telling = largestParts.filter(({ part }) => part >= TELLING_BOUND);
  if (telling.length === 0) return false;
  const parts = telling.map(({ group, part }) => `${percent(part)} of the cells of ${chemical(group)}`);
  return html`In ${joined(parts)} the factor lies at its bound, so that the emission is not known there (${link('inversion', 'inversion')}).`;
}

function knownTotals(context: PageContext): Content {
  const { uncertainty } = context.data;
  if (!uncertainty)
    return html`How far the emissions are known was not asked for (<code>inversion.uncertainty</code>): the intervals above are of errors at monitors.`;
  const { totals, withinCount } = truthWithin2Sigma(context);
  const truth = totals === 0 ? '' : ` The known truth lies within 2σ for ${withinCount} of ${totals} totals.`;
  return html`How far the emissions are known, by the inversion’s own assumptions: ${link('uncertainty', 'uncertainty')}.${truth}`;
}

export function evidence(context: PageContext): Markup {
  const lines = [certified, extrapolated, newWeather, withoutBias, interpolated, audited, bounded, knownTotals]
    .map((line) => line(context))
    .filter((line) => line !== false);
  return html`<h3>How far to trust it</h3>
    <ul class="evidence">
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>`;
}
