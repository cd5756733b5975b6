/** The answer first: what the updated inventory changed on monitors that the inversion never saw. */
import type { MaeChange } from '../../../inversion/scores/mae-change';
import { changeAtSide } from '../../data/block-bootstrap';
import { change, chemical, fixed, joined, relativeChange, significant, unitText } from '../../html/format';
import type { Markup } from '../../html/html';
import { html, listed } from '../../html/html';
import { COLOURS } from '../page-context';
import type { PageContext } from '../page-context';
import type { Pairs, Side, Variant } from '../../data/statistics';
import { annualTotal, pairs, variantScores } from '../../data/statistics';
import { evidence } from './evidence';
import { isUnconstrained, marksNote, UNCONSTRAINED } from '../emissions';
import { verdict, verdictOf } from './verdict';

interface Card {
  species: string;
  unit: string;
  selection: Pairs;
  prior: number;
  updated: number;
  relative: number | undefined;
  /** with its interval, or why there is none */
  change: MaeChange;
}

function cards(context: PageContext, side: Side): Card[] {
  return context.data.species.flatMap(({ name, unit }) => {
    const selection = pairs(context.data, { species: name, side });
    const [prior, updated] = [variantScores(selection, 'prior')?.mae, variantScores(selection, 'updated')?.mae];
    if (prior === undefined || updated === undefined) return [];
    return [
      {
        species: name,
        unit: unitText(unit),
        selection,
        prior,
        updated,
        relative: relativeChange(prior, updated),
        change: changeAtSide(context.data, name, side),
      },
    ];
  });
}

const TONES = { fell: 'better', rose: 'worse', unclear: '', unknown: '' } as const;

function bar(label: string, value: number, maximum: number, colour: string, unit: string): Markup {
  return html`<div class="bar">
    <span class="bar-label">${label}</span
    ><span class="bar-track"><span style="width:${((100 * value) / maximum).toFixed(1)}%;background:${colour}"></span></span
    ><span class="bar-value">${significant(value)} ${unit}</span>
  </div>`;
}

function drawCard(card: Card, used: Card | undefined, variants: Variant[]): Markup {
  const { species, unit, prior, updated, relative, selection, change: sure } = card;
  const paper = variants.includes('paper') ? variantScores(selection, 'paper')?.mae : undefined;
  const maximum = Math.max(prior, updated, paper ?? 0) || 1;
  return html`<div class="card ${TONES[verdictOf(sure)]}" data-species="${species}">
    <h3>${chemical(species)}</h3>
    <p class="figure">${change(relative)}</p>
    <p class="small interval">
      ${sure.interval ? `90 % interval ${change(sure.interval.low)} to ${change(sure.interval.high)}` : `no 90 % interval: ${sure.noInterval}`}
    </p>
    ${bar('prior', prior, maximum, COLOURS.prior, unit)}${bar('updated', updated, maximum, COLOURS.updated, unit)}${paper === undefined ? '' : bar('paper', paper, maximum, COLOURS.paper, unit)}
    <p class="small">
      ${selection.stations} monitors${selection.blocks > 0 ? ` in ${selection.blocks} blocks` : ''}, ${selection.observed.length}
      pairs${used ? html`; used monitors: ${change(used.relative)}` : ''}${paper === undefined ? '' : html`; paper’s method: ${change(relativeChange(prior, paper))}`}
    </p>
  </div>`;
}

function lead(context: PageContext, cards: Card[], withheld: boolean): Markup {
  if (cards.length === 0) return html`<p class="lead">No monitor has a pair of observed and simulated values, so this run proves nothing.</p>`;
  const changes = cards.flatMap(({ species, relative, change: sure }) =>
    relative === undefined ? [] : [{ species, change: { ...sure, relative } }],
  );
  const watched = context.data.stations.some(({ role }) => role === 'watched');
  const monitors = withheld
    ? 'monitors that were kept out of the inversion'
    : `the monitors that the inversion ${watched ? 'was fitted to or stopped by' : 'was fitted to'} (none was withheld, so this is no proof)`;
  return html`<p class="lead">
    When ${context.data.ctm} ran again with the updated emissions, its mean absolute error against ${monitors} ${verdict(changes)}.
  </p>`;
}

/** What became of the inventory, which is what the run is for; one line a period. */
function emissionsLines(context: PageContext): Markup {
  const { grid, groups, periods, emissions } = context.data;
  const lines = periods.flatMap(({ name }) => {
    const words = groups.flatMap((group) => {
      const emission = emissions.find((entry) => entry.period === name && entry.group === group);
      if (!emission) return [];
      const [prior, updated] = [annualTotal(grid, emission.prior), annualTotal(grid, emission.updated)];
      const mark = isUnconstrained(context, emission) ? ` ${UNCONSTRAINED}` : '';
      const text = `${context.groupLabel(group)}${mark} ${change(relativeChange(prior, updated))} (${significant(prior)} → ${significant(updated)})`;
      return [html`<span class="together">${text}</span>`];
    });
    return words.length > 0 ? [html`${context.severalPeriods ? `${name}: ` : ''}${listed(words)}`] : [];
  });
  if (lines.length === 0) return html``;
  const marks = marksNote(context).trim();
  return html`<p id="headline-emissions">
    <b>Emissions of the whole domain</b>, change from prior to updated (Mt a⁻¹; <a href="#emissions">by region, maps</a>):
    ${lines.map((line) => html`<br />${line}`)}${marks && html`<br /><span class="small">${marks}</span>`}
  </p>`;
}

/** What the inventory gained, where the truth is known. */
function inventoryLine(context: PageContext): Markup {
  const errors = (context.data.inventoryError ?? []).filter(({ mode }) => mode === context.data.mode);
  if (errors.length === 0) return html``;
  const words = context.data.groups.flatMap((group) => {
    const groupErrors = errors.filter((error) => error.group === group);
    const mean = (key: 'priorError' | 'updatedError'): number => groupErrors.reduce((sum, error) => sum + error[key], 0) / groupErrors.length;
    return groupErrors.length > 0
      ? [`${context.groupLabel(group)} ${fixed(100 * mean('priorError'), 0)} → ${fixed(100 * mean('updatedError'), 0)} %`]
      : [];
  });
  return html`<p>Twin experiment, so the true inventory is known. Error of the inventory against it, prior → updated: ${joined(words)}.</p>`;
}

export function headline(context: PageContext): Markup {
  const withheld = cards(context, 'withheld');
  const used = cards(context, 'used');
  const shown = withheld.length > 0 ? withheld : used;
  return html`<section id="headline">
    <h2>${withheld.length > 0 ? 'What changed on monitors that the inversion never saw' : 'What changed on the monitors that were used'}</h2>
    ${lead(context, shown, withheld.length > 0)}
    <div class="cards">
      ${shown.map((card) => drawCard(card, withheld.length > 0 ? used.find(({ species }) => species === card.species) : undefined, context.variants))}
    </div>
    <p class="small">
      Mean absolute error (MAE) of the transport model itself, not of the surrogate, over all periods. Bars share one scale within a card. Intervals
      come from drawing whole spatial blocks of monitors anew (block bootstrap); an error is said to have fallen or risen only where its interval does
      not hold 0.${context.hasPaper ? ' Paper: the same case by the method of Huang et al. (2021).' : ''}
    </p>
    ${emissionsLines(context)}${inventoryLine(context)}${evidence(context)}
  </section>`;
}
