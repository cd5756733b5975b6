/** What no single key can say: the rules that tie several keys together. */
import { checkColumns } from './column-checks';
import { checkBatches, checkSpeciesWeights, checkPeriodsWithMembers, checkTestMembers, checkTraining } from './training-checks';
import type { Case } from '../schema/case-schema';
import { isCommandName, NAME_IN_BRACES, COMMAND_NAMES, WHOLE_GRID } from '../schema/domain-schema';
import { caseChannels } from '../schema/channel-kinds';
import { MOST_MEMBERS } from '../schema/kinds';
import { checkCrossValidation, checkInversion } from './inversion-checks';
import { memberNames } from '../case-runs';
import { nearestKey, repeated, checkRegion, type Breach } from '../problems';
import {
  checkObservations,
  checkSectors,
  checkConcentrationVariables,
  checkEmissionVariables,
  checkSums,
  checkWeatherAndGround,
} from './input-checks';
import type { KeyPath } from '../source';
import { isPrecursor, missingWeather, tracersOf } from '../schema/learning-schema';

function windowHours(surrogate: Case['surrogate']): number {
  return surrogate.window.reduce((sum, segment) => sum + segment.count * segment.hours, 0);
}

type Period = Case['periods'][number];

/** First and last instant of what is compared, in hours. */
function comparedHours({ start, hours, spinUpHours }: Period): [number, number] {
  const first = start.getTime() / 3_600_000;
  return [first + spinUpHours, first + hours];
}

function compareSameHours(a: Period, b: Period): boolean {
  const [[beginA, endA], [beginB, endB]] = [comparedHours(a), comparedHours(b)];
  return Math.max(beginA, beginB) < Math.min(endA, endB);
}

function checkPeriods(c: Case): Breach[] {
  const usedNames = new Set<string>();
  return c.periods.flatMap((period, i) => {
    const breaches: Breach[] = [];
    if (usedNames.has(period.name)) breaches.push({ path: ['periods', i, 'name'], text: `the name ${period.name} is used twice: rename one` });
    usedNames.add(period.name);
    if (period.spinUpHours >= period.hours) {
      breaches.push({
        path: ['periods', i, 'spinUpHours'],
        text: `${period.spinUpHours} hours of spin-up leave nothing of ${period.hours} hours: lower it or lengthen the period`,
      });
    }
    const shared = c.periods.slice(0, i).find((earlier) => compareSameHours(earlier, period));
    if (shared) {
      breaches.push({
        path: ['periods', i],
        text: `period ${period.name} compares hours that period ${shared.name} compares, too, which would count twice: let it begin later, shorten one, or lengthen a spin-up, which may lie in another period`,
      });
    }
    const hours = windowHours(c.surrogate);
    if (hours >= period.hours) {
      breaches.push({
        path: ['surrogate', 'window'],
        text: `the window reaches back ${hours} hours, but period ${period.name} has only ${period.hours}: shorten the window or lengthen the period`,
      });
    }
    return breaches;
  });
}

function checkRuns({ members: { runs = [] } }: Case): Breach[] {
  const path = ['members', 'runs'];
  const names = runs.map((run) => run.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i || name === 'prior');
  const outputs = runs.map((run) => run.concentrations);
  const repeatedRun = runs.find(({ concentrations }, i) => outputs.indexOf(concentrations) !== i);
  return [
    ...(twice === undefined ? [] : [{ path, text: `the name ${twice} is used twice (prior is the prior run): rename one` }]),
    ...(repeatedRun === undefined
      ? []
      : [
          {
            path,
            text: `${names[outputs.indexOf(repeatedRun.concentrations)]} and ${repeatedRun.name} have the same concentrations: give each run its own, or remove one`,
          },
        ]),
  ];
}

