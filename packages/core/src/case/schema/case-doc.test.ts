import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { caseDocumentation } from './case-doc';
import { CASE_EXAMPLES } from './case-examples';
import { caseSchema } from './case-schema';
import { caseJsonSchema, type JsonSchema } from '..';
import { editorsSchema } from './json-schema';
import { speciesDocumentation } from './species-doc';

describe('what is published', () => {
  const root = join(__dirname, '../../../../..');
  it('docs/case.schema.json is current (node tools/case-docs.mjs)', () => {
    expect(JSON.parse(readFileSync(join(root, 'docs/case.schema.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(editorsSchema())));
  });
  it('docs/case.schema.json holds no pattern that a regular expression without Unicode classes reads otherwise', () => {
    const text = readFileSync(join(root, 'docs/case.schema.json'), 'utf8');
    const patterns = [...text.matchAll(/"pattern": (".*")/g)].map(([, pattern]) => JSON.parse(pattern) as string);
    expect(patterns.length).toBeGreaterThan(10);
    expect(patterns.filter((pattern) => pattern.includes('\\p'))).toEqual([]);
  });

  it('docs/case.schema.json says of a pair what editors of any draft understand', () => {
    const text = readFileSync(join(root, 'docs/case.schema.json'), 'utf8');
    expect(text).not.toContain('prefixItems');
    expect(text).not.toContain('"items": false');
    expect(JSON.parse(text)).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      properties: { regions: { additionalProperties: { properties: { rows: { items: [{ type: 'integer' }, { type: 'integer' }] } } } } },
    });
  });
  it('docs/case-file.md is current (node tools/case-docs.mjs)', () => {
    expect(readFileSync(join(root, 'docs/case-file.md'), 'utf8')).toBe(caseDocumentation());
  });
  it('docs/species.md is current (node tools/case-docs.mjs)', () => {
    expect(readFileSync(join(root, 'docs/species.md'), 'utf8')).toBe(speciesDocumentation());
  });
  it('docs/case-file.md has a valid example for every section, together one case', () => {
    const sections = Object.keys(caseJsonSchema().properties ?? {});
    const example = parse(Object.values(CASE_EXAMPLES).join('\n')) as Record<string, unknown>;
    const plain = [
      'description',
      'assumptions',
      'device',
      'precision',
      'tileCells',
      'priorConcentrations',
      'updatedConcentrations',
      'priorLayers',
      'updatedLayers',
    ];
    expect(sections.filter((section) => example[section] === undefined && !plain.includes(section))).toEqual([]);
    expect(caseSchema().safeParse(example).error?.issues).toBeUndefined();
    expect(caseSchema().safeParse({ ...example, grid: {} }).success).toBe(false);
  });
  it('docs/case-file.md has at most 60 keys that people set first, and every key once', () => {
    const page = caseDocumentation();
    const keysOf = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)` \| (?!keys)/gm)].map(([, key]) => key);
    const first = page.split(/^## /m).flatMap((part) => keysOf(part.split(/^### /m)[0]));
    expect(first.length).toBeLessThanOrEqual(60);
    expect(first).toContain('inversion.observationError.SPECIES.relative');
    const all = keysOf(page).filter((key) => key !== 'ctm.kind');
    expect(new Set(all).size).toBe(all.length);
  });
  it('describes every key', () => {
    const bare: string[] = [];
    const walk = (schema: JsonSchema, path: string): void => {
      for (const [key, inner] of Object.entries(schema.properties ?? {})) {
        if (!inner.description) bare.push(path + key);
        walk(inner, `${path}${key}.`);
      }
      for (const option of schema.oneOf ?? []) walk(option, path);
      if (schema.items) walk(schema.items, `${path}[].`);
    };
    walk(caseJsonSchema(), '');
    expect(bare.filter((path) => !path.startsWith('paperMode.'))).toEqual([]);
  });
});
