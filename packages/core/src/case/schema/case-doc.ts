/** Writes docs/case-file.md from the schema, so that the page can't disagree with what the program accepts. */
import { parse } from 'yaml';
import { GROUPS, SPECIES } from '../../base/species';
import { paperDefaults } from '../paper-defaults';
import { CASE_EXAMPLES } from './case-examples';
import { alternativeFor, caseJsonSchema, type JsonSchema } from './json-schema';

const INTRODUCTION = `# The case file

Made by \`node tools/case-docs.mjs\` from packages/core/src/case/schema. Change the schema there, never this page.

A case is one YAML file. It names the domain, its periods, the files that describe them, and how the surrogate is trained and inverted. \`retroplume init\` writes one
from your files ([check.md](check.md).

- **Sections.** Each begins with an example. The keys of the example are those that people set first; the others follow in a table of their own. Most cases need few of them.

- **Default** is the value of a key that is left out. A **required** key has none. **Paper** is the value under \`mode: paper\` and in \`paperMode\`, where it differs
  (Huang et al. 2021, doi:10.5194/gmd-14-4641-2021).

- **GROUP** stands for each of ${GROUPS.join(', ')}; **SPECIES** for each of ${SPECIES.join(', ')}; **NAME** for a name that you choose.

- **Paths** are relative to the case file. In a glob, \`{period}\` stands for the name of a period.

- **Checks** are strict. An unknown key is an error that suggests the nearest known one. All problems are told at once, with their lines.

- **Command line**: any key can be set there, as in \`--set inversion.iterations=50 --set periods.0.hours=48\`.

- **Editors** that know JSON Schema complete and check the file if its first line is \`# yaml-language-server: $schema=PATH/docs/case.schema.json\`.
`;

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return literal(schema.const).replaceAll('"', '');
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.kind === 'file') return 'file';
  if (schema.kind === 'files') return 'glob';
  if (schema.prefixItems) return schema.prefixItems.length === 2 ? 'pair' : 'triple';
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.anyOf && schema.description === undefined) return 'text, number or true/false';
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  return (
    { string: 'text', integer: 'whole number', number: 'number', boolean: 'true/false', object: 'keys', array: 'list' }[schema.type ?? ''] ?? 'keys'
  );
}

function boundsOf(schema: JsonSchema): string {
  // A whole number's own limits are those of the number format, not of the key.
  const shown = (value: number | undefined): number | undefined => (value !== undefined && Math.abs(value) < 2 ** 31 - 1 ? value : undefined);
  const low =
    schema.exclusiveMinimum !== undefined ? `> ${schema.exclusiveMinimum}` : shown(schema.minimum) !== undefined ? `≥ ${schema.minimum}` : '';
  const high = shown(schema.maximum) !== undefined ? `≤ ${schema.maximum}` : '';
  return [low, high].filter(Boolean).join(', ');
}

function literal(value: unknown): string {
  return value === undefined ? '' : `\`${JSON.stringify(value)}\``;
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (required) return 'required';
  if (schema.properties || schema.oneOf) return '';
  return literal(schema.default) || '–';
}

/** Names of keys that stand for many: of emission groups and of species. */
const FAMILIES = [
  { names: GROUPS as readonly string[], title: 'GROUP' },
  { names: SPECIES as readonly string[], title: 'SPECIES' },
];

/** The same text once; differing ones, each with the names that it holds for. */
function merged(texts: readonly string[], names: readonly string[]): string {
  const different = [...new Set(texts)];
  if (different.length === 1) return different[0];
  return different
    .filter((text) => text !== '')
    .map((text) => `${names.filter((_, i) => texts[i] === text).join(', ')}: ${text.replace(/\.$/, '')}`)
    .join('; ');
}

/** A key of the page: the cells of its row, and the dotted path without `[]`, by which an example names it. */
interface Row {
  path: string;
  cells: string[];
}

/** A key, then the keys inside it. Where the keys are the groups or the species, one row stands for all. */
function rows(schema: JsonSchema, prefix: string, paper: unknown): Row[] {
  const required = new Set(schema.required ?? []);
  const entries = Object.entries(schema.properties ?? {});
  const family = FAMILIES.find(({ names }) => entries.length === names.length && names.every((name) => schema.properties?.[name] !== undefined));
  if (family) {
    const { title } = family;
    const parts = entries.map(([name, inner]) => keyRows(title, prefix, inner, required.has(name), valueAt(paper, name), name));
    if (parts.every((part) => part.length === parts[0].length)) {
      return parts[0].map(({ path }, i) => ({
        path,
        cells: parts[0][i].cells.map((_, column) =>
          merged(
            parts.map((part) => part[i].cells[column]),
            entries.map(([name]) => name),
          ),
        ),
      }));
    }
  }
  return entries.flatMap(([key, inner]) => keyRows(key, prefix, inner, required.has(key), valueAt(paper, key)));
}

const valueAt = (value: unknown, key: string): unknown => (value as Record<string, unknown> | undefined)?.[key];

