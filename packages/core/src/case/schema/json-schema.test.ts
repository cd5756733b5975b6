import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caseJsonSchema, loadCase, type JsonSchema } from '../index';
import { TINY_CASE as VALID } from '../testing/tiny-case';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'case-paths-'))));
afterAll(() => rmSync(folder, { recursive: true }));

it('every path that the schema knows comes back absolute', () => {
  const text = `${VALID}priorConcentrations: out/ACONC_{period}.nc\nupdatedConcentrations: new/ACONC_{period}.nc\nmembers: { runs: [{ name: a, emissions: "a/E*.nc", concentrations: "a/C*.nc", layers: "a/L*.nc" }] }
columns: { NO2_column: { files: "S5P*.nc" } }\npriorLayers: out/CONC.nc\nupdatedLayers: new/CONC.nc\nconcentrations: { layers: { meteorology: METCRO3D.nc } }
certificate: { sensitivities: [{ name: ddm, group: NOx, files: "ddm/ASENS_{period}*.nc", variables: { O3: O3_ENX }, mask: { file: masks.nc, variable: GA } }] }\n`;
  const sectors = 'emissions.sectors={a: {files: "a/E*.nc", stackGroups: stacks.nc, dates: {files: dates.txt, column: all}}}';
  const nuisance = 'nuisance.runs=[{name: inflow, spread: 1, concentrations: "inflow/C*.nc", layers: "inflow/L*.nc"}]';
  writeFileSync(join(folder, 'case.yaml'), text.replace('  twin: {}', '  twin: {}\n  files: obs.csv'));
  const c = loadCase(join(folder, 'case.yaml'), [
    sectors,
    `inversion.${nuisance}`,
    'meteorology.files=[cro.nc, dot.nc]',
    'observations.files=[obs.csv, more.csv]',
  ]);
  const found: (string | string[])[] = [];
  const walk = (schema: JsonSchema, value: unknown): void => {
    if (schema.kind) found.push(value as string | string[]);
    for (const [key, inner] of Object.entries(schema.properties ?? {})) walk(inner, (value as Record<string, unknown> | undefined)?.[key]);
    if (schema.items) for (const entry of (value as unknown[] | undefined) ?? []) walk(schema.items, entry);
    const { additionalProperties: named } = schema;
    if (typeof named === 'object') for (const entry of Object.values((value as object | undefined) ?? {})) walk(named, entry);
  };
  walk(caseJsonSchema(), c);
  expect(found.flat()).toHaveLength(25);
  for (const path of found.flat()) expect(path.startsWith(folder)).toBe(true);
});
