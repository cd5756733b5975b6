/**
 * Whether a query of the case selects the same on every run. DuckDB says of each of its functions how long what it gives holds; that of `random()` and
 * `now()` does not. Names are looked for in the parsed query, so that they may stand in texts.
 *
 * @see duckdb_functions() and json_serialize_sql() of DuckDB's documentation
 */
/** The time now, written without brackets: DuckDB takes them for columns where there are such. */
const CLOCKS = ['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'];
/** A sample; SQL that is made as it runs, in which anything may stand. */
const MORE = ['reservoir_quantile', 'query', 'json_execute_serialized_sql'];

/** SQL of the names of all functions, and of what stands for others, that give something else from run to run; `error` only fails. */
export const CHANGING_FUNCTIONS = `WITH changing AS (SELECT DISTINCT function_name AS name FROM duckdb_functions() WHERE stability <> 'CONSISTENT' AND function_name <> 'error')
  SELECT name FROM changing UNION SELECT function_name FROM duckdb_functions()
  WHERE regexp_matches(macro_definition, '\\b(' || (SELECT string_agg(name, '|') FROM changing) || '|${CLOCKS.join('|')})\\b')`;

/** SQL of the parsed query, as JSON. */
export const PARSED_QUERY = 'SELECT json_serialize_sql($1::VARCHAR)';

/**
 * @param parsed - what {@link PARSED_QUERY} gives
 * @param functions - what {@link CHANGING_FUNCTIONS} gives
 * @param columns - of the tables that the query may read
 * @returns what gives something else from run to run, as the query may have it: `random()`; undefined where nothing does
 */
export function changingPart(parsed: string, functions: Iterable<string>, columns: readonly string[]): string | undefined {
  const named = new Set([...functions, ...MORE]);
  const columnNames = new Set(columns.map((name) => name.toLowerCase()));
  return first(JSON.parse(parsed), (node) => {
    const { class: kind, function_name: name, children, column_names: names, sample } = node;
    if (typeof name === 'string' && named.has(name.toLowerCase())) return `${name.toLowerCase()}()`;
    if (name === 'age' && (children as unknown[]).length === 1) return 'age() of one time';
    if (kind === 'COLUMN_REF' && (names as string[]).length === 1) {
      const column = (names as string[])[0].toLowerCase();
      if (CLOCKS.includes(column) && !columnNames.has(column)) return column;
    }
    return (sample as { seed?: number } | null | undefined)?.seed === -1 ? 'a sample without REPEATABLE' : undefined;
  });
}

/** Depth first. */
function first<T>(value: unknown, find: (node: Record<string, unknown>) => T | undefined): T | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const match = Array.isArray(value) ? undefined : find(value as Record<string, unknown>);
  if (match !== undefined) return match;
  for (const inner of Object.values(value)) {
    const deeper = first(inner as unknown, find);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}