/** @param name - what the texts call the key, where the row stands for several */
function keyRows(key: string, prefix: string, schema: JsonSchema, required: boolean, paper: unknown, name = key): Row[] {
  const path = prefix + key;
  const description = (schema.description ?? '').replace(/\|/g, '\\|');
  const cells = [
    `\`${path}\``,
    typeOf(schema),
    defaultOf(schema, required),
    literal(paper),
    [schema.unit, boundsOf(schema)].filter(Boolean).join('; '),
    name === key ? description : description.replaceAll(new RegExp(`\\b${name.replace('.', '\\.')}(?!\\w|\\.\\d)`, 'g'), key),
  ];
  const named = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const deeper = schema.alike ? undefined : schema.properties ? schema : schema.items?.properties ? schema.items : named;
  const suffix = schema.properties ? '.' : schema.items ? '[].' : '.NAME.';
  return [{ path, cells }, ...(deeper ? rows(deeper, path + suffix, paper) : [])];
}

const HEAD = ['| key | type | default | paper | unit; bounds | what it is |', '|---|---|---|---|---|---|'];

/** Paths of the keys of an example, as the rows call them. */
function exampleKeys(example: string, section: string, schema: JsonSchema): Set<string> {
  const keys = new Set<string>();
  const walk = (value: unknown, inner: JsonSchema | undefined, path: string): void => {
    if (Array.isArray(value)) return value.forEach((entry) => walk(entry, inner?.items, `${path}[]`));
    if (typeof value !== 'object' || value === null) return;
    const names = Object.keys(inner?.properties ?? {});
    const family = FAMILIES.find((candidate) => candidate.names.length === names.length && candidate.names.every((name) => names.includes(name)));
    for (const [key, entry] of Object.entries(value)) {
      const shape = inner?.oneOf ? alternativeFor(value, inner.oneOf) : inner;
      const next = shape?.properties?.[key];
      const step = next === undefined ? 'NAME' : (family?.title ?? key);
      const nested = path === '' ? step : `${path}.${step}`;
      keys.add(nested);
      walk(entry, next ?? (typeof shape?.additionalProperties === 'object' ? shape.additionalProperties : undefined), nested);
    }
  };
  const values = parse(example) as Record<string, unknown>;
  if (section === 'Top level') walk(values, schema, '');
  else walk(values[section], schema, section);
  return keys;
}

/** The tables of a section: the keys of its example first, then the others. */
function tables(section: string, title: string, schema: JsonSchema, rows: readonly Row[]): string[] {
  const example = CASE_EXAMPLES[section];
  const first = exampleKeys(example, section, schema);
  const table = (tableRows: readonly Row[]): string[] => [...HEAD, ...tableRows.map(({ cells }) => `| ${cells.join(' | ')} |`), ''];
  const usual = rows.filter(({ path }) => first.has(path));
  const otherRows = rows.filter(({ path }) => !first.has(path));
  return ['```yaml', example, '```', '', ...table(usual), ...(otherRows.length > 0 ? [`### More keys of ${title}`, '', ...table(otherRows)] : [])];
}

function section(name: string, schema: JsonSchema, required: boolean): string[] {
  const paper = paperDefaults[name as keyof typeof paperDefaults];
  const heading = [`## ${name}`, '', `${schema.description ?? ''}${required ? ' Required.' : ''}`.trim(), ''];
  const inner = schema.items?.properties ? schema.items : typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema;
  const prefix = schema.items?.properties ? `${name}[].` : typeof schema.additionalProperties === 'object' ? `${name}.NAME.` : `${name}.`;
  if (schema.oneOf) {
    const kinds = schema.oneOf.map((option) => ({ kind: String(option.properties?.['kind']?.const), option }));
    const shown = (parse(CASE_EXAMPLES[name]) as Record<string, { kind: string }>)[name].kind;
    const ordered = [...kinds.filter(({ kind }) => kind === shown), ...kinds.filter(({ kind }) => kind !== shown)];
    return [
      ...heading,
      ...ordered.flatMap(({ kind, option }) =>
        kind === shown
          ? [`With \`kind: ${kind}\`:`, '', ...tables(name, `\`${name}\` with \`kind: ${kind}\``, option, rows(option, prefix, undefined))]
          : [
              `### \`${name}\` with \`kind: ${kind}\``,
              '',
              ...HEAD,
              ...rows(option, prefix, undefined).map(({ cells }) => `| ${cells.join(' | ')} |`),
              '',
            ],
      ),
    ];
  }
  if (name === 'paperMode') {
    const alone = { ...schema, properties: { run: schema.properties?.['run'] as JsonSchema } };
    return [
      ...heading,
      ...tables(name, `\`${name}\``, alone, rows(alone, prefix, undefined)),
      'Its `surrogate`, `training` and `inversion` hold the keys of the sections above; what is left out has the paper’s value, or else the default.',
      '',
    ];
  }
  return [...heading, ...tables(name, `\`${name}\``, schema, rows(inner, prefix, paper))];
}

/** The page, as Markdown. */
export function caseDocumentation(): string {
  const schema = caseJsonSchema();
  const required = new Set(schema.required ?? []);
  const properties = Object.entries(schema.properties ?? {});
  const isSection = ([, inner]: [string, JsonSchema]): boolean =>
    Boolean(inner.properties ?? inner.items?.properties ?? inner.oneOf) || typeof inner.additionalProperties === 'object';
  const plain = Object.fromEntries(properties.filter((entry) => !isSection(entry)));
  const top = { properties: plain, required: schema.required };
  const lines = ['## Top level', '', ...tables('Top level', 'the top level', top, rows(top, '', undefined))];
  for (const [name, inner] of properties.filter(isSection)) lines.push(...section(name, inner, required.has(name)));
  return `${INTRODUCTION}\n${lines.join('\n').trimEnd()}\n`;
}
