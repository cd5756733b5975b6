/** Writes docs/case-file.md from the schema, so that the page can't disagree with what the program accepts. */
import { caseJsonSchema, type JsonSchema } from './json-schema';
import { paperDefaults } from '../paper-defaults';

const INTRODUCTION = `# The case file

Made by \`node tools/case-docs.mjs\` from packages/core/src/case/schema; change the schema there, never this page.

A case is one YAML file: one domain, its periods, the files that describe them, and how the surrogate is trained and inverted. It is checked
strictly: an unknown key is an error that suggests the nearest known one, and all problems are told at once, with their lines. Paths are relative to the case file;
in globs \`{period}\` stands for a period's name. Any key can be set on the command line: \`--set inversion.iterations=50 --set periods.0.hours=48\`.
Editors that know JSON Schema complete and check the file when its first line is \`# yaml-language-server: $schema=PATH/docs/case.schema.json\`.

**Default** is what a key is when it is left out; **required** keys have none. **Paper** is its value under \`mode: paper\` and in \`paperMode\`, where it differs
(Huang et al. 2021, doi:10.5194/gmd-14-4641-2021).
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

/** The rows of a table: a key, then the keys inside it. */
function rows(schema: JsonSchema, prefix: string, paper: unknown): string[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    const path = prefix + key;
    const paperValue = (paper as Record<string, unknown> | undefined)?.[key];
    const unit = [inner.unit, boundsOf(inner)].filter(Boolean).join('; ');
    const cells = [
      `\`${path}\``,
      typeOf(inner),
      defaultOf(inner, required.has(key)),
      literal(paperValue),
      unit,
      (inner.description ?? '').replace(/\|/g, '\\|'),
    ];
    const deeper = inner.properties
      ? inner
      : inner.items?.properties
        ? inner.items
        : typeof inner.additionalProperties === 'object'
          ? inner.additionalProperties
          : undefined;
    return [
      `| ${cells.join(' | ')} |`,
      ...(deeper ? rows(deeper, `${path}${inner.properties ? '.' : inner.items ? '[].' : '.NAME.'}`, paperValue) : []),
    ];
  });
}

const HEAD = ['| key | type | default | paper | unit; bounds | what it is |', '|---|---|---|---|---|---|'];

function section(name: string, schema: JsonSchema, required: boolean): string[] {
  const paper = paperDefaults[name as keyof typeof paperDefaults];
  const heading = [`## ${name}`, '', `${schema.description ?? ''}${required ? ' Required.' : ''}`.trim(), ''];
  const inner = schema.items?.properties ? schema.items : typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema;
  const prefix = schema.items?.properties ? `${name}[].` : typeof schema.additionalProperties === 'object' ? `${name}.NAME.` : `${name}.`;
  if (schema.oneOf) {
    return [
      ...heading,
      ...schema.oneOf.flatMap((option) => [
        `With \`kind: ${String(option.properties?.['kind']?.const)}\`:`,
        '',
        ...HEAD,
        ...rows(option, prefix, undefined),
        '',
      ]),
    ];
  }
  if (name === 'paperMode') {
    const own = { ...schema, properties: { run: schema.properties?.['run'] as JsonSchema } };
    return [
      ...heading,
      ...HEAD,
      ...rows(own, prefix, undefined),
      '',
      'Its `surrogate`, `training` and `inversion` hold the keys of the sections above; what is left out has the paper’s value, or else the default.',
      '',
    ];
  }
  return [...heading, ...HEAD, ...rows(inner, prefix, paper), ''];
}

/** The page, as Markdown. */
export function caseDocumentation(): string {
  const schema = caseJsonSchema();
  const required = new Set(schema.required ?? []);
  const all = Object.entries(schema.properties ?? {});
  const isSection = ([, inner]: [string, JsonSchema]): boolean =>
    Boolean(inner.properties ?? inner.items?.properties ?? inner.oneOf) || typeof inner.additionalProperties === 'object';
  const plain = Object.fromEntries(all.filter((entry) => !isSection(entry)));
  const lines = ['## Top level', '', ...HEAD, ...rows({ properties: plain, required: schema.required }, '', undefined), ''];
  for (const [name, inner] of all.filter(isSection)) lines.push(...section(name, inner, required.has(name)));
  return `${INTRODUCTION}\n${lines.join('\n').trimEnd()}\n`;
}
