/** The rules that tie keys of the inversion and of cross-validation to each other and to the rest of the case. */
import { membersOfPeriod } from '../case-runs';
import type { Case } from '../schema/case-schema';
import { caseChannels } from '../schema/channel-kinds';
import { checkRegion, type Breach, repeated } from '../problems';
import { nuisanceChanges } from '../schema/nuisance-schema';
import type { KeyPath } from '../source';

export function checkInversion(c: Case): Breach[] {
  return [
    ...checkGroups(c),
    ...checkSiteTypes(c),
    ...checkNetworks(c),
    ...checkHours(c),
    ...checkRegions(c),
    ...checkFar(c),
    ...checkGroupPairs(c),
    ...checkNuisance(c),
    ...checkTotals(c),
    ...checkBatch(c),
    ...checkPaper(c),
    ...checkEnsemble(c),
  ];
}

function checkGroups({ inversion: { groups } }: Case): Breach[] {
  const twice = repeated(groups);
  return twice === undefined ? [] : [{ path: ['inversion', 'groups'], text: `${twice} is named twice: name each group once` }];
}

function checkSiteTypes({ observations: { stations }, inversion: { siteTypeError } }: Case): Breach[] {
  if (stations.type !== undefined || Object.keys(siteTypeError).length === 0) return [];
  return [{ path: ['inversion', 'siteTypeError'], text: 'errors by type of site need the types: name their column in observations.stations.type' }];
}

function checkNetworks({ observations: { stations }, withheld: { networks } }: Case): Breach[] {
  if (stations.network !== undefined || networks === undefined) return [];
  return [{ path: ['withheld', 'networks'], text: 'the networks of the stations are not known: name their column in observations.stations.network' }];
}

function checkHours({ observations: { resolution }, inversion: { hoursOfDay, dailyMeans } }: Case): Breach[] {
  const path: KeyPath = ['inversion', 'hoursOfDay'];
  if ((resolution === 'daily' || dailyMeans) && Object.keys(hoursOfDay).length > 0)
    return [
      {
        path,
        text: `a daily mean has all hours of its day in it: remove hoursOfDay, or ${dailyMeans ? 'set dailyMeans: false' : 'give hourly observations'}`,
      },
    ];
  return Object.entries(hoursOfDay).flatMap(([species, [firstHour, lastHour] = [0, 24]]) =>
    firstHour === lastHour
      ? [{ path: [...path, species], text: `from ${firstHour} to ${lastHour} there is no hour: give the first hour and the end of the last` }]
      : [],
  );
}

function checkRegions(c: Case): Breach[] {
  const { space, regionSpread } = c.inversion;
  const twice = repeated(regionSpread.map(({ region, group }) => `${group === undefined ? '' : `${group} in `}${region}`));
  return [
    ...(twice === undefined ? [] : [{ path: ['inversion', 'regionSpread'], text: `${twice} has two factors, which would be multiplied: keep one` }]),
    ...(space === 'regions' && Object.keys(c.regions).length === 0
      ? [{ path: ['inversion', 'space'], text: 'a factor for each region needs regions, and there are none: add regions, or take cells or blocks' }]
      : []),
    ...regionSpread.flatMap(({ region }, i) => checkRegion(c, region, ['inversion', 'regionSpread', i, 'region'])),
  ];
}

function checkFar({ inversion: { space, lengthKm, factorCorrelation } }: Case): Breach[] {
  const path: KeyPath = ['inversion', 'factorCorrelation', 'far'];
  if (factorCorrelation.far === undefined) return [];
  if (space !== 'cells') return [{ path, text: `factors of ${space} have no length: remove it, or set inversion.space: cells` }];
  if (factorCorrelation.far.km > lengthKm) return [];
  return [{ path: [...path, 'km'], text: `expected more than inversion.lengthKm (${lengthKm} km) but received ${factorCorrelation.far.km}` }];
}

