import { printable } from './terminal';

it.each([
  ['clears the screen', '\x1b[2J', '\\u001b[2J'],
  ['writes over a line', 'a\rb\bc', 'a\\u000db\\u0008c'],
  ['rings, and deletes', '\x07\x7f', '\\u0007\\u007f'],
  ['is a command of one character', '\x9b2J\x85', '\\u009b2J\\u0085'],
  ['turns the direction of text round', 'a\u202eb\u2066', 'a\\u202eb\\u2066'],
])('prints as text what %s', (_, text, printed) => {
  expect(printable(text)).toBe(printed);
  // Of JSON's text the same is read as before.
  const json = JSON.stringify({ text });
  expect(JSON.parse(printable(json))).toEqual({ text });
});

it('leaves all that is text', () => {
  const text = 'München 北京 العربية é\u0301 👩🏽‍🔬\tcolumn\nline "\\u001b"';
  expect(printable(text)).toBe(text);
});
