/** What a reader must know before believing a number: stated by the case, and true of every run. */
import type { Markup } from '../html/html';
import { html } from '../html/html';
import { chemical, fixed, joined } from '../html/format';
import { LEAST_MOVEMENT } from '../../inversion/uncertainty/movement';
import type { PageContext } from './page-context';

function notObservedNote(context: PageContext): string | undefined {
  const unseen = context.data.groups.filter((group) => context.notObserved(group));
  if (unseen.length === 0) return undefined;
  const isPlural = unseen.length > 1;
  const names = joined(unseen.map(chemical));
  if (context.data.unconstrainedGroups)
    return `† ${names}: the monitors constrain ${isPlural ? 'their totals' : 'its total'} in no period; changes of ${isPlural ? 'these totals' : 'this total'} are not a finding.`;
  const figures = joined(unseen.map((group) => `${chemical(group)} (${fixed(Math.max(...context.movementsOf(group)), 2)})`));
  return `† ${figures}: constrained by the prior only. The inversion moved ${isPlural ? 'their' : 'its'} factors by less than ${LEAST_MOVEMENT} of the spread that the prior gives them, so the monitors hardly see ${isPlural ? 'these groups' : 'this group'}; changes of ${isPlural ? 'them' : 'it'} are not a finding.`;
}

function notInvertedNote(context: PageContext): string | undefined {
  const notInverted = context.data.groups.filter((group) => context.notInverted(group));
  if (notInverted.length === 0) return undefined;
  return `§ ${joined(notInverted.map(chemical))}: not inverted in this case (inversion.groups), so that the emissions are those of the prior; concentrations may change with those of other groups.`;
}

export function assumptions(context: PageContext): Markup {
  const { data } = context;
  const sentences = [
    ...data.assumptions,
    ...(data.twin
      ? [
          'The observations are synthetic: the transport model made them from a known “true” inventory, with noise added. The result shows what the method can do, not what the air was.',
        ]
      : []),
    ...(data.mode === 'paper' ? ['The updated emissions come from the method of Huang et al. (2021), not from Retroplume’s default.'] : []),
    notObservedNote(context),
    notInvertedNote(context),
  ].filter((sentence) => sentence !== undefined);
  if (sentences.length === 0) return html``;
  return html`<section id="assumptions" class="assumptions">
    <h2>What this result rests on</h2>
    <ul>
      ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
  </section>`;
}
