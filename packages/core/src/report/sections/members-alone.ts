/** What the network adds: the update of the run beside one from the same members without it. */
import { change, chemical, percent, relativeChange, significant } from '../html/format';
import { html, type Content, type Markup } from '../html/html';
import { table } from '../html/table';
import type { ReportMembersAlone } from '../data/report-data';
import type { PageContext } from './page-context';

export function membersAloneTable(context: PageContext, { members, lengthKm, withheld, inventory }: ReportMembersAlone): Markup {
  const cells = (subject: Content, prior: number, values: readonly number[], shown: (value: number) => string): Content[] => [
    subject,
    shown(prior),
    ...values.flatMap((value) => [shown(value), change(relativeChange(prior, value))]),
  ];
  return table({
    id: 'table-members-alone',
    caption: () => context.tableCaption('What the network adds: the update of this run, and one from the same members without it.'),
    columns: [
      { title: '', text: true },
      { title: 'prior' },
      { title: 'updated', group: 'With the network' },
      { title: 'change', group: 'With the network' },
      { title: 'updated', group: 'Members alone' },
      { title: 'change', group: 'Members alone' },
    ],
    rows: [
      ...withheld.map(({ species, unit, prior, network, members: alone }, i) => ({
        cells: cells(html`${chemical(species)}, MAE at withheld monitors <span class="unit">${unit}</span>`, prior, [network, alone], significant),
        begins: i === 0,
      })),
      ...inventory.map(({ group, prior, network, members: alone }, i) => ({
        cells: cells(html`${chemical(group)}, error of the inventory`, prior, [network, alone], (value) => percent(value, 1)),
        begins: i === 0,
      })),
    ],
    note: `Without the network ${members} members are weighed at each cell by how well they fit the used monitors near it, whose weight falls with a length of ${significant(lengthKm)} km (the mean of a local ensemble transform Kalman filter). Both see the same values with the same errors, and both updates were run by the transport model.`,
  });
}
