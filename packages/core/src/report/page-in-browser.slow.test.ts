/**
 * Opens the page in Chromium as a reader would: no error, no request outside the file, tables as they should be; keeps screenshots in a temporary
 * folder to be looked at. Skipped, and said so, where there is none.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { describeWhere } from '../../../../test/testing/describe-where';
import { chinaGrid, GROUPS, smallGrid, SPECIES, syntheticReport, type SyntheticOptions } from './testing/synthetic-report';
import { executablePath, hasChromium, watch } from './testing/page-checks';
import { writeReport } from './write-report';

const folder = join(tmpdir(), 'retroplume-report');

const cases: Record<string, SyntheticOptions> = {
  'a twin of 48 x 48 cells': {
    grid: smallGrid(),
    periods: ['winter', 'summer'],
    steps: 72,
    stepSeconds: 3600,
    stations: 100,
    twin: true,
    paper: true,
    withDerivedRuns: true,
  },
  'China at 232 x 182 cells': { grid: chinaGrid(), periods: ['january'], steps: 31, stepSeconds: 86400, stations: 1400, twin: false, paper: false },
};

describeWhere(hasChromium, `no Chromium at ${executablePath}`, 'the page in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(() => browser.close());

  async function open(path: string): Promise<{ page: Page; troubles: string[] }> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    const troubles = watch(page, `file://${path}`);
    await page.goto(`file://${path}`, { waitUntil: 'load' });
    return { page, troubles };
  }

  describe.each(Object.entries(cases))('%s', (name, options) => {
    let page: Page;
    let troubles: string[];
    let path: string;
    const data = syntheticReport(options);
    beforeAll(async () => {
      path = (await writeReport(join(folder, name.replaceAll(' ', '-')), data)).html;
      ({ page, troubles } = await open(path));
    });
    afterAll(() => page.close());
    const texts = (selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();

    it('opens without an error and asks for nothing but itself', () => {
      expect(troubles).toEqual([]);
    });

    it('is small enough to send by mail', () => {
      expect(statSync(path).size).toBeLessThan(6e6);
    });

    it('says first what changed on withheld monitors', async () => {
      expect(await texts('.card h3')).toEqual(['NO₂', 'SO₂', 'O₃', 'PM₂.₅']);
      for (const figure of await texts('.card .figure')) expect(figure).toMatch(/^[+−]\d+\u00a0%$/);
      expect(await page.locator('.card.worse h3').allInnerTexts()).toEqual(['O₃']); // synthetic O3 is made worse
    });

    it('has the tables with the expected cells', async () => {
      const several = options.periods.length > 1;
      const perSpecies = several ? options.periods.length + 1 : 1;
      for (const side of ['withheld', 'used']) expect(await page.locator(`#table-${side} tbody tr`).count()).toBe(SPECIES.length * perSpecies);
      expect(await page.locator('#table-totals tbody tr').count()).toBe(GROUPS.length * options.periods.length);
      expect(await texts('#table-response tbody tr:first-child > *')).toEqual([
        'NOₓ → NO₂',
        'default method',
        '0.93',
        '0.97',
        '1.20 ppb',
        '1.10 ppb',
      ]);
      expect(await texts('#table-regions tbody th')).toEqual(['North', 'South'].flatMap((region) => options.periods.map(() => region)));
      const settings = await texts('#table-settings tbody tr');
      expect(settings.map((row) => row.split('\t'))).toContainEqual(['training.learningRate', '0.001', '0.002']);
    });

    it('draws every map with its cells, and no text and no table is wider than the page', async () => {
      const perGroup = options.twin ? 5 : 3;
      expect(await page.locator('#emissions svg image.cells').count()).toBe(
        GROUPS.length * options.periods.length * (options.twin ? perGroup + 1 : perGroup),
      );
      const broken = await page.evaluate(`[...document.querySelectorAll('svg image')].filter((image) => !(image.getBBox().width > 0)).length`);
      expect(broken).toBe(0);
      expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
      const wide = '[...document.querySelectorAll(".table")].filter((each) => each.scrollWidth > each.clientWidth).map(({ id }) => id)';
      expect(await page.evaluate(wide)).toEqual([]);
    });

    it('is as wide as a narrow window, in which only tables are scrolled', async () => {
      for (const width of [800, 390]) {
        await page.setViewportSize({ width, height: 1000 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      }
      await page.setViewportSize({ width: 1280, height: 1000 });
    });

    it('sets ratings aside, so that numbers end below the end of their header', async () => {
      const ends = `(cell) => { const range = document.createRange(); range.selectNode(cell.firstChild); return range.getBoundingClientRect().right; }`;
      const of = (selector: string): Promise<number[]> =>
        page.evaluate(`[...document.querySelectorAll('#table-benchmarks-withheld ${selector}')].slice(6).map(${ends})`);
      const [head, first] = [await of('thead th'), await of('tbody tr:first-child > *')];
      first.forEach((end, column) => expect(Math.abs(end - head[column])).toBeLessThan(6)); // a space
    });

    it('breaks the long table of settings into the columns of the page', async () => {
      const data = `[...document.querySelectorAll('#table-settings tr')].map((row) => row.getBoundingClientRect().left)`;
      const longer = `document.querySelector('#table-settings tbody').innerHTML += '<tr><th>x</th><td>1</td></tr>'.repeat(200)`;
      await page.evaluate(longer);
      expect(new Set(await page.evaluate<number[]>(data)).size).toBe(2);
      await page.reload();
    });

    it('names every picture and every table for readers who do not see them', async () => {
      expect(await page.locator('main svg:not([aria-label]):not([role=img] svg):not([aria-hidden=true])').count()).toBe(0);
      expect(await page.locator('img:not([alt]), svg[aria-label]:not([role=img])').count()).toBe(0);
      const names = await page.evaluate<string[]>(
        `[...document.querySelectorAll('[role=img]')].map((each) => each.getAttribute('aria-label') ?? '')`,
      );
      expect(names.length).toBeGreaterThan(30);
      expect(names.filter((name) => !/: .*\d/.test(name))).toEqual([]); // what is seen, with its main figure
      expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
      expect(await page.locator('table:not(:has(caption))').count()).toBe(0);
    });

    it('keeps a screenshot', async () => {
      const screenshot = join(folder, `${name.replaceAll(' ', '-')}.png`);
      await page.screenshot({ path: screenshot, fullPage: true });
      expect(statSync(screenshot).size).toBeGreaterThan(1e5);
    });
  });

  it('holds names of any length within the page', async () => {
    const name = 'averylongname'.repeat(12);
    const data = syntheticReport({ ...cases['a twin of 48 x 48 cells'], periods: [name], paper: false });
    const regions = [{ ...data.regions![0], name }];
    const { page } = await open((await writeReport(join(folder, 'long-names'), { ...data, caseName: name, ctm: name, regions })).html);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 1000 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    }
    await page.close();
  });

  it('would notice an error and a request: the watch itself is tested', async () => {
    const path = join(folder, 'bad.html');
    writeFileSync(path, '<img src="http://127.0.0.1:9/x.png"><script>throw new Error("broken")</script>');
    const { page, troubles } = await open(path);
    expect(troubles).toEqual(expect.arrayContaining(['request: http://127.0.0.1:9/x.png', 'error: broken']));
    await page.close();
  });
});