function checkGroupPairs({ inversion: { factorCorrelation } }: Case): Breach[] {
  const twice = repeated(factorCorrelation.groups.map(({ groups }) => [...groups].sort().join(' and ')));
  const path: KeyPath = ['inversion', 'factorCorrelation', 'groups'];
  return twice === undefined ? [] : [{ path, text: `${twice} have two correlations: keep one` }];
}

function checkNuisance({ ctm, inversion: { nuisance } }: Case): Breach[] {
  const names = nuisance.runs.map((run) => nuisanceChanges(run).map(({ name }) => name));
  return nuisance.runs.flatMap(({ options, windErrors, concentrations, varies }, i) => {
    const path: KeyPath = ['inversion', 'nuisance', 'runs', i];
    const breaches: Breach[] = [];
    const earlierNames = names.slice(0, i).flat();
    const twice = names[i].find((name) => earlierNames.includes(name));
    if (twice !== undefined) breaches.push({ path: [...path, 'name'], text: `the name ${twice} is used twice: rename one` });
    const isMade = options !== undefined || windErrors !== undefined;
    if (isMade === (concentrations !== undefined)) {
      breaches.push({ path, text: 'a run is either made, with other options or windErrors, or read from concentrations: give one of the two' });
    }
    if (varies && varies.hours === undefined && varies.km === undefined) {
      breaches.push({ path: [...path, 'varies'], text: 'expected hours, km or both: give over what the part stays alike, or leave varies out' });
    }
    if (isMade && ctm.kind === 'command') {
      const key = options === undefined ? 'windErrors' : 'options';
      breaches.push({
        path: [...path, key],
        text: `only the reference model can be run with other ${key === 'options' ? key : 'winds'}, and ctm is a command: run it yourself and give concentrations`,
      });
    }
    return breaches;
  });
}

function checkTotals(c: Case): Breach[] {
  return c.inversion.totals.flatMap(({ region, period }, i) => [
    ...(region === undefined ? [] : checkRegion(c, region, ['inversion', 'totals', i, 'region'])),
    ...(period === undefined || c.periods.some(({ name }) => name === period)
      ? []
      : [
          {
            path: ['inversion', 'totals', i, 'period'],
            text: `there is no period ${period}: known are ${c.periods.map(({ name }) => name).join(', ')}`,
          },
        ]),
  ]);
}

/** The inversion of the case and that of the paper's mode beside it. */
function variantsOf(c: Case): [KeyPath, Case['inversion']][] {
  return [
    [['inversion'], c.inversion],
    [['paperMode', 'inversion'], c.paperMode.inversion],
  ];
}

/** With fewer members their covariance says nothing. */
const FEWEST_MEMBERS = 3;

/** What the update from members needs, and what it cannot do. */
function checkEnsemble(c: Case): Breach[] {
  if (!c.ensembleMode.run) return [];
  const { sectors, errorCorrelation } = c.inversion;
  const breach = (subject: string, remedy: string): Breach => ({
    path: ['ensembleMode', 'run'],
    text: `${subject}: ${remedy}, or set it to false`,
  });
  return [
    ...c.periods.flatMap((period): Breach[] => {
      const { length } = membersOfPeriod(c, period);
      const remedy = `it takes ${FEWEST_MEMBERS} or more: raise members.count, or have members in each period`;
      return length < FEWEST_MEMBERS ? [breach(`the period ${period.name} has ${length} members`, remedy)] : [];
    }),
    ...(sectors.length > 0 ? [breach('it updates groups and not sectors', 'take inversion.sectors out')] : []),
    ...(errorCorrelation.inSpace === 'exact'
      ? [breach('it takes errors of monitors as independent', 'set inversion.errorCorrelation.inSpace to another than exact')]
      : []),
  ];
}

/** As the inversion itself would refuse it, but before the first run of the transport model. */
function checkBatch(c: Case): Breach[] {
  return variantsOf(c).flatMap(([path, { mode, optimiser, batch }]) => {
    // In the paper's mode gauss-newton is none, whatever the batch.
    const takesAll = optimiser === 'lbfgs' || (optimiser === 'gauss-newton' && mode === 'default');
    if (!takesAll || batch === 0) return [];
    return [
      { path: [...path, 'batch'], text: `optimiser ${optimiser} takes all hours in every step: set 0, or optimiser: adam, which may draw ${batch}` },
    ];
  });
}

