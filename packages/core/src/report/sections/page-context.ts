/** What the sections of a page share: the data, one basemap, running numbers of tables and figures, and the maps that also become PNG files. */
import { LEAST_MOVEMENT } from '../../inversion/uncertainty/movement';
import type { Basemap } from '../figures/basemap';
import { makeBasemap } from '../figures/basemap';
import { chemical } from '../html/format';
import type { Markup } from '../html/html';
import { html } from '../html/html';
import type { MapSpec } from '../figures/map';
import { drawMap, MAP_WIDTH } from '../figures/map';
import type { ReportData, ReportIndependent, ReportMode } from '../data/report-data';
import type { Variant } from '../data/statistics';

/** Colours of lines and bars, the same everywhere on the page: html/page-style.ts has them, for light and dark. */
export const COLOURS = {
  observed: 'var(--observed)',
  prior: 'var(--prior)',
  updated: 'var(--updated)',
  paper: 'var(--paper-method)',
  neutral: 'var(--neutral)',
} as const;

export class PageContext {
  readonly basemap: Basemap;
  /** maps of the page in order, with the name of their PNG file */
  readonly maps: { name: string; spec: MapSpec }[];
  private readonly numbers: { table: number; figure: number };

  /** @param whole - the page of which this is a part @param independent - of the data: the entry whose monitors stand for those of the case */
  constructor(
    readonly data: ReportData,
    whole?: PageContext,
    readonly independent?: string,
  ) {
    this.basemap = whole?.basemap ?? makeBasemap(data.grid, data.basemap ?? { kind: 'world' }, MAP_WIDTH);
    this.maps = whole?.maps ?? [];
    this.numbers = whole?.numbers ?? { table: 0, figure: 0 };
  }

  /** The part of the page that shows monitors that only judge, in place of those of the case. */
  of({ name, stations, concentrations }: ReportIndependent): PageContext {
    return new PageContext({ ...this.data, stations, concentrations }, this, name);
  }

  /** "Table 3. …" */
  tableCaption(text: string): Markup {
    this.numbers.table++;
    return html`<b>Table ${this.numbers.table}.</b> ${text}`;
  }

  figureCaption(text: string): Markup {
    this.numbers.figure++;
    return html`<figcaption><b>Figure ${this.numbers.figure}.</b> ${text}</figcaption>`;
  }

  /** Draws a map into the page and notes it for the PNG files. @param name - words of the file name */
  map(name: string[], spec: Omit<MapSpec, 'rows' | 'cols'>): Markup {
    const full = { ...spec, rows: this.data.grid.rows, cols: this.data.grid.cols };
    this.maps.push({ name: this.fileName(name), spec: full });
    return drawMap(full, this.basemap, true);
  }

  /** Only letters, digits, dots and dashes, and never the same name twice: period names come from the case. */
  private fileName(words: string[]): string {
    const base = words.map((word) => word.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^[-.]+|-+$/g, '') || 'x').join('-');
    const sameNames = this.maps.filter(({ name }) => name === base || name.startsWith(`${base}--`)).length;
    return sameNames > 0 ? `${base}--${sameNames + 1}` : base;
  }

  get hasPaper(): boolean {
    return this.data.mode === 'default' && this.data.concentrations.length > 0 && this.data.concentrations.every(({ paper }) => paper);
  }

  get variants(): Variant[] {
    return this.hasPaper ? ['prior', 'updated', 'paper'] : ['prior', 'updated'];
  }

  unit(species: string): string {
    return this.data.species.find(({ name }) => name === species)?.unit ?? '';
  }

  notInverted(group: string): boolean {
    return (this.data.notInvertedGroups ?? []).includes(group);
  }

  /** Of those that were inverted: no total is constrained, or, where nobody has looked, the inversion hardly moved it in any period. */
  notObserved(group: string): boolean {
    if (this.notInverted(group)) return false;
    const { unconstrainedGroups } = this.data;
    if (unconstrainedGroups) return unconstrainedGroups.includes(group);
    const moved = this.movementsOf(group);
    return moved.length > 0 && moved.every((movement) => movement < LEAST_MOVEMENT);
  }

  /** In each period in which it is known, in spreads of the prior. */
  movementsOf(group: string): number[] {
    return this.data.emissions.flatMap((entry) => (entry.group === group && entry.movement !== undefined ? [entry.movement] : []));
  }

  /** "NH₃ †" where only the prior constrains it, "NH₃ §" where it was not inverted. */
  groupLabel(group: string): string {
    const mark = this.notInverted(group) ? ' §' : this.notObserved(group) ? ' †' : '';
    return `${chemical(group)}${mark}`;
  }

  /** The period's name, or nothing to say where there is only one. */
  get severalPeriods(): boolean {
    return this.data.periods.length > 1;
  }
}

export function modeLabel(mode: ReportMode): string {
  return mode === 'paper' ? 'paper’s method' : 'default method';
}
