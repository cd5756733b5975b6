/** The paths of a case: the values that its schema marks as `kind: file` or `files`, wherever they are. */
import type { Case } from './schema/case-schema';
import { alternativeFor, caseJsonSchema, type JsonSchema } from './schema/json-schema';

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
