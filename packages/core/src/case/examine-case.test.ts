import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineCase } from './examine-case';
import { TINY_CASE } from './testing/tiny-case';

let path: string;
beforeAll(() => {
  path = join(mkdtempSync(join(tmpdir(), 'examine-')), 'case.yaml');
  writeFileSync(path, TINY_CASE);
});
afterAll(() => rmSync(join(path, '..'), { recursive: true }));

const keysOf = (...set: string[]): string[] => examineCase(path, set).problems.map(({ key }) => key);

test('nothing is concluded of emissions that could not be read', () => {
  const power = 'emissions.sectors={power: {files: p.nc}}';
  const inverted = 'inversion.sectors=[{sector: power}]';
  const runs = 'certificate.runs=[{name: a, emissions: "a_{sector}_{period}.nc", concentrations: "A_{period}.nc"}]';
  expect(keysOf(power, inverted, runs)).toEqual([]);
  expect(keysOf(inverted, runs)).toEqual(['inversion.sectors.0.sector', 'certificate.runs.0.emissions']);
  expect(keysOf(power, inverted, runs, 'emissions.groups.NOx.variables=[]')).toEqual(['emissions.groups.NOx.variables']);
});