/** Only of members that are to be made: a case that brings its runs may keep the design that they came from. */
function checkDesign(c: Case): Breach[] {
  const { runs, scalings, regionFactors } = c.members;
  if (runs) return [];
  const breaches: Breach[] = regionFactors.flatMap(({ region }, i) => checkRegion(c, region, ['members', 'regionFactors', i, 'region']));
  const idleFactor = (path: KeyPath): Breach => ({ path, text: 'a factor of 1 changes nothing: remove it' });
  scalings.forEach((factor, i) => void (factor === 1 && breaches.push(idleFactor(['members', 'scalings', i]))));
  regionFactors.forEach(({ factor }, i) => void (factor === 1 && breaches.push(idleFactor(['members', 'regionFactors', i, 'factor']))));
  const names = memberNames(c);
  const twice = repeated(names);
  if (twice !== undefined) breaches.push({ path: ['members'], text: `two members would be called ${twice}: remove one, or rename its region` });
  if (names.length > MOST_MEMBERS) {
    breaches.push({
      path: ['members'],
      text: `count, perGroup, scalings and regionFactors make ${names.length} members, but at most ${MOST_MEMBERS} are run: ask for fewer`,
    });
  }
  return breaches;
}

function checkRegions({ regions }: Case): Breach[] {
  return Object.entries(regions).flatMap(([name, region]): Breach[] => [
    ...(name === WHOLE_GRID
      ? [{ path: ['regions', name], text: `${WHOLE_GRID} stands for the whole grid in tables: give the region another name` }]
      : []),
    ...(['rows', 'cols'] as const).flatMap((key): Breach[] => {
      const [first, last] = region[key] ?? [0, 0];
      return first > last ? [{ path: ['regions', name, key], text: `the first lies behind the last: write [${last}, ${first}]` }] : [];
    }),
  ]);
}

function checkInitialConcentrations(c: Case): Breach[] {
  const variants: [KeyPath, Pick<Case, 'surrogate' | 'training' | 'inversion'>][] = [
    [[], c],
    [['paperMode'], c.paperMode],
  ];
  return variants.flatMap(([path, { surrogate, training, inversion }]) => {
    const breaches: Breach[] = [];
    const key = [...path, 'surrogate', 'initialConcentrations'];
    if (surrogate.initialConcentrations === 'control' && inversion.mode === 'paper')
      breaches.push({ path: key, text: 'control needs inversion.mode default, as it has a prior term: choose prior, rollout or none' });
    if (surrogate.initialConcentrations === 'none' && training.rolloutWindows > 1)
      breaches.push({
        path: [...path, 'training', 'rolloutWindows'],
        text: 'without initial concentrations there is nothing to roll out: set surrogate.initialConcentrations, or 1',
      });
    return breaches;
  });
}

function checkTracers(c: Case): Breach[] {
  const { tracers } = c.surrogate;
  const { meteorology } = c;
  const groupsOfCase = caseChannels(c).groups;
  const missing = missingWeather(tracers, meteorology.variables);
  const remedy = 'add it, or set tracers that do without ([] for none)';
  return [
    ...(missing === undefined ? [] : [{ path: ['surrogate', 'tracers'], text: `they need ${missing} among meteorology.variables: ${remedy}` }]),
    ...tracers.flatMap(({ precursor, by, aloft, groups = groupsOfCase }, i) => {
      const breach = (text: string): Breach[] => [{ path: ['surrogate', 'tracers', i], text }];
      if (precursor === undefined && by === undefined) return [];
      if (precursor === undefined || by === undefined)
        return breach('a product has precursor and by, an emitted tracer neither: add the other, or remove this one');
      if (aloft) return breach('a product is made where its precursor is: remove aloft');
      const precursors = tracers.slice(0, i).filter((tracer) => isPrecursor(tracer, precursor));
      const groupWithout = groups.find((group) => tracersOf(precursors, group).length === 0);
      if (groupWithout === undefined) return [];
      return breach(
        `no tracer of ${groupWithout} before it is emitted with a lifetime of ${precursor} h, neither aloft nor washed: add that, or change precursor or groups`,
      );
    }),
  ];
}

