import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { programsOf, typeErrors } from './testing/program';

const root = join(__dirname, '..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

describe('the library example of the README', () => {
  const [code] = programsOf('README.md');

  it('has about 15 lines', () => {
    expect(code.split('\n').length).toBeGreaterThan(8);
    expect(code.split('\n').length).toBeLessThan(22);
  });

  it('fits the public API', () => {
    expect(typeErrors(code)).toEqual([]);
  });
});

describe('links between pages', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map((match) => match[1]).filter((target) => !/^[a-z]+:/.test(target));
    const missing = targets.filter((target) => !existsSync(resolve(root, dirname(page), target)));
    expect(missing).toEqual([]);
  });
});
