// The errors that C++ throws: every code in packages/native/src with its sentence, … for what is filled in. For tools/error-docs.mjs.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SOURCES = 'packages/native/src';
/** Programs of their own, and netCDF, whose codes are those of its library: core makes errors of its own of them. */
const LEFT_OUT = /(^|\/)(testing|bench|netcdf)\//;

/** `"KIND_WHAT"`, unless it is only compared with. */
const CODE = /(?<![!=]=\s*)"([A-Z]{2,}(?:_[A-Z0-9]+)+)"/g;
const LITERAL = /^"((?:[^"\\]|\\.)*)"/;

/** The argument behind the code: its literals, with … between them. */
function sentenceAfter(text) {
  let at = 0;
  let depth = 0;
  const skip = () => {
    if ('([{'.includes(text[at])) depth++;
    if (')]}'.includes(text[at])) depth--;
    at++;
  };
  while (at < text.length && !(depth === 0 && ',;)'.includes(text[at]))) skip();
  if (text[at] !== ',') return '';
  at++;
  let sentence = '';
  while (at < text.length && depth >= 0 && !(depth === 0 && ',;'.includes(text[at]))) {
    const literal = LITERAL.exec(text.slice(at, at + 1000));
    if (literal) {
      sentence += literal[1].replace(/\\(.)/g, '$1');
      at += literal[0].length;
    } else {
      if (!/[\s+()]/.test(text[at]) && !sentence.endsWith('…')) sentence += '…';
      skip();
    }
  }
  return sentence.replace(/\s+/g, ' ').trim();
}

/** [{ code, sentence, file }] */
export function nativeErrors() {
  return readdirSync(join(root, SOURCES), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(cc|cu|h)$/.test(name) && !LEFT_OUT.test(name))
    .sort()
    .flatMap((name) => {
      const text = readFileSync(join(root, SOURCES, name), 'utf8')
        .replace(/^\s*\/\/.*$/gm, '')
        .replace(/std::string\(("(?:[^"\\]|\\.)*")\)/g, '$1');
      return [...text.matchAll(CODE)].map((match) => ({
        code: match[1],
        file: join('native/src', name),
        sentence: sentenceAfter(text.slice(match.index + match[0].length)),
      }));
    });
}