function checkCertificate(c: Case): Breach[] {
  const pair = repeated(c.certificate.pairs.map(({ group, species }) => `${group}>${species}`));
  const run = repeated(c.certificate.runs.map(({ name }) => name));
  const sensitivity = repeated(c.certificate.sensitivities.map(({ name }) => name));
  const [factor, group] = [repeated(c.certificate.factors), repeated(c.response.groups)];
  return [
    ...(sensitivity === undefined ? [] : [{ path: ['certificate', 'sensitivities'], text: `the name ${sensitivity} is used twice: rename one` }]),
    ...c.certificate.sensitivities.flatMap(({ region }, i) =>
      region === undefined ? [] : checkRegion(c, region, ['certificate', 'sensitivities', i, 'region']),
    ),
    ...(pair === undefined ? [] : [{ path: ['certificate', 'pairs'], text: `the pair ${pair} is judged twice: remove one` }]),
    ...(run === undefined ? [] : [{ path: ['certificate', 'runs'], text: `the name ${run} is used twice: rename one` }]),
    ...(factor === undefined ? [] : [{ path: ['certificate', 'factors'], text: `${factor} is named twice: remove one` }]),
    ...(group === undefined ? [] : [{ path: ['response', 'groups'], text: `${group} is named twice: remove one` }]),
    ...(c.certificate.factors.includes(1) ? [{ path: ['certificate', 'factors'], text: 'a factor of 1 changes nothing: remove it' }] : []),
    ...(c.response.groups.length > 0 && c.response.factor === 1
      ? [{ path: ['response', 'factor'], text: 'a factor of 1 changes nothing: change it, or set response.groups: []' }]
      : []),
    ...(c.certificate.patches.factor === 1 ? [{ path: ['certificate', 'patches', 'factor'], text: 'a factor of 1 changes nothing: change it' }] : []),
  ];
}

function checkTrustRegion(c: Case): Breach[] {
  const paper = { path: ['paperMode', 'inversion', 'trustRegion'], text: "the paper's mode has no trust region: remove it" };
  const ownBreach = (text: string): Breach[] => [{ path: ['inversion', 'trustRegion'], text }];
  const breaches: Breach[] = c.paperMode.inversion.trustRegion === undefined ? [] : [paper];
  if (c.inversion.trustRegion === undefined) return breaches;
  if (c.inversion.mode === 'paper') return [...breaches, ...ownBreach(paper.text)];
  if (memberNames(c).length > 0 && c.surrogate.mode !== 'paper') return breaches;
  return [
    ...breaches,
    ...ownBreach('it is measured by the members that the surrogate was trained on, and there are none: set members.count, or remove it'),
  ];
}

/** The user's own model reads its own files and settings: Retroplume can't make its truth run another one. */
function checkTruth({ ctm, truth }: Case): Breach[] {
  if (ctm.kind !== 'command') return [];
  return (['options', 'windError'] as const)
    .filter((key) => truth?.[key] !== undefined)
    .map((key) => ({ path: ['truth', key], text: 'only the reference model can be run with an error, and ctm is a command: remove it' }));
}

/** Names in braces that are nearly one of those filled in are slips; others are the shell's, whose `{a,b}` and `{}` must stay usable. */
function checkCommand({ ctm }: Case): Breach[] {
  if (ctm.kind !== 'command') return [];
  const path = ['ctm', 'command'];
  const names = [...ctm.command.matchAll(NAME_IN_BRACES)].map(([, name]) => name);
  const slips = names.filter((name) => !isCommandName(name)).map((name) => ({ name, nearest: nearestKey(name, COMMAND_NAMES) }));
  return [
    ...slips.flatMap(({ name, nearest }) =>
      nearest === undefined ? [] : [{ path, text: `nothing is filled in for {${name}}: did you mean {${nearest}}?` }],
    ),
    ...(names.includes('output') ? [] : [{ path, text: 'the command is not told where its files are expected: add {output}, a folder' }]),
  ];
}

/** Ranks are spread evenly, so that each node gives them the same. */
function checkJobs(c: Case): Breach[] {
  const { network, model, warnSeconds } = c.jobs;
  const breaches: Breach[] = [];
  if (network.tasks % network.nodes !== 0)
    breaches.push({
      path: ['jobs', 'network', 'tasks'],
      text: `${network.tasks} ranks cannot be spread evenly over ${network.nodes} nodes: make it a multiple of jobs.network.nodes`,
    });
  for (const [kind, { hours }] of Object.entries({ model, network })) {
    if (hours * 3600 <= warnSeconds)
      breaches.push({
        path: ['jobs', kind, 'hours'],
        text: `a limit of ${hours} h leaves nothing before the warning of jobs.warnSeconds, ${warnSeconds} s: raise it, or lower that`,
      });
  }
  return breaches;
}

