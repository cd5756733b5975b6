// The site's navigation and search. build.mjs calls VitePress with the pages' and the site's folder.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const pages = process.env.SITE_PAGES;
const title = (path) => /^# (.*)$/m.exec(readFileSync(join(pages, path), 'utf8'))?.[1].replace(/[`*]/g, '') ?? path;
const item = (path) => ({ text: title(path), link: `/${path.replace(/\.md$/, '')}` });

/** The lists of docs/index.md, in its order: a heading is a group, each link a page. */
function groups() {
  const parts = readFileSync(join(pages, 'docs/index.md'), 'utf8').split(/^## /m).slice(1);
  return parts.map((part) => ({
    text: part.split('\n')[0],
    collapsed: false,
    items: [...new Set([...part.matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, page]) => join('docs', page)))].map(item),
  }));
}

const api = () =>
  readdirSync(join(pages, 'docs/api'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && name !== 'index.md');

export default {
  title: 'Retroplume',
  description: 'Learn a chemical transport model, carry the misfit against monitors back to the emissions, prove the result.',
  base: process.env.BASE ?? '/',
  srcDir: pages,
  outDir: process.env.SITE_OUT,
  cacheDir: join(pages, '.cache'),
  rewrites: { 'README.md': 'index.md' },
  metaChunk: true,
  markdown: { html: false },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Documentation', link: '/docs/' },
      { text: 'API', link: '/docs/api/' },
    ],
    sidebar: [
      ...groups(),
      {
        text: 'API',
        collapsed: true,
        items: api()
          .sort()
          .map((name) => item(join('docs/api', name))),
      },
    ],
  },
};