/** The paper's control is every cell's emission, free between its bounds: it has no prior term that these could be a part of. */
function checkPaper(c: Case): Breach[] {
  return variantsOf(c).flatMap(([path, { mode, groups, space, nuisance, totals, optimiser }]) => {
    if (mode !== 'paper') return [];
    const needs = (key: string): Breach => ({
      path: [...path, key],
      text: `${key} needs a prior term, and inversion.mode paper has none: remove it`,
    });
    return [
      ...(groups.length === caseChannels(c).groups.length
        ? []
        : [{ path: [...path, 'groups'], text: "the paper's inversion moves all groups: remove it, or set inversion.mode: default" }]),
      ...(space === 'cells' ? [] : [needs('space')]),
      ...(nuisance.runs.length > 0 ||
      [nuisance.stationBias, nuisance.sharedBias].some((spreads) => Object.values(spreads).some((spread) => spread > 0))
        ? [needs('nuisance')]
        : []),
      ...(totals.length > 0 ? [needs('totals')] : []),
      ...(optimiser === 'gauss-newton' ? [needs('optimiser')] : []),
    ];
  });
}

/** Whether a case asks for cross-validation. */
export function asksForCrossValidation({ crossValidation: { by, folds } }: Pick<Case, 'crossValidation'>): boolean {
  return by === 'regions' || folds > 0;
}

export function checkCrossValidation(c: Case): Breach[] {
  const { crossValidation: settings, inversion, regions } = c;
  const breach = (key: string, text: string): Breach[] => [{ path: ['crossValidation', ...key.split('.')], text }];
  if (!asksForCrossValidation(c)) {
    return settings.apply ? breach('apply', 'nothing is chosen that could be taken: set crossValidation.folds to 2 or more, or remove it') : [];
  }
  const searched = Object.values(settings.try).some((values) => values !== undefined);
  return [
    ...(inversion.mode === 'paper'
      ? breach('by', "the paper's inversion has no prior term whose settings could be chosen: remove it, and folds")
      : []),
    ...(settings.by === 'blocks' && settings.folds === 1 ? breach('folds', 'one fold leaves no monitor to fit: set 2 or more, or 0') : []),
    ...(settings.by === 'regions' && Object.keys(regions).length === 0
      ? breach('by', 'there are no regions to leave out: add regions, or set by: blocks and folds')
      : []),
    ...(searched ? [] : breach('try', 'there is nothing to choose from: add a list of values, such as lengthKm: [54, 81, 162]')),
    ...checkLengths(c).flatMap(({ key, text }) => breach(key, text)),
    ...(settings.try.factorCorrelationPeriods && (inversion.factors !== 'period' || c.periods.length === 1)
      ? breach('try.factorCorrelationPeriods', 'it needs several periods and inversion.factors: period: remove it')
      : []),
  ];
}

/** Every length that is tried, and the case's own, is to be shorter than that of every far part. */
function checkLengths({ crossValidation, inversion }: Case): { key: string; text: string }[] {
  const { lengthKm: lengths, factorCorrelationFar: fars } = crossValidation.try;
  const keys = (['lengthKm', 'factorCorrelationFar'] as const).filter((key) => crossValidation.try[key] !== undefined);
  if (inversion.space !== 'cells') {
    const text = `factors of ${inversion.space} have no length: remove it, or set inversion.space: cells`;
    return keys.map((key) => ({ key: `try.${key}`, text }));
  }
  const longest = Math.max(inversion.lengthKm, ...(lengths ?? []));
  const shortest = Math.min(...[inversion.factorCorrelation.far ?? [], fars ?? []].flat().flatMap(({ part, km }) => (part > 0 ? [km] : [])));
  if (keys.length === 0 || shortest > longest) return [];
  const text = `a far part reaches farther than the rest, but ${shortest} km is not more than the ${longest} km that are tried with it: change one of them`;
  return [{ key: `try.${keys[0]}`, text }];
}
