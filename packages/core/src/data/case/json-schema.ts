/** The case file's schema as JSON Schema, which editors, the documentation and the error messages read. */
import { z } from 'zod';
import { caseSchema } from './case-schema';

/** The part of JSON Schema that a case file's schema consists of; `unit` and `kind` are ours. */
export interface JsonSchema {
  $schema?: string;
  title?: string;
  type?: string;
  description?: string;
  unit?: string;
  kind?: 'file' | 'files';
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

/** JSON Schema (draft 2020-12) of what a case file may hold. */
export function caseJsonSchema(): JsonSchema {
  cached ??= { title: 'Retroplume case', ...(z.toJSONSchema(caseSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema) };
  return cached;
}

/** The schema of the value at `path`, or undefined where the schema knows no such key; of alternatives, `value` chooses by its `kind`. */
export function schemaAt(path: readonly PropertyKey[], value: unknown, schema: JsonSchema = caseJsonSchema()): JsonSchema | undefined {
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives && path.length >= 0) {
    const kind = (value as { kind?: unknown } | undefined)?.kind;
    const chosen = alternatives.find((option) => option.properties?.['kind']?.const === kind) ?? alternatives[0];
    if (path.length === 0 && chosen.properties === undefined) return schema;
    return schemaAt(path, value, chosen);
  }
  if (path.length === 0) return schema;
  const [key, ...rest] = path;
  const inner = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  const extra = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const next = typeof key === 'number' ? (schema.prefixItems?.[key] ?? schema.items) : (schema.properties?.[String(key)] ?? extra);
  return next && schemaAt(rest, inner, next);
}

/** Every path of the schema that has `name` as its last key, such as `training.batch` and `inversion.batch` for `batch`. */
export function pathsOfKey(name: string, schema: JsonSchema = caseJsonSchema(), prefix: readonly string[] = []): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    ...(key === name ? [[...prefix, key].join('.')] : []),
    ...pathsOfKey(name, inner, [...prefix, key]),
  ]);
}
