/** What the monitors say of the emissions, and what they can't: in words, totals with intervals, errors as assumed and as they show, coverage in a twin. */
import { unconstrainedGroups, type AreaFigures } from '../../inversion/uncertainty/figures';
import { TELLING_EXCESS } from '../../inversion/uncertainty/innovations';
import { SECONDS_PER_YEAR } from '../../units/units';
import { change, chemical, duration, fixed, MISSING, percent, significant, unitText } from '../html/format';
import { type Content, type Markup, html, listed } from '../html/html';
import type { PageContext } from './page-context';
import type { ReportUncertainty } from '../data/report-data';
import { annualTotal } from '../data/statistics';
import { table } from '../html/table';
import { truthOf } from './emission-maps';

/** kg s-1 → Mt a-1, as the table of totals. */
const TO_DISPLAY = SECONDS_PER_YEAR / 1e9;

/** Variances that leaving out smaller eigenvalues may make too large by more than this are said to be. */
const TELLING_RANK_ERROR = 0.2;

/** Weights of species that differ from 1 by more than this are said to. */
const TELLING_WEIGHT = 0.01;

/** Whether training's chance is a part of the standard deviations. */
function ofSurrogates(surrogates: number | undefined): Markup {
  return surrogates === undefined
    ? html``
    : html`<p>
        The spread of ${surrogates} inversions, each with a surrogate trained from other random numbers, is a part of all standard deviations.
      </p>`;
}

/** What the values tell of what is inverted beside the emissions. */
function otherInformation({ nuisance, initialConcentrations }: NonNullable<ReportUncertainty['dofsEstimateBeside']>): Markup {
  const parts = [
    ...(nuisance === undefined ? [] : [html`some ${fixed(Math.max(0, nuisance), 0)} on biases of monitors and other nuisance numbers`]),
    ...(initialConcentrations === undefined ? [] : [html`some ${fixed(Math.max(0, initialConcentrations), 0)} on initial concentrations`]),
  ];
  return parts.length === 0 ? html`` : html`Beside these they hold ${listed(parts)}.`;
}

