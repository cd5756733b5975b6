/** Every page that people write stays within its words, in sentences and paragraphs that a reader takes in at once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

/** The most words of each page. */
const WORDS: Record<string, number> = {
  'CHANGELOG.md': 400,
  'CONTRIBUTING.md': 700,
  'README.md': 500,
  'docs/adjoint.md': 700,
  'docs/index.md': 300,
  'docs/cases/china.md': 1200,
  'docs/cases/demo.md': 1200,
  'docs/cases/non-identical.md': 1200,
  'docs/check.md': 1200,
  'docs/clusters.md': 2200,
  'docs/columns.md': 1200,
  'docs/emissions.md': 1900,
  'docs/faq.md': 1400,
  'docs/gridded-data.md': 1900,
  'docs/inversion.md': 2200,
  'docs/library.md': 1300,
  'docs/observations.md': 1700,
  'docs/quick-start.md': 700,
  'docs/quick-start-cmaq.md': 1500,
  'docs/real-monitors.md': 1300,
  'docs/report.md': 2000,
  'docs/results.md': 900,
  'docs/runs.md': 1000,
  'docs/surrogate.md': 2100,
  'docs/uncertainty.md': 1900,
  'docs/dev/architecture.md': 1500,
  'docs/dev/gpu.md': 1500,
  'docs/dev/graph.md': 1200,
  'docs/dev/kernels.md': 1500,
  'docs/dev/performance.md': 1500,
  'docs/dev/reference-model.md': 1500,
  'docs/dev/tried.md': 1000,
};
/** Pages that a program writes. */
const GENERATED = ['docs/case-file.md', 'docs/errors.md', 'docs/species.md'];
/** All pages that people write are at most this many words together. */
const ALL_WORDS = 40_000;
const SENTENCE = 45;
/** Sentences longer than this may be a twentieth of a page. */
const LONG_SENTENCE = 30;
const PARAGRAPH = 80;

const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const wordsOf = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;

/** The paragraphs and list items of a page, without code, tables and headings; a link counts as its words, a span of code as one word. */
function paragraphs(page: string): string[] {
  const prose = page
    .replace(/^( *)```[\s\S]*?^\1```$/gm, '\n')
    .split('\n')
    .filter((line) => !/^(\s*\||#)/.test(line))
    .join('\n')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`[^`]*`/g, 'code');
  const parts = prose.split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)/).map((paragraph) => paragraph.trim());
  return parts.filter((paragraph) => paragraph !== '');
}

const sentences = (paragraph: string): string[] => paragraph.split(/(?<=[.!?;]\**)\s+/).filter((sentence) => wordsOf(sentence) > 0);
const longer = (texts: readonly string[], than: number): string[] => texts.filter((text) => wordsOf(text) > than);

it.each(Object.entries(WORDS))('%s has %i words at most', (page, most) => {
  expect(wordsOf(read(page))).toBeLessThanOrEqual(most);
});

it('lists every page, and all of them together are short enough to be read', () => {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  const pages = ['CHANGELOG.md', 'CONTRIBUTING.md', 'README.md', ...docs.map((name) => `docs/${name}`)];
  const written = pages.filter((page) => !GENERATED.includes(page));
  expect(Object.keys(WORDS).sort()).toEqual(written.sort());
  expect(written.reduce((sum, page) => sum + wordsOf(read(page)), 0)).toBeLessThanOrEqual(ALL_WORDS);
});

it.each(Object.keys(WORDS))('%s is written in short sentences and paragraphs', (page) => {
  const found = paragraphs(read(page));
  const all = found.flatMap(sentences);
  expect(longer(found, PARAGRAPH)).toEqual([]);
  expect(longer(all, SENTENCE)).toEqual([]);
  const long = longer(all, LONG_SENTENCE);
  expect(long.length > all.length / 20 ? long : []).toEqual([]);
});

it('counts what stands between code and tables', () => {
  const page =
    '# A heading\n\nOne two. Three [four](five.md) `six seven`!\n\n| a | b |\n|---|---|\n\n```\ncode here\n```\n\n- eight\n- nine; **ten.** eleven\n';
  expect(paragraphs(page).flatMap(sentences)).toEqual(['One two.', 'Three four code!', '- eight', '- nine;', '**ten.**', 'eleven']);
});
