/** `npm run site` makes a site of all pages whose links lead somewhere and which finds words without a network. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'site-'));
const site = join(folder, 'site');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const filesOf = (path: string): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' });

it('has every page and the library, with links that lead somewhere and a search that needs no network', () => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'site', '--', site], { cwd: root, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('serve it with any web server');

  const made = filesOf(site);
  const pages = filesOf(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  expect(pages.filter((page) => !made.includes(`docs/${page.replace(/\.md$/, '.html')}`))).toEqual([]);
  const api = made.filter((name) => /^docs\/api\/.*html$/.test(name)).map((name) => readFileSync(join(site, name), 'utf8'));
  expect(api.filter((page) => page.includes('openSurrogate')).length).toBeGreaterThan(0);

  const html = made.filter((name) => name.endsWith('.html'));
  const dead = html.flatMap((page) => {
    const links = [...readFileSync(join(site, page), 'utf8').matchAll(/ (?:href|src)="([^"#?]+)/g)].map(([, link]) => link);
    const local = links.filter((link) => !/^[a-z]+:|^\/\//.test(link));
    const path = (link: string): string => (link.startsWith('/') ? join(site, link) : join(site, dirname(page), link));
    return local
      .filter((link) => ![path(link), `${path(link)}.html`, join(path(link), 'index.html')].some(existsSync))
      .map((link) => `${page}: ${link}`);
  });
  expect(dead).toEqual([]);
  const loaded = html.flatMap((page) =>
    [...readFileSync(join(site, page), 'utf8').matchAll(/<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)/g)].map(([, url]) => url),
  );
  expect(loaded).toEqual([]);
  expect(made.filter((name) => /localSearchIndex/.test(name)).length).toBeGreaterThan(0);
}, 300_000);
