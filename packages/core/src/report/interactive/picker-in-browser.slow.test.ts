/** Uses the page as a reader does: picks a monitor, reads a value, takes the CSV; wide and narrow, light and dark, and with scripts off. */
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { describeWhere } from '../../../../../test/testing/describe-where';
import type { ReportConcentrations } from '../data/report-data';
import { executablePath, fits, hasChromium, seenText, skippedHeadings, tooFaint, unnamedFields, watch } from '../testing/page-checks';
import { smallGrid, syntheticReport } from '../testing/synthetic-report';
import { writeReport } from '../write-report';

const folder = join(tmpdir(), 'retroplume-picker');
const STATIONS = 60;
const made = syntheticReport({
  grid: smallGrid(),
  periods: ['winter', 'summer'],
  steps: 96,
  stepSeconds: 3600,
  stations: STATIONS,
  twin: true,
  paper: true,
});
const data = { ...made, stations: made.stations.map((station, i) => ({ ...station, name: `Place ${i}` })) };
const looks = [1280, 400].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })));

function seriesOf(species: string, period: string): ReportConcentrations {
  return data.concentrations.find((each) => each.species === species && each.period === period)!;
}

describeWhere(hasChromium, `no Chromium at ${executablePath}`, 'choosing a monitor', () => {
  let browser: Browser;
  let path: string;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    path = (await writeReport(join(folder, 'report'), data)).html;
  });
  afterAll(() => browser.close());

  async function open(options: BrowserContextOptions): Promise<{ page: Page; troubles: string[] }> {
    const page = await (await browser.newContext({ acceptDownloads: true, ...options })).newPage();
    const troubles = watch(page, `file://${path}`);
    await page.goto(`file://${path}`, { waitUntil: 'load' });
    return { page, troubles };
  }

  /** Waits for its series. */
  async function pick(page: Page, words: string, title: string): Promise<void> {
    await page.getByLabel('Monitor', { exact: true }).fill(words);
    await page.keyboard.press('Enter');
    await page.locator('#pick-title', { hasText: title }).waitFor();
    await page.locator('#pick-readout time').waitFor();
  }

  const readout = (page: Page): Promise<string> => page.locator('#pick-readout').innerText();
  const numbers = (text: string): number[] => [...text.matchAll(/(?:observed|prior|updated)\s+([\d.]+|–)/g)].map(([, value]) => Number(value));

  describe.each(looks)('at $width px, $colorScheme', ({ width, colorScheme }) => {
    let page: Page;
    let troubles: string[];
    beforeAll(async () => {
      ({ page, troubles } = await open({ viewport: { width, height: 900 }, colorScheme }));
    });
    afterAll(() => page.context().close());

    it('shows the values of a time as the pairs have them', async () => {
      await page.getByLabel('Species', { exact: true }).selectOption({ label: 'O₃' });
      await page.getByLabel('Period', { exact: true }).selectOption('summer');
      await pick(page, 'Place 17', 'O₃ at S17 Place 17');
      const slider = page.locator('#pick-chart');
      await slider.focus();
      await page.keyboard.press('Home');
      for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowRight');
      const text = await readout(page);
      expect(text).toContain('2026-07-06 06:00 UTC');
      expect(await slider.getAttribute('aria-valuetext')).toContain('2026-07-06 06:00 UTC: observed');
      const { observed, prior, updated } = seriesOf('O3', 'summer');
      const values = [observed, prior, updated].map((series) => series[30 * STATIONS + 17]);
      numbers(text).forEach((value, k) => expect(Math.abs(value - values[k])).toBeLessThanOrEqual(0.0501)); // steps of 0.1
      expect(numbers(text)).toHaveLength(3);
    });

    it('shows those under the pointer', async () => {
      const box = (await page.locator('#pick-chart').boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.5, box.y + 100);
      const text = await readout(page);
      const [, day, hour] = /2026-07-(\d+) (\d+):00 UTC/.exec(text)!.map(Number);
      const t = 24 * (day - 5) + hour;
      const { updated } = seriesOf('O3', 'summer');
      expect(Math.abs(numbers(text)[2] - updated[t * STATIONS + 17])).toBeLessThanOrEqual(0.0501);
    });

    it('gives what is shown as CSV', async () => {
      await page.locator('#pick-chart').focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('+');
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download as CSV' }).click()]);
      expect(download.suggestedFilename()).toMatch(/S17_O3_summer\.csv$/);
      const lines = readFileSync(await download.path(), 'utf8')
        .trim()
        .split('\n');
      expect(lines[0]).toBe('time,observed (ppb),prior (ppb),updated (ppb)');
      expect(lines.length).toBeGreaterThan(40);
      expect(lines.length).toBeLessThan(60); // half of 96 hours
      const [time, ...values] = lines[3].split(',');
      expect(time).toBe('2026-07-05T02:00:00Z');
      const { prior, updated } = seriesOf('O3', 'summer');
      [prior, updated].forEach((series, k) => expect(Math.abs(Number(values[k + 1]) - series[2 * STATIONS + 17])).toBeLessThanOrEqual(0.0501));
      await page.getByRole('button', { name: 'Whole period' }).click();
    });

    it('is chosen on the map, too', async () => {
      const target = page.locator('#pick-marks path').nth(3);
      await target.scrollIntoViewIfNeeded();
      const box = (await target.boundingBox())!;
      const before = await page.locator('#pick-title').innerText();
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
      await page.waitForFunction(`document.querySelector('#pick-title').textContent !== ${JSON.stringify(before)}`);
    });

    it('says it where nobody has the name, and keeps what is shown', async () => {
      const before = await page.locator('#pick-title').innerText();
      await page.getByLabel('Monitor', { exact: true }).fill('nowhere');
      await page.keyboard.press('Enter');
      expect(await page.locator('#pick-message').innerText()).toBe('No monitor that is listed is called “nowhere”.');
      expect(await page.locator('#pick-title').innerText()).toBe(before);
      await page.keyboard.press('Escape');
    });

    it('lists withheld ones alone', async () => {
      await page.getByLabel('Monitors listed', { exact: true }).selectOption('withheld');
      const withheld = data.stations.filter(({ role }) => role === 'withheld').length;
      expect(await page.locator('#pick-stations option').count()).toBe(withheld);
      await page.locator('#pick-role-meaning', { hasText: 'withheld: the inversion never saw it' }).waitFor();
      await page.getByRole('button', { name: 'Next monitor' }).click();
      await page.locator('#pick-role-meaning', { hasText: 'withheld: the inversion never saw it' }).waitFor();
      expect(await page.locator('#pick-scores tbody tr').count()).toBe(2);
    });

    it('has no error, no request, no width beyond the window', async () => {
      expect(troubles).toEqual([]);
      expect(await fits(page)).toBe(true);
    });

    it('can be read: contrast, size, order of headings, labels', async () => {
      const texts = await seenText(page);
      expect(texts.length).toBeGreaterThan(500);
      expect(tooFaint(texts)).toEqual([]);
      if (width < 600) expect(texts.filter(({ isDrawn, size }) => !isDrawn && size < 14)).toEqual([]);
      expect(await skippedHeadings(page)).toEqual([]);
      expect(await unnamedFields(page)).toEqual([]);
    });
  });

  it('is said to need scripts where there are none, and all the rest is there', async () => {
    const { page, troubles } = await open({ javaScriptEnabled: false, viewport: { width: 400, height: 900 } });
    expect(await page.locator('#picker').isVisible()).toBe(false);
    expect(await page.getByText('Choosing a monitor needs scripts').isVisible()).toBe(true);
    expect(await page.locator('.card .figure').count()).toBe(4);
    expect(await page.locator('#concentrations svg').count()).toBeGreaterThan(20);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('says it where the browser cannot unpack, and shows scores and map all the same', async () => {
    const page = await browser.newPage();
    await page.addInitScript('delete window.DecompressionStream');
    await page.goto(`file://${path}`);
    expect(await page.locator('#pick-chart').innerText()).toMatch(/^This browser is too old to unpack the series/);
    expect(await page.locator('#pick-scores tbody tr').count()).toBe(2);
    expect(await page.locator('#pick-marks path').count()).toBe(STATIONS);
    expect(await page.getByRole('button', { name: 'Download as CSV' }).isVisible()).toBe(false);
    await page.close();
  });

  it('is out of reach of any other script', async () => {
    const { page, troubles } = await open({ viewport: { width: 1280, height: 900 } });
    await page.evaluate(`document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.foreign = 1' }))`);
    expect(await page.evaluate('window.foreign')).toBeUndefined();
    expect(troubles.join()).toMatch(/Content Security Policy/);
    await page.context().close();
  });

  it('would notice what is faint, small, skipped and unnamed: the checks themselves are tested', async () => {
    const page = await browser.newPage();
    await page.setContent('<h1>a</h1><h3>b</h3><input id="x"><p style="color:#999;font-size:12px">faint</p>');
    const texts = await seenText(page);
    expect(tooFaint(texts).map(({ text, size }) => [text, size])).toEqual([['faint', 12]]);
    expect(await skippedHeadings(page)).toEqual(['<h3>b</h3>']);
    expect(await unnamedFields(page)).toEqual(['x']);
    await page.close();
  });
});
