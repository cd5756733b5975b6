/** Initial concentrations of the surrogate's window: what they do to its answers, and what they took of the inversion's gain. */
import { chemical, fixed, MISSING, percent, significant, unitText } from '../html/format';
import type { Markup } from '../html/html';
import { html } from '../html/html';
import { modeLabel } from './page-context';
import type { PageContext } from './page-context';
import { table } from '../html/table';

const FROM = { prior: 'the prior run', rollout: 'its own earlier output', zero: 'nowhere (0)' } as const;

/** Errors and responses with y from each place by turns; nothing where no surrogate takes y. */
export function initialTable(context: PageContext): Markup {
  const scores = context.data.initialConcentrations ?? [];
  if (scores.length === 0) return html``;
  const species = context.data.species.map(({ name }) => name);
  const pairs = [...new Set(scores.flatMap(({ slopes }) => Object.keys(slopes)))];
  return table({
    id: 'table-initial-concentrations',
    caption: () =>
      context.tableCaption(
        'The same surrogate with the concentrations at the beginning of its window from elsewhere: error in test, and free-running slope.',
      ),
    columns: [
      { title: 'Method', text: true },
      { title: 'Period', text: true },
      { title: 'From', text: true },
      ...species.map((name) => ({ title: chemical(name), group: 'NME' })),
      ...pairs.map((pair) => ({ title: chemical(pair), group: 'Slope (1 is right)' })),
    ],
    rows: scores.map(({ mode, period, from, nme, slopes }, index) => ({
      cells: [modeLabel(mode), period, FROM[from], ...species.map((name) => percent(nme[name])), ...pairs.map((pair) => fixed(slopes[pair], 2))],
      begins: index > 0 && (scores[index - 1]?.period !== period || scores[index - 1]?.mode !== mode),
    })),
    note: 'From the prior run they hide what was emitted before the window. With 0 the surrogate is asked what it was never trained on: the fall says how much of its answer it takes from them; a surrogate that is trained without them is another one.',
  });
}

/** How the misfit and the errors at watched monitors divide between emissions and initial concentrations; nothing where these were not inverted. */
export function initialGainTable(context: PageContext): Markup {
  const inversions = (context.data.inversion ?? []).flatMap(({ mode, gain }) => (gain ? [{ mode, gain }] : []));
  if (inversions.length === 0) return html``;
  const { species } = context.data;
  const rows = inversions.flatMap(({ mode, gain }) =>
    (
      [
        ['prior', 'neither'],
        ['emissions', 'emissions only'],
        ['initialConcentrations', 'initial concentrations only'],
        ['both', 'both, as inverted'],
      ] as const
    ).map(([part, text]) => ({
      cells: [modeLabel(mode), text, significant(gain[part].observation), ...species.map((_, s) => significant(gain[part].watchedMae[s]))],
    })),
  );
  const share = ({ shareOfInitialConcentrations }: (typeof inversions)[number]['gain']): string =>
    shareOfInitialConcentrations === null ? MISSING : percent(shareOfInitialConcentrations);
  return table({
    id: 'table-initial-gain',
    caption: () =>
      context.tableCaption('What factors on initial concentrations took of the gain: the surrogate’s misfit with each part of the control alone.'),
    columns: [
      { title: 'Inversion', text: true },
      { title: 'Inverted part', text: true },
      { title: 'Observation term' },
      ...species.map(({ name, unit }) => ({
        title: html`${chemical(name)} <span class="unit">${unitText(unit)}</span>`,
        group: 'MAE at watched monitors',
      })),
    ],
    rows,
    note: `Initial concentrations took ${inversions.map(({ gain }) => share(gain)).join(', ')} of the fall of the observation term. The transport model is run with the updated emissions alone: that part does not come back there.`,
  });
}
