/** Tables with a caption, header cells with scope, and numbers aligned at the right: one description, one way to draw it. */
import type { Content, Markup } from './html';
import { html } from './html';

export interface Column {
  title: Content;
  /** a second line of the header: the unit */
  unit?: Content;
  /** neighbours with the same group stand under one spanning header */
  group?: string;
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
  /** asked for only where there are rows, so that running numbers have no gap */
  caption: () => Content;
  columns: Column[];
  rows: Row[];
  note?: Content;
  /** for tests and links */
  id?: string;
}

function headerCell(column: Column, rows: number): Markup {
  const unit = column.unit ? html`<span class="unit">${column.unit}</span>` : '';
  return html`<th scope="col" rowspan="${rows > 1 ? rows : false}" class="${column.text ? 'text' : 'number'}">${column.title}${unit}</th>`;
}

/** One row of headers; two where columns are grouped: the spanning headers, and below them those of the grouped columns. */
function header(columns: Column[]): Markup {
  if (!columns.some(({ group }) => group))
    return html`<tr>
      ${columns.map((column) => headerCell(column, 1))}
    </tr>`;
  const top = columns.map((column, index) => {
    if (!column.group) return headerCell(column, 2);
    if (columns[index - 1]?.group === column.group) return undefined;
    const end = columns.findIndex((candidate, place) => place > index && candidate.group !== column.group);
    return html`<th scope="colgroup" colspan="${(end < 0 ? columns.length : end) - index}" class="group">${column.group}</th>`;
  });
  const grouped = columns.filter(({ group }) => group);
  return html`<tr>
      ${top}
    </tr>
    <tr>
      ${grouped.map((column) => headerCell(column, 1))}
    </tr>`;
}

function bodyCell(content: Content, column: Column | undefined, index: number): Markup {
  if (index === 0) return html`<th scope="row">${content}</th>`;
  return html`<td class="${column?.text ? 'text' : 'number'}">${content}</td>`;
}

function bodyRow(row: Row, columns: Column[]): Markup {
  const classes = [row.begins ? 'begins' : '', row.strong ? 'strong' : ''].filter(Boolean).join(' ');
  return html`<tr class="${classes || false}">
    ${row.cells.map((cell, index) => bodyCell(cell, columns[index], index))}
  </tr>`;
}

/**
 * @returns nothing at all where there are no rows
 * @throws {RangeError} where a row has another number of cells than there are columns: a mistake of the caller
 */
export function table(spec: Table): Markup {
  if (spec.rows.length === 0) return html``;
  const wrong = spec.rows.find((row) => row.cells.length !== spec.columns.length);
  if (wrong) throw new RangeError(`table: expected ${spec.columns.length} cells a row but received ${wrong.cells.length}`);
  return html`<div class="table" id="${spec.id ?? false}">
    <table>
      <caption>
        ${spec.caption()}
      </caption>
      <thead>
        ${header(spec.columns)}
      </thead>
      <tbody>
        ${spec.rows.map((row) => bodyRow(row, spec.columns))}
      </tbody>
    </table>
    ${spec.note ? html`<p class="note">${spec.note}</p>` : ''}
  </div>`;
}
