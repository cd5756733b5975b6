/** What tests ask of a page that is open in Chromium. */
import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';

/** Set-up installs Chromium where it runs as root; `CHROMIUM` names another one. */
export const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
export const hasChromium = existsSync(executablePath);

/** All that goes wrong on a page, and all that it asks for beyond itself. */
export function watch(page: Page, self: string): string[] {
  const troubles: string[] = [];
  page.on('console', (message) => troubles.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (url !== self && !url.startsWith('data:') && !url.startsWith('blob:')) troubles.push(`request: ${url}`);
  });
  return troubles;
}

/** Whether the page itself is no wider than its window. */
export async function fits(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth');
}

/** In the page: elements with text of their own that are seen, with what they look like. */
const SEEN_TEXT = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = rgb(getComputedStyle(at).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255];
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join(' ').trim();
    const box = element.getBoundingClientRect();
    const isShown = box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true });
    if (text === '' || !isShown || element.matches('script, style, noscript, title, desc, option') || element.closest('.density')) return [];
    const style = getComputedStyle(element);
    const isDrawn = element.closest('svg') !== null;
    const [one, other] = [luminance(rgb(isDrawn ? style.fill : style.color).slice(0, 3)), luminance(background(element))];
    const size = parseFloat(style.fontSize);
    return [{ text: text.slice(0, 60), isDrawn, size, bold: Number(style.fontWeight) >= 600, contrast: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) }];
  });
})()`;

interface SeenText {
  text: string;
  /** in a figure */
  isDrawn: boolean;
  /** px */
  size: number;
  bold: boolean;
  contrast: number;
}

export async function seenText(page: Page): Promise<SeenText[]> {
  return page.evaluate<SeenText[]>(SEEN_TEXT);
}

/** Text that WCAG 2.2 AA does not let pass: a contrast of 4.5, of 3 where it is large. */
export function tooFaint(texts: readonly SeenText[]): SeenText[] {
  return texts.filter(({ size, bold, contrast }) => contrast < (size >= 24 || (bold && size >= 18.66) ? 3 : 4.5));
}

/** Levels of the headings in order, where one is skipped. */
export async function skippedHeadings(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const headings = [...document.querySelectorAll('h1, h2, h3, h4')];
    return headings.filter((each, i) => i > 0 && Number(each.tagName[1]) > Number(headings[i - 1].tagName[1]) + 1).map((each) => each.outerHTML);
  })()`);
}

/** Fields without a label. */
export async function unnamedFields(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('input, select')].filter((each) => each.labels.length === 0).map((each) => each.id)`);
}
