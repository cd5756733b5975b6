/** What the pages name must be there: other pages and their headings, keys of the case file, commands with their options, files, codes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { buildProgram } from '../packages/cli/src';
import { caseSchema, parseCase } from '../packages/core/src/case/schema/case-schema';
import { caseJsonSchema, type JsonSchema } from '../packages/core/src/case/schema/json-schema';

const root = join(__dirname, '..');
const FOLDERS = [
  'packages/native/src',
  'packages/core/src',
  'packages/core/torch-peer',
  'packages/core/templates',
  'packages/cli/src',
  'tools',
  'test',
  'examples',
];
/** Made from the sources, and held against them by tests of their own. */
const MADE = ['docs/case-file.md', 'docs/errors.md', 'docs/species.md'];

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => !/^tools\/site\/(node_modules|build)\//.test(path)),
);
const texts = sources.filter((path) => /\.(ts|mjs|cjs|cc|cu|h|sh|py|yaml)$/.test(path)).map(read);
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)];
const written = pages.filter((page) => !MADE.includes(page));

const withoutBlocks = (page: string): string => read(page).replace(/^( *)```[\s\S]*?^\1```$/gm, '');
/** Code of a page, without what a program prints (`text`) and changes of a file (`diff`). */
const blocks = (page: string): string[] =>
  [...read(page).matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].filter(([, , kind]) => !['text', 'diff'].includes(kind)).map((match) => match[3]);
/** What stands between backticks in a page's prose. */
const spans = (page: string): string[] => [...withoutBlocks(page).matchAll(/`([^`\n]+)`/g)].map((match) => match[1]);

/** Dotted paths of all keys of a case, without `[]`; NAME stands for names that the case chooses. */
function everyKey(schema: JsonSchema, prefix = ''): string[] {
  const keys: Record<string, JsonSchema> = { ...schema.properties };
  if (typeof schema.additionalProperties === 'object') keys['NAME'] = schema.additionalProperties;
  const inner = Object.entries(keys).flatMap(([key, value]) => [prefix + key, ...everyKey(value, `${prefix}${key}.`)]);
  const alternatives = [schema.items, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].filter((part) => part !== undefined);
  return [...inner, ...alternatives.flatMap((part) => everyKey(part, prefix))];
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  const headings = [...withoutBlocks(page).matchAll(/^#+ (.*)$/gm)].map((match) => match[1].replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
  return headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')); // prettier-ignore
}

describe('links between pages', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    const links = [...withoutBlocks(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]).filter((link) => !/^[a-z]+:/.test(link));
    const dead = links.filter((link) => {
      const [path, anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      return !existsSync(resolve(root, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
    expect(dead).toEqual([]);
  });

  it('lead to every page', () => {
    const linked = written.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#\s]+\.md)[#)]/g)].map(([, link]) => join(dirname(page), link)).filter((target) => target !== page),
    );
    expect(docs.filter((name) => !linked.includes(join('docs', name)))).toEqual([]);
  });

  it('stand in the sources for pages that are there', () => {
    const named = texts.flatMap((text) => [...text.matchAll(/\bdocs\/[\w/-]+\.(?:md|json)\b/g)].map(([path]) => path));
    expect([...new Set(named)].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

it.each(written)('%s names keys that the case file has', (page) => {
  const keys = everyKey(caseJsonSchema());
  const sections = new Set(keys.map((key) => key.split('.')[0]));
  const named = spans(page).filter((text) => /^[a-z]\w*(\.[\w[\]]+)+$/.test(text) && sections.has(text.split('.')[0]));
  const unknown = named.filter((text) => {
    const key = text.replace(/\[\]|\.\d+\b/g, '').replace(/^paperMode\.(?=surrogate|training|inversion)/, '');
    // Files such as surrogate.onnx look like keys.
    return !keys.some((known) => known === key || known.startsWith(`${key}.`)) && !/\.(onnx|json|md|ts)$/.test(key);
  });
  expect(unknown).toEqual([]);
});

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `base` with the keys of `changes` in the place of its own, section by section. */
const overlaid = (base: unknown, changes: unknown): unknown =>
  isTree(base) && isTree(changes)
    ? { ...base, ...Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, overlaid(base[key], value)])) }
    : changes;

it.each(written)('%s shows parts of case files that are valid beside a whole case', (page) => {
  const whole = parse(read('examples/cmaq-slurm/case.yaml')) as Tree;
  const parts = [...read(page).matchAll(/^( *)```yaml\n([\s\S]*?)^\1```$/gm)].map((match) => parse(match[2]) as Tree);
  // The file of `retroplume inventory` has `sources`; a part that begins below a section is not judged.
  const problems = parts
    .filter((part) => Object.keys(part)[0] in caseSchema().shape && !('sources' in part))
    .flatMap((part) => parseCase(overlaid(whole, part)).error?.issues ?? [])
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  expect(problems).toEqual([]);
});

it.each(written)('%s shows commands that there are, with options that they have', (page) => {
  const { commands } = buildProgram();
  const shown = [...blocks(page), ...spans(page)].join('\n').replaceAll('\\\n', ' ');
  const wrong = [...shown.matchAll(/\bretroplume (?!--|…|&&)([^\n#]*)/g)].flatMap(([line, rest]) => {
    const command = commands.find((each) => each.name() === rest.split(/\s/)[0]);
    // `retroplume` is also the name of a folder and of a package.
    if (!command) return /^[a-z]/.test(rest) ? [line] : [];
    return [...rest.matchAll(/(?<=\s)--[a-z-]+/g)].map(([option]) => option).filter((option) => !command.options.some(({ long }) => long === option));
  });
  expect(wrong).toEqual([]);
});

it.each(written)('%s runs scripts and programs that there are', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: object };
  const shown = [...blocks(page), ...spans(page)].join('\n');
  const missing = [
    ...[...shown.matchAll(/\bnpm run ([\w-]+)/g)].filter(([, script]) => !(script in scripts)),
    ...[...shown.matchAll(/\b(?:node|python3) ((?:tools|examples|test)\/\S+)/g)].filter(([, path]) => !existsSync(join(root, path))),
  ];
  expect(missing.map(([text]) => text)).toEqual([]);
});

it.each(written)('%s names files and codes that there are', (page) => {
  const files = spans(page).filter((text) => /^[\w./-]+\.(ts|mjs|cjs|cc|cu|h|py|sh)$/.test(text));
  // What the page has its reader write.
  const shown = [...read(page).matchAll(/\bSave this as `([^`]+)`:\n/g)].map(([, file]) => file);
  // NAME stands for any.
  const missing = files.filter(
    (file) =>
      !/NAME|util\.ts/.test(file) && !shown.includes(file) && !existsSync(join(root, file)) && !sources.some((path) => path.endsWith(`/${file}`)),
  );
  const codes = spans(page).filter((text) => /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(text));
  expect([...missing, ...codes.filter((code) => !texts.some((text) => text.includes(code)))]).toEqual([]);
});
