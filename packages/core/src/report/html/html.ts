/**
 * HTML and SVG by tagged template: what is interpolated is escaped, unless it is `Markup` itself. Nothing else in the report builds markup from
 * strings, so a station or a case that is called `<script>` stays text.
 */

/** Text that is already markup. Made by `html`; by `trusted` only from what our own code wrote (numbers, generated SVG). */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: nothing is printed for undefined, null and false. */
export type Content = Markup | string | number | undefined | null | false | readonly Content[];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Characters that XML forbids (SVG is XML) become a replacement sign; the five special ones become entities. */
export function escapeHtml(text: string): string {
  const allowed = text.replace(/\p{Cc}/gu, (character) => (character < ' ' && !'\t\n\r'.includes(character) ? '\uFFFD' : character));
  return allowed.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function render(content: Content): string {
  if (content === undefined || content === null || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (Array.isArray(content)) return (content as readonly Content[]).map(render).join('');
  return escapeHtml(String(content));
}

/** Stands for `false` until the template is whole; no text can hold it, since `escapeHtml` replaces control characters. */
const DROPPED = '\u0000';
const DROPPED_ATTRIBUTE = new RegExp(` [a-z-]+="${DROPPED}"`, 'g');

/** `html\`<td>${name}</td>\`` escapes `name`; an attribute whose value is `false` is left out: `<a id="${id ?? false}">`. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = strings[0];
  values.forEach((value, index) => {
    text += value === false ? DROPPED : render(value);
    text += strings[index + 1];
  });
  return new Markup(values.includes(false) ? text.replace(DROPPED_ATTRIBUTE, '').replaceAll(DROPPED, '') : text);
}

/** "a", "a and b", "a, b and c". */
export function listed(parts: readonly Content[]): Markup {
  return html`${parts.map((part, index) => html`${index > 0 ? (index === parts.length - 1 ? ' and ' : ', ') : ''}${part}`)}`;
}

/** Marks a string that our own code made as markup. Never for text from the case or its files. */
export function trusted(text: string): Markup {
  return new Markup(text);
}