/** The passes of a loop compare runs of one transport model, and need a surrogate that learns from them and is anchored to them. */
function checkLoop(c: Case): Breach[] {
  if (c.loop.passes === 1) return [];
  const breach = (text: string): Breach => ({ path: ['loop', 'passes'], text });
  const single = 'set loop.passes: 1';
  const takenName = memberNames(c).find((name) => /^updated-\d+$/.test(name));
  return [
    ...(takenName === undefined ? [] : [breach(`the run ${takenName} of members.runs has the name of a run of a pass: rename it`)]),
    ...(c.inversion.mode === 'paper'
      ? [breach(`the paper's inversion has no anchor that a pass could move: ${single}, or inversion.mode: default`)]
      : []),
    ...(c.surrogate.initialConcentrations === 'control'
      ? [
          breach(
            `surrogate.initialConcentrations: control corrects what the transport model's run would not have: ${single}, or take rollout or none`,
          ),
        ]
      : []),
    ...(c.surrogate.mode === 'paper' ? [breach(`the paper's surrogate learns from the prior run only: ${single}, or surrogate.mode: default`)] : []),
    ...(c.training.batch % 2 !== 0
      ? [breach(`training.batch: ${c.training.batch} is odd, but in a loop samples come in pairs of runs: make it even`)]
      : []),
    ...(c.priorConcentrations !== undefined && c.ctm.kind === 'reference'
      ? [
          breach(
            `the prior run came as priorConcentrations, but ctm is the reference model, which did not make it: ${single}, or name your command in ctm`,
          ),
        ]
      : []),
  ];
}

/** One updated run is brought, and it is that of the case's own inversion. */
function checkUpdated({ updatedConcentrations, priorConcentrations, paperMode, ensembleMode, loop }: Case): Breach[] {
  if (updatedConcentrations === undefined) return [];
  const breach = (text: string): Breach => ({ path: ['updatedConcentrations'], text });
  return [
    ...(priorConcentrations === undefined
      ? [breach('the prior run is made here and the updated one is not: bring that too, as priorConcentrations, or remove it')]
      : []),
    ...(paperMode.run ? [breach("the paper's mode beside would need a run of its own: set paperMode.run: false, or remove it")] : []),
    ...(ensembleMode.run ? [breach('the update from members beside would need a run of its own: set ensembleMode.run: false, or remove it')] : []),
    ...(loop.passes > 1 ? [breach('passes of the loop would each need a run of their own: set loop.passes: 1, or remove it')] : []),
  ];
}

/** The paper's inversion has no prior, so that it has no posterior either. */
function checkUncertainty({ inversion }: Case): Breach[] {
  if (inversion.uncertainty.method === 'none' || inversion.mode !== 'paper') return [];
  return [
    {
      path: ['inversion', 'uncertainty', 'method'],
      text: "the paper's inversion has no prior term, so that there is no posterior: set method: none, or inversion.mode: default",
    },
  ];
}

/** Every breach of the rules that tie keys together. */
export function checkCase(c: Case): Breach[] {
  const checks = [
    checkPeriods,
    checkRuns,
    checkRegions,
    checkDesign,
    checkObservations,
    checkTruth,
    checkTraining,
    checkSpeciesWeights,
    checkTestMembers,
    checkPeriodsWithMembers,
    checkBatches,
    checkInitialConcentrations,
    checkTracers,
    checkCertificate,
    checkTrustRegion,
    checkInversion,
    checkSectors,
    checkUncertainty,
    checkCrossValidation,
    checkLoop,
    checkUpdated,
    checkColumns,
    checkCommand,
    checkEmissionVariables,
    checkConcentrationVariables,
    checkSums,
    checkWeatherAndGround,
    checkJobs,
  ];
  return checks.flatMap((check) => check(c));
}
