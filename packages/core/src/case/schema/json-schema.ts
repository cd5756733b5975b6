/** The case file's schema as JSON Schema, which editors, the documentation and the error messages read. */
import { z } from 'zod';
import { caseSchema, type Case } from './case-schema';
import { channelsOfCase, GROUP_FACTS, SPECIES_FACTS, speciesOfTable, type CaseChannels } from '../../base/species';

/** The part of JSON Schema that a case file's schema consists of; `unit`, `kind` and `alike` are ours. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  type?: string;
  description?: string;
  unit?: string;
  kind?: 'file' | 'files';
  /** whether the keys inside are those of the section around it, and its description names them */
  alike?: true;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  additionalProperties?: JsonSchema | boolean;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

let cached: JsonSchema | undefined;

/** JSON Schema (draft 2020-12) of what a case file may hold. @param channels - the groups and species that it names */
export function caseJsonSchema(channels?: CaseChannels): JsonSchema {
  if (channels) return jsonSchemaOf(caseSchema(channels));
  cached ??= { title: 'Retroplume case', ...jsonSchemaOf(caseSchema()) };
  return cached;
}

/**
 * The same for editors and validators, in draft 7: what reads no other takes the `items: false` of a pair in 2020-12 for a list in which nothing may stand
 * (YAML's language server to 1.19, github.com/redhat-developer/vscode-yaml/issues/1175). Without the patterns of Unicode's classes: ajv before 8 takes `\p{L}`
 * for five letters, and Python's jsonschema ends with an error.
 */
export function editorsSchema(): object {
  const families = [Object.keys(GROUP_FACTS), Object.keys(SPECIES_FACTS)];
  const [groups, species] = families;
  const override = ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void => {
    if (jsonSchema.pattern?.includes('\\p{')) delete jsonSchema.pattern;
    const { properties = {} } = jsonSchema;
    const family = families.find((names) => names.length === Object.keys(properties).length && names.every((name) => name in properties));
    if (family === undefined) return;
    delete jsonSchema.required; // those of the case are some of them
    jsonSchema.additionalProperties = properties[family[0]]; // and others that it brings
  };
  const schema = caseSchema(channelsOfCase(groups, species.map(speciesOfTable)));
  return { title: 'Retroplume case', ...z.toJSONSchema(schema, { ...OPTIONS, target: 'draft-7', override }) };
}

const OPTIONS = { io: 'input', unrepresentable: 'any' } as const;

/** JSON Schema of what a file may hold. */
export const jsonSchemaOf = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, OPTIONS) as JsonSchema;

/** The schema of the value at `path` of `values`, or undefined where the schema knows no such key; of alternatives, the value there chooses. */
export function schemaAt(path: readonly PropertyKey[], values: unknown, schema: JsonSchema): JsonSchema | undefined {
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) {
    const chosen = alternativeFor(values, alternatives);
    return path.length === 0 && chosen.properties === undefined ? schema : schemaAt(path, values, chosen);
  }
  if (path.length === 0) return schema;
  const [key, ...rest] = path;
  const inner = typeof values === 'object' && values !== null ? (values as Record<PropertyKey, unknown>)[key] : undefined;
  const extra = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const next = typeof key === 'number' ? (schema.prefixItems?.[key] ?? schema.items) : (schema.properties?.[String(key)] ?? extra);
  return next && schemaAt(rest, inner, next);
}

/** By its `kind`, where they have one; else keys for a value that has keys. */
export function alternativeFor(value: unknown, alternatives: readonly JsonSchema[]): JsonSchema {
  const hasKeys = typeof value === 'object' && value !== null && !Array.isArray(value);
  const kind = hasKeys ? (value as { kind?: unknown }).kind : undefined;
  return (
    alternatives.find(({ properties }) => properties?.['kind'] && properties['kind'].const === kind) ??
    alternatives.find(({ properties }) => (properties !== undefined) === hasKeys) ??
    alternatives[0]
  );
}

/** Every path of the schema that has `name` as its last key, such as `training.batch` and `inversion.batch` for `batch`. */
export function pathsOfKey(name: string, schema: JsonSchema, prefix: readonly string[] = []): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    ...(key === name ? [[...prefix, key].join('.')] : []),
    ...pathsOfKey(name, inner, [...prefix, key]),
  ]);
}

type Change = (path: string) => string;

/** Puts `change(path)` in the place of every path of the case. */
export function mapPaths(c: Omit<Case, 'file'>, change: Change): void {
  Object.assign(c, mapped(c, caseJsonSchema(), change));
}

function mapped(value: unknown, schema: JsonSchema | undefined, change: Change): unknown {
  if (schema === undefined) return value;
  if (schema.kind) return mappedPaths(value, change);
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) return mapped(value, alternativeFor(value, alternatives), change);
  if (Array.isArray(value)) return value.map((entry) => mapped(entry, schema.items, change));
  if (schema.properties === undefined && schema.additionalProperties === undefined) return value;
  if (typeof value !== 'object' || value === null) return value;
  const named = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapped(inner, schema.properties?.[key] ?? named, change)]));
}

function mappedPaths(value: unknown, change: Change): unknown {
  if (typeof value === 'string') return change(value);
  return Array.isArray(value) ? (value as string[]).map(change) : value;
}
