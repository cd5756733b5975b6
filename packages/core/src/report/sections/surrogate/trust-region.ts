/** How far the updated emissions lie from those that the surrogate was trained on: a warning where much of them lies beyond, figures by group, maps. */
import { mean } from '../../../base/moments';
import { quantile } from '../../../base/vectors';
import { relativeError } from '../../../surrogate/judgement/response-comparison';
import { isFar } from '../../../surrogate/judgement/training-distance';
import { sequentialScale } from '../../figures/colour-scale';
import { fixed, percent } from '../../html/format';
import type { Markup } from '../../html/html';
import { html } from '../../html/html';
import type { PageContext } from '../page-context';
import type { ReportTrust } from '../../data/report-data';
import { table } from '../../html/table';
import { certificateOfMode } from './certificate';

function warning(context: PageContext, { members, beyond, groups }: ReportTrust): Markup {
  if (members === 0)
    return html`<p><b>The surrogate was trained on one inventory: every change of the emissions lies beyond what it was shown.</b></p>`;
  const far = groups.filter(isFar);
  if (far.length === 0) return html``;
  const parts = far.map(
    (groupTrust) =>
      html`${percent(groupTrust.beyond)} of ${context.groupLabel(groupTrust.group)}${context.severalPeriods ? `, ${groupTrust.period}` : ''}`,
  );
  return html`<p>
    <b
      >Much of the update lies beyond what the surrogate was trained on (distances above ${beyond}):
      ${parts.map((part, index) => html`${index > 0 ? '; ' : ''}${part}`)}.</b
    >
    There the surrogate’s answer is an extrapolation. Wider members, or <code>inversion.trustRegion</code>, would mend that.
  </p>`;
}

function figures(context: PageContext, { beyond, limit, groups }: ReportTrust): Markup {
  return table({
    id: 'table-trust-region',
    caption: () =>
      context.tableCaption(
        'Distance of the updated emissions from those of the training, in units of the spread of its members, weighted with the prior emissions.',
      ),
    columns: [
      ...(context.severalPeriods ? [{ title: 'Period', text: true }] : []),
      { title: 'Group', text: true },
      { title: 'Median' },
      { title: '95 %', unit: 'of the emissions below' },
      { title: 'Beyond', unit: `distance above ${beyond}` },
      ...(limit === undefined ? [] : [{ title: 'At the limit', unit: `of ${limit}, cells` }]),
    ],
    rows: groups.map((groupTrust, index) => ({
      cells: [
        ...(context.severalPeriods ? [groupTrust.period] : []),
        context.groupLabel(groupTrust.group),
        fixed(groupTrust.median, 2),
        fixed(groupTrust.p95, 2),
        percent(groupTrust.beyond, 1),
        ...(limit === undefined ? [] : [percent(groupTrust.atLimit, 1)]),
      ],
      begins: index > 0 && groups[index - 1].period !== groupTrust.period,
    })),
    note: `Distance: log factor on the emissions, the cell’s own and those that the weather brings, over the root mean square of the members’ log factors on the same emissions. The error of the surrogate’s change grows with it; members themselves are typically at 1, and seldom beyond ${beyond}.`,
  });
}

function maps(context: PageContext, { fields }: ReportTrust): Markup {
  if (fields.length === 0) return html``;
  const scale = sequentialScale(fields.map(({ distance }) => distance));
  const quantileText = (distance: ArrayLike<number>, part: number): string => fixed(quantile(Array.from(distance), part), 1);
  const drawn = fields.map(({ period, distance }) =>
    context.map(['trust-region', period], {
      title: `Distance${context.severalPeriods ? `, ${period}` : ''}`,
      description: `distance of the updated emissions from those of the training, of the group that is farthest in each cell: half of the cells are below ${quantileText(distance, 0.5)}, 95 % below ${quantileText(distance, 0.95)}`,
      unit: 'spreads of the members',
      scale,
      field: distance,
    }),
  );
  return html`<figure>
    <div class="panels maps">${drawn}</div>
    ${context.figureCaption('Distance from the training of the group that is farthest in each cell.')}
  </figure>`;
}

/** Periods that the surrogate was not trained in; beside each, how well it answered the members that were kept for the test there. */
function newWeather(context: PageContext, { weather = [] }: ReportTrust): Markup {
  const joint = certificateOfMode(context)?.joint ?? [];
  const rows = weather.map(({ period, beyond, variables }) => {
    const errors = joint.filter((response) => response.period === period).map(({ figures: response }) => relativeError(response));
    const farthest = variables.slice(0, 3).map((variable) => `${variable.name} ${percent(variable.beyond)}`);
    return { cells: [period, percent(beyond), farthest.join(', '), errors.length > 0 ? percent(mean(errors)) : ''] };
  });
  return table({
    id: 'table-new-weather',
    caption: () =>
      context.tableCaption('Periods that the surrogate was not trained in: how much of their weather lies outside that of the training.'),
    columns: [
      { title: 'Period', text: true },
      { title: 'Weather outside', unit: 'of its values' },
      { title: 'Farthest variables', text: true },
      { title: 'Error of the response', unit: 'root mean square, of the change' },
    ],
    rows,
    note: 'Outside: above the largest or below the least value that the variable had in the same cell in the hours of the training. The error is that of the members that were kept for the test there (periods[].members: judge), mean over species; it is empty where none was run.',
  });
}

export function trustRegion(context: PageContext): Markup {
  const { trust } = context.data;
  if (!trust) return html``;
  return html`<section id="trust-region">
    <h2>Distance from the training</h2>
    ${warning(context, trust)}${figures(context, trust)}${newWeather(context, trust)}${maps(context, trust)}
  </section>`;
}
