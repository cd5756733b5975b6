/** Tables with a caption, header cells with scope, and numbers aligned at the right: one description, one way to draw it. */
import type { Content, Markup } from './html';
import { html } from './html';

export interface Column {
  title: Content;
  /** a second line of the header: the unit */
  unit?: Content;
  /** text is set left, numbers right (the default) */
  text?: boolean;
}

export interface Row {
  cells: Content[];
  /** a line above: starts a new block of rows */
  begins?: boolean;
  /** set stronger: the row that the reader should see first */
  strong?: boolean;
}

export interface Table {
  caption: Content;
  columns: Column[];
  rows: Row[];
  note?: Content;
  /** for tests and links */
  id?: string;
}

function headerCell(column: Column): Markup {
  return html`<th scope="col" class="${column.text ? 'text' : 'number'}">${column.title}${column.unit ? html`<span class="unit">${column.unit}</span>` : ''}</th>`;
}

function bodyCell(content: Content, column: Column | undefined, index: number): Markup {
  if (index === 0) return html`<th scope="row">${content}</th>`;
  return html`<td class="${column?.text ? 'text' : 'number'}">${content}</td>`;
}

function bodyRow(row: Row, columns: Column[]): Markup {
  const classes = [row.begins ? 'begins' : '', row.strong ? 'strong' : ''].filter(Boolean).join(' ');
  return html`<tr class="${classes}">${row.cells.map((cell, index) => bodyCell(cell, columns[index], index))}</tr>`;
}

/**
 * @returns nothing at all where there are no rows
 * @throws {RangeError} where a row has another number of cells than there are columns: a mistake of the caller
 */
export function table(spec: Table): Markup {
  if (spec.rows.length === 0) return html``;
  const wrong = spec.rows.find((row) => row.cells.length !== spec.columns.length);
  if (wrong) throw new RangeError(`table: expected ${spec.columns.length} cells a row but received ${wrong.cells.length}`);
  return html`<div class="table" id="${spec.id ?? false}"><table>
<caption>${spec.caption}</caption>
<thead><tr>${spec.columns.map(headerCell)}</tr></thead>
<tbody>${spec.rows.map((row) => bodyRow(row, spec.columns))}</tbody>
</table>${spec.note ? html`<p class="note">${spec.note}</p>` : ''}</div>`;
}