function methodText({
  method,
  products,
  dofs,
  dofsEstimate,
  dofsEstimateBeside = {},
  observations,
  rankError = 0,
  members,
  seconds,
}: ReportUncertainty): Markup {
  if (method === 'rto') {
    const relativeError = percent(1 / Math.sqrt(2 * ((members ?? 2) - 1)));
    return html`<p>
      From ${members} inversions with perturbed observations and prior, in ${duration(seconds)}. Standard deviations are known to ±${relativeError} of
      themselves.
    </p>`;
  }
  return html`<p>
    The ${observations} values hold some ${fixed(dofsEstimate, 0)} independent pieces of information on the emissions (degrees of freedom for signal),
    of which ${products} products with the Hessian found ${fixed(dofs, 0)}, in ${duration(seconds)}. ${otherInformation(dofsEstimateBeside)}
    ${
      rankError > TELLING_RANK_ERROR
        ? html`What was not found would make the standard deviations of single cells smaller, not larger: no variance is too large by more than
            ${percent(rankError)} of the prior's (a higher <code>inversion.uncertainty.rank</code> brings that down).`
        : ''
    }
  </p>`;
}

/** Groups of which the monitors constrain no total, and those of which they do constrain some. */
function notConstrained(context: PageContext, { areas, leastReduction }: ReportUncertainty): Markup {
  const whole = areas.filter(({ region }) => region === undefined);
  const unconstrained: readonly string[] = unconstrainedGroups(areas);
  const missingGroups = context.data.groups.filter((group) => whole.every((area) => area.group !== group));
  const withoutFigures = (reason: string, isLeftOut: boolean): Content => {
    const groups = missingGroups.filter((group) => context.notInverted(group) === isLeftOut);
    return groups.length > 0 && html`${reason}, and without figures here: ${listed(groups.map((group) => html`${chemical(group)}`))}. `;
  };
  const cells = context.data.groups.flatMap((group) => {
    const groupAreas = whole.filter((area) => area.group === group);
    if (groupAreas.length === 0 || unconstrained.includes(group)) return [];
    const part =
      groupAreas.reduce((sum, { constrained, total }) => sum + constrained * total.prior, 0) /
      groupAreas.reduce((sum, { total }) => sum + total.prior, 0);
    return [html`${percent(1 - part)} of ${chemical(group)}`];
  });
  return html`<p>
    ${
      unconstrained.length === 0
        ? ''
        : html`<b>Not constrained by these monitors: ${listed(unconstrained.map((group) => html`${chemical(group)}`))}.</b> What the inversion did to
            them is no finding. `
    }
    ${withoutFigures('Not inverted', true)}${withoutFigures('Not emitted, or with a prior spread of 0', false)}
    ${
      cells.length === 0
        ? ''
        : html`Of the other groups, cells with ${listed(cells)} (of the prior emissions) are not constrained one by one: their uncertainty has fallen
          by less than ${percent(leastReduction)}.`
    }
  </p>`;
}

/** The true total of a group in a twin, Mt a-1; nothing where the truth is not known. */
function trueTotal({ data }: PageContext, { period, group, region }: AreaFigures): number | undefined {
  const emission = data.emissions.find((entry) => entry.period === period && entry.group === group);
  const truth = emission && truthOf(emission);
  const mask = data.regions?.find(({ name }) => name === region)?.mask;
  return truth && (region === undefined || mask) ? annualTotal(data.grid, truth, mask) : undefined;
}

function isWithin(truth: number, [low, high]: readonly [number, number]): boolean {
  return truth >= low * TO_DISPLAY && truth <= high * TO_DISPLAY;
}

/** Of the totals, sectors together: how many there are whose truth is known, and of how many it lies within 2σ. */
export function truthWithin2Sigma(context: PageContext): { totals: number; withinCount: number } {
  const areWithin = (context.data.uncertainty?.areas ?? []).flatMap((area) => {
    const truth = trueTotal(context, area);
    return truth === undefined ? [] : [isWithin(truth, area.total.twoSigma)];
  });
  return { totals: areWithin.length, withinCount: areWithin.filter(Boolean).length };
}

/** Set strong where the interval misses it. */
function truthCell(context: PageContext, area: AreaFigures, isSum: boolean): Content {
  const truth = isSum ? trueTotal(context, area) : undefined;
  const text = significant(truth);
  return truth === undefined || isWithin(truth, area.total.twoSigma) ? text : html`<b>${text}</b>`;
}

/** Of one sector, or of all. */
interface Part {
  sector?: string;
  areas: readonly AreaFigures[];
  expected?: NonNullable<ReportUncertainty['preview']>['areas'];
}

function totals(context: PageContext, { areas, sectors = [], preview }: ReportUncertainty): Markup {
  const parts: Part[] = [
    { areas, expected: preview?.areas },
    ...sectors.map(({ sector, areas: sectorAreas }) => ({
      sector,
      areas: sectorAreas,
      expected: preview?.sectors?.find((candidate) => candidate.sector === sector)?.areas,
    })),
  ];
  const { totals: totalCount, withinCount } = truthWithin2Sigma(context);
  const hasRegions = areas.some(({ region }) => region !== undefined);
  const expectedOf = (area: AreaFigures, expected: Part['expected']): string => {
    const expectedArea = expected?.find(({ period, region, group }) => period === area.period && region === area.region && group === area.group);
    return expectedArea ? change(-expectedArea.totalReduction) : MISSING;
  };
  const display = (interval: readonly [number, number]): string => interval.map((total) => significant(total * TO_DISPLAY)).join(' – ');
  return table({
    id: 'table-uncertainty',
    caption: () => context.tableCaption('Totals with their intervals, and what the monitors add to the prior.'),
    columns: [
      ...(sectors.length > 0 ? [{ title: 'Sector', text: true }] : []),
      ...(context.severalPeriods ? [{ title: 'Period', text: true }] : []),
      ...(hasRegions ? [{ title: 'Region', text: true }] : []),
      { title: 'Group', text: true },
      { title: 'Prior', unit: unitText('Mt a-1') },
      { title: 'Updated', unit: unitText('Mt a-1') },
      { title: '1σ', unit: unitText('Mt a-1') },
      { title: '2σ', unit: unitText('Mt a-1') },
      ...(totalCount > 0 ? [{ title: 'True', unit: unitText('Mt a-1') }] : []),
      { title: 'Uncertainty', unit: 'change' },
      ...(preview ? [{ title: 'Expected', unit: 'before the run' }] : []),
      { title: 'Degrees of freedom' },
      { title: 'Constrained', text: true },
    ],
    rows: parts.flatMap(({ sector, areas: partAreas, expected }, part) =>
      partAreas.map((area, index) => {
        const { period, region, group, total, dofsEstimate } = area;
        return {
          cells: [
            ...(sectors.length > 0 ? [sector ?? 'all'] : []),
            ...(context.severalPeriods ? [period] : []),
            ...(hasRegions ? [region ?? 'domain'] : []),
            chemical(group),
            `${significant(total.prior * TO_DISPLAY)} ± ${percent(total.priorSigma / total.prior)}`,
            `${significant(total.updated * TO_DISPLAY)} ± ${percent(total.sigma / total.updated)}`,
            display(total.oneSigma),
            display(total.twoSigma),
            ...(totalCount > 0 ? [truthCell(context, area, sector === undefined)] : []),
            change(-total.reduction),
            ...(preview ? [expectedOf(area, expected)] : []),
            fixed(dofsEstimate === null ? undefined : Math.max(0, dofsEstimate), 1),
            total.constrained ? 'yes' : 'no',
          ],
          begins: index > 0 ? partAreas[index - 1].period !== period || partAreas[index - 1].region !== region : part > 0,
        };
      }),
    ),
    note: `Intervals are of the inversion’s own assumptions: errors of the observations as assumed, the surrogate’s where they hold it, none of the transport model’s. Uncertainty: what the monitors change of the total’s standard deviation about the updated emissions; that of the prior, about the prior emissions, differs from it by what the update does to it, too. Degrees of freedom are estimates, good to ±√(2n) or so.${
      sectors.length > 0 ? ' What monitors tell of all sectors together they need not tell of each.' : ''
    }${totalCount > 0 ? ` True: of the known inventory (twin experiment), bold where it lies outside 2σ; it lies within for ${withinCount} of ${totalCount} totals.` : ''}`,
  });
}

function innovations(context: PageContext, { innovations: statistics, aboveMinimum = 0 }: ReportUncertainty): Markup {
  const placed = statistics.some(({ errorLengths }) => errorLengths);
  const weighted = statistics.some(({ weight = 1 }) => Math.abs(weight - 1) > TELLING_WEIGHT);
  return table({
    id: 'table-innovations',
    caption: () => context.tableCaption('Errors as the inversion assumed them, and as the innovations show them.'),
    columns: [
      { title: 'Species', text: true },
      { title: 'Values' },
      { title: 'chi²', unit: 'over its expectation' },
      ...(weighted ? [{ title: 'chi²', unit: 'of σ as given' }] : []),
      { title: 'Assumed', group: 'Observation error' },
      { title: 'Shown', group: 'Observation error' },
      ...(placed
        ? [
            { title: 'At a place', group: 'Lasting, shown' },
            { title: 'Everywhere', group: 'Lasting, shown' },
            { title: 'Part', group: 'The rest alike, shown' },
            { title: 'over', group: 'The rest alike, shown' },
            { title: 'for', group: 'The rest alike, shown' },
          ]
        : []),
      { title: 'Assumed', group: 'Prior, at the monitors' },
      { title: 'Shown', group: 'Prior, at the monitors' },
    ],
    rows: statistics
      .filter(({ values }) => values > 0)
      .map(({ species, values, chiSquare, weight = 1, expected, observationError, priorError, errorLengths }) => {
        const unit = unitText(context.unit(species));
        const size = (value: number | null): string => (value === null ? MISSING : `${significant(value)} ${unit}`);
        const length = (value: number | null | undefined, unit: string): string =>
          typeof value === 'number' ? `${fixed(value, 0)} ${unit}` : MISSING;
        const part = (value: number | null | undefined): string => (typeof value === 'number' ? percent(value) : MISSING);
        return {
          cells: [
            chemical(species),
            fixed(values, 0),
            fixed(chiSquare / (expected ?? values), 2),
            ...(weighted ? [fixed(chiSquare / weight / (expected ?? values), 2)] : []),
            size(observationError.assumed),
            size(observationError.diagnosed),
            ...(placed
              ? [
                  size(errorLengths?.lasting?.place ?? null),
                  size(errorLengths?.lasting?.everywhere ?? null),
                  part(errorLengths?.part),
                  length(errorLengths?.km, 'km'),
                  length(errorLengths?.hours, 'h'),
                ]
              : []),
            size(priorError.assumed),
            size(priorError.diagnosed),
          ],
        };
      }),
    note: `${
      aboveMinimum > TELLING_EXCESS
        ? `The cost at the kept step is ${percent(aboveMinimum)} above the lowest, and these figures hold at the minimum only: errors of observations look larger here than they are, and alike over too far. `
        : ''
    }chi² well above 1: errors were taken too small, and so are the intervals. ${
      statistics.some(({ inflation }) => inflation !== undefined)
        ? 'Errors are those of a value by itself: in the cost they are larger, since values repeat each other (inversion.errorCorrelation), which brings chi² below 1 the more is known. '
        : ''
    }${
      weighted
        ? 'Species with few values weigh more, those with many less, as if their errors σ were smaller or larger than the case gives them: the intervals are those of such errors, which the first chi² and the assumed errors are of; the second chi² says whether σ as given is right. '
        : ''
    }Shown: after Desroziers et al. (2005), which holds where the other errors are right; – where the numbers contradict each other. Lasting: at each place by itself and everywhere, beside the biases that the inversion was told (stationBias and sharedBias of inversion.nuisance); everywhere may also be a level that the spread of the inventory did not let the emissions explain. The rest alike: part of its variance, distance and time of the exponentials that the pairs of values follow best (part, km and hours of inversion.errorCorrelation). – where there is none, or too little to tell.`,
  });
}

function coverageTable(context: PageContext, { coverage = [] }: ReportUncertainty): Markup {
  if (coverage.length === 0) return html``;
  return table({
    id: 'table-coverage',
    caption: () => context.tableCaption('How often the known truth lies within the intervals of the constrained cells (twin experiment).'),
    columns: [
      { title: 'Group', text: true },
      { title: 'Cells' },
      { title: '1σ', group: 'Of the cells' },
      { title: '2σ', group: 'Of the cells' },
      { title: '1σ', group: 'Of the emissions' },
      { title: '2σ', group: 'Of the emissions' },
    ],
    rows: coverage.map(({ group, cells, oneSigma, twoSigma, weighted }) => ({
      cells: [chemical(group), fixed(cells, 0), percent(oneSigma), percent(twoSigma), percent(weighted.oneSigma), percent(weighted.twoSigma)],
    })),
    note: '68 % and 95 % where all is as assumed.',
  });
}

function cost({ preview, inversionSeconds, seconds }: ReportUncertainty): Markup {
  if (!preview) return html``;
  return html`<p>
    Expected before the run, from one gradient of ${duration(preview.seconds.gradient)} and products of ${duration(preview.seconds.product)}: some
    ${duration(preview.seconds.inversion)} for the inversion (it took ${duration(inversionSeconds)}) and ${duration(preview.seconds.uncertainty)} for
    its uncertainty (${duration(seconds)}).
  </p>`;
}

export function uncertainty(context: PageContext): Markup {
  const { uncertainty: reported, loop } = context.data;
  if (!reported) return html``;
  return html`<section id="uncertainty">
    <h2>Uncertainty</h2>
    ${loop && loop.kept > 1 ? html`<p>Of the first pass of the closed loop, not of pass ${loop.kept}, which is shown elsewhere.</p>` : ''}${methodText(reported)}${ofSurrogates(reported.surrogates)}${notConstrained(context, reported)}${totals(context, reported)}${innovations(context, reported)}${coverageTable(context, reported)}${cost(reported)}
  </section>`;
}
