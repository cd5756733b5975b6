/**
 * A case file with all that is wrong with it, and as much of the case as can be read all the same, so that its files can be looked at in the same go.
 *
 * What the schema refuses is taken out and its default stands in; a section that is still refused is replaced by {@link STAND_IN_SECTIONS} and named in
 * `unread`: nothing may be concluded from it.
 */
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../base/errors';
import { GROUPS, SPECIES } from '../base/species';
import { parseCase, type Case } from './schema/case-schema';
import { caseChannels } from './schema/channel-kinds';
import { observedSpecies } from './schema/inversion-schema';
import { checkCase } from './checks/checks';
import { mapPaths } from './schema/json-schema';
import { applyPaperDefaults, type Tree } from './load-case';
import { describeProblem } from './problems';
import { readCaseSource, type CaseFileSource } from './case-source';
import { joinPath, type KeyPath, splitPath } from './source';
import { asksForCrossValidation } from './checks/inversion-checks';
import { testMembers } from './case-runs';

export interface CaseProblem {
  code: string;
  /** `case.yaml:12`, or `--set key=value` */
  place: string;
  key: string;
  /** one sentence, which names place and key */
  message: string;
}

export interface ExaminedCase {
  problems: CaseProblem[];
  case: Case;
  /** top-level keys that could not be read at all */
  unread: ReadonlySet<string>;
  /** keys that do nothing beside the others, a sentence each; none where there are problems, which may be their cause */
  idle: string[];
  /** where a key stands, as `case.yaml:12` */
  whereIs: (path: KeyPath) => string;
}

/** What stands in for sections that cannot be read; its period is long, so that no rule about hours is broken by it. */
const GROUP = { variables: ['-'] };
const STAND_IN_SECTIONS: Tree = {
  name: 'case',
  grid: { griddesc: '-', name: '-' },
  periods: [{ name: 'period', start: '2000-01-01T00:00:00Z', hours: 20000 }],
  meteorology: { files: '-' },
  emissions: { files: '-', groups: Object.fromEntries(GROUPS.map((group) => [group, GROUP])) },
  observations: { stations: { file: '-' }, files: '-', columns: { species: { [SPECIES[0]]: { column: '-', unit: 'ppb' } } } },
  concentrations: {},
};

/**
 * @throws {ConfigError} `CASE_FILE_MISSING`, `CASE_SYNTAX`, `CASE_OVERRIDE`: nothing can be said of such a case
 */
export function examineCase(path: string, overrides: readonly string[] = []): ExaminedCase {
  const source = readCaseSource(path, overrides);
  const { file } = source;
  const first = parseCase(applyPaperDefaults(source.values));
  const problems: CaseProblem[] = [];
  const removed: KeyPath[] = [];
  for (const issue of first.success ? [] : first.error.issues) {
    for (const { sentence, path: keyPath, unknown } of describeProblem(issue, source)) {
      removed.push(keyPath);
      problems.push({
        code: unknown ? 'CASE_UNKNOWN_KEY' : 'CASE_INVALID',
        place: source.whereIs(keyPath),
        key: joinPath(keyPath),
        message: sentence,
      });
    }
  }
  const { parsed, unread } = first.success ? { parsed: first.data, unread: new Set<string>() } : parseWithout(source.values, removed);
  const result: Case = { ...parsed, file };
  for (const { path: keyPath, text, restsOn } of checkCase(result)) {
    if ([keyPath[0], restsOn].some((section) => unread.has(String(section))) || removed.some((path) => overlaps(path, keyPath))) continue;
    const place = source.whereIs(keyPath);
    const key = joinPath(keyPath);
    problems.push({ code: 'CASE_INVALID', place, key, message: `${place}: ${key}: ${text}` });
  }
  const idle = problems.length === 0 ? idleKeysOf(source, result) : [];
  mapPaths(result, (path) => resolve(dirname(file), path));
  return { problems, case: result, unread, idle, whereIs: (keyPath) => source.whereIs(keyPath) };
}

/** One path lies on the way to the other. */
function overlaps(a: KeyPath, b: KeyPath): boolean {
  return a.slice(0, b.length).every((key, i) => String(key) === String(b[i]));
}

function parseWithout(values: Tree, removed: readonly KeyPath[]): { parsed: Omit<Case, 'file'>; unread: Set<string> } {
  const tree = structuredClone(values);
  // From the back, so that the places of list entries before stay what they are.
  for (const path of [...removed].sort((a, b) => joinPath(b).localeCompare(joinPath(a), 'en', { numeric: true }))) remove(tree, path);
  const unread = new Set<string>();
  for (;;) {
    const parsed = parseCase(applyPaperDefaults(tree));
    if (parsed.success) return { parsed: parsed.data, unread };
    const unreadBefore = unread.size;
    for (const { path } of parsed.error.issues) {
      const section = String(path[0] ?? '');
      if (unread.has(section) || section === '') continue;
      unread.add(section);
      if (section in STAND_IN_SECTIONS) tree[section] = structuredClone(STAND_IN_SECTIONS[section]);
      else delete tree[section];
    }
    if (unread.size > unreadBefore) continue;
    if (unread.has('emissions')) throw new ConfigError('CASE_INVALID', parsed.error.message);
    // A group or species of the case's own asks other sections for what the table does not hold.
    for (const section of ['emissions', 'concentrations']) {
      unread.add(section);
      tree[section] = structuredClone(STAND_IN_SECTIONS[section]);
    }
  }
}

function remove(tree: Tree, path: KeyPath): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((node, key) => (typeof node === 'object' && node !== null ? (node as Tree)[String(key)] : undefined), tree);
  const key = path[path.length - 1];
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (typeof parent === 'object' && parent !== null) delete (parent as Tree)[String(key)];
}

/*
 * Keys of a case that can do nothing beside its other settings: no fault, as one who tries out settings leaves others where they are, but who set one to change
 * something should know. Only what somebody has written is told, never a default.
 */

/** Keys, below the section of their table; whether they do nothing; and why, as the end of a sentence. */
type Rule<T> = readonly [keys: readonly string[], idle: (settings: T) => boolean, why: string];

type Inversion = Pick<Case, 'inversion' | 'surrogate' | 'periods'>;
type Learning = Pick<Case, 'surrogate' | 'training'>;

function zeroLengths(lengths: number | Record<string, number>): boolean {
  return typeof lengths === 'number' ? lengths === 0 : Object.values(lengths).every((length) => length === 0);
}

/** Of the case and of `paperMode`, below `inversion`. */
const INVERSION: readonly Rule<Inversion>[] = [
  [['learningRate', 'learningRateDecay'], ({ inversion: i }) => i.optimiser === 'gauss-newton', 'optimiser: gauss-newton solves for its steps'],
  [['seed'], ({ inversion: i }) => i.batch === 0 && i.starts === 1, 'with batch: 0 and starts: 1 nothing is drawn'],
  [['blockKm'], ({ inversion: i }) => i.space !== 'blocks', 'it is of space: blocks'],
  [['initialConcentrations'], ({ surrogate: s }) => s.initialConcentrations !== 'control', 'it is of surrogate.initialConcentrations: control'],
  [['errorCorrelation.inSpace'], ({ inversion: i }) => zeroLengths(i.errorCorrelation.km), 'with km: 0 there is no correlation in space'],
  [
    ['errorCorrelation.part'],
    ({ inversion: { errorCorrelation: e } }) => zeroLengths(e.km) && zeroLengths(e.hours),
    'with hours: 0 and km: 0 no errors are alike',
  ],
  [['speciesWeights'], ({ inversion: i }) => i.mode === 'paper', 'it is of mode: default'],
  [['lossDivisor'], ({ inversion: i }) => i.mode !== 'paper', 'it is of mode: paper'],
  [
    ['factorCorrelation.hours', 'factorCorrelation.lasting'],
    ({ inversion: i }) => i.factors === 'period',
    'with factors: period each period has a single slot',
  ],
  [
    ['factorCorrelation.periods'],
    ({ inversion: i, periods }) => i.factors !== 'period' || periods.length === 1,
    'it is of several periods with factors: period',
  ],
  [['uncertainty.members'], ({ inversion: i }) => i.uncertainty.method !== 'rto', 'it is of method: rto'],
  [['uncertainty.rank'], ({ inversion: i }) => i.uncertainty.method === 'rto', 'it is of method: lanczos'],
  [['uncertainty.surrogates'], ({ inversion: i }) => i.uncertainty.method === 'none', 'method: none gives no uncertainty'],
];

/** Below `surrogate` and `training`. */
const LEARNING: readonly Rule<Learning>[] = [
  [['surrogate.residualBlocks'], ({ surrogate: s }) => s.network !== 'resnet', 'it is of network: resnet'],
  [
    ['hidden', 'allStates', 'encoderConvs', 'decoderConvs'].map((key) => `surrogate.${key}`),
    ({ surrogate: s }) => s.network === 'resnet',
    'network: resnet has neither an LSTM nor a U-Net',
  ],
  [['surrogate.headActivation'], ({ surrogate: s }) => s.network === 'response-unet', 'network: response-unet has none'],
  [['surrogate.branchLayers', 'surrogate.branchWidth'], ({ surrogate: s }) => s.mode === 'paper', 'mode: paper has branches of its own'],
  [['training.differenceLoss'], ({ training: t }) => t.differenceWeight === 0, 'differenceWeight is 0'],
  [['training.synchronisedBatchNorm'], ({ surrogate: s }) => !s.batchNorm, 'surrogate.batchNorm is false'],
];

const CASE: readonly Rule<Case>[] = [
  [['training.testFraction'], (c) => c.surrogate.mode !== 'paper' && testMembers(c).length > 0, 'members are kept for the test (testMembers)'],
  [['inversion.patience'], (c) => !c.inversion.stopOnWithheld && !asksForCrossValidation(c), 'stopOnWithheld is false'],
  [
    ['members.seed', 'members.spread', 'members.lengthKm', 'members.stretchHours'],
    ({ members: m }) => m.runs === undefined && m.count === 0 && m.perGroup === 0,
    'with count: 0 and perGroup: 0 there is no random member',
  ],
  [['response.factor'], ({ response: r }) => r.groups.length === 0, 'groups is empty'],
  [['certificate.patches.cells', 'certificate.patches.factor'], ({ certificate: t }) => t.patches.count === 0, 'with count: 0 there are none'],
  [['observations.files'], ({ observations: o }) => o.twin !== undefined, 'in a twin experiment simulate writes the observations'],
  [
    ['observations.gasReference.temperature', 'observations.gasReference.pressure'],
    ({ observations: o }) => o.gasReference.rule !== 'fixed',
    'the rule has states of its own',
  ],
  [
    ['try', 'rounds', 'choose', 'hoursPerDay', 'iterations', 'seed'].map((key) => `crossValidation.${key}`),
    (c) => !asksForCrossValidation(c),
    'no cross-validation is asked for (folds, or by: regions)',
  ],
  [['crossValidation.folds', 'crossValidation.seed'], (c) => c.crossValidation.by === 'regions', 'by: regions leaves out one region after the other'],
  [
    ['loop.iterations', 'loop.learningRate', 'loop.agreement', 'loop.smallestGain'],
    ({ loop: l }) => l.passes === 1,
    'with passes: 1 there is no loop',
  ],
  [['paperMode.surrogate', 'paperMode.training', 'paperMode.inversion'], ({ paperMode: p }) => !p.run, 'paperMode.run is false'],
  [['withheld.columns'], ({ columns }) => Object.keys(columns).length === 0, 'the case has no columns'],
  [['jobs.launcher'], ({ jobs: j }) => j.network.tasks === 1, 'with network.tasks: 1 no ranks are started'],
];

/** The bias of a product that no inversion looks at is not found. */
function biasRules(c: Case): Rule<Case>[] {
  const observed = observedSpecies(c.inversion, caseChannels(c).species);
  return Object.keys(c.columns).map((name) => [
    [`columns.${name}.bias`],
    () => !observed.includes(name),
    'inversion.observed does not name the column',
  ]);
}

function isWritten(values: unknown, path: KeyPath): boolean {
  let node = values;
  for (const key of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return false;
    node = (node as Record<PropertyKey, unknown>)[key];
  }
  return node !== undefined && node !== null;
}

/** One sentence for each, in the order of the tables. @param c - the case that `source` gives */
export function idleKeysOf(source: CaseFileSource, c: Case): string[] {
  // The case in a run folder has every default written out.
  const byHand = (path: KeyPath): boolean =>
    isWritten(source.values, path) && (source.run === undefined || source.whereIs(path).startsWith('--set '));
  const idleSentences = <T>(rules: readonly Rule<T>[], settings: T, section: string): string[] =>
    rules.flatMap(([keys, idle, reason]) => {
      const written = keys.map((key) => splitPath(`${section}${key}`)).filter(byHand);
      return written.length > 0 && idle(settings) ? written.map((path) => `${source.whereIs(path)}: ${joinPath(path)} does nothing: ${reason}`) : [];
    });
  const paper = { ...c.paperMode, periods: c.periods };
  return [
    ...idleSentences([...CASE, ...biasRules(c)], c, ''),
    ...idleSentences(LEARNING, c, ''),
    ...idleSentences(INVERSION, c, 'inversion.'),
    ...(c.paperMode.run ? [...idleSentences(LEARNING, paper, 'paperMode.'), ...idleSentences(INVERSION, paper, 'paperMode.inversion.')] : []),
  ];
}

/**
 * Keys that were written and do nothing, for who has loaded the case.
 *
 * @param path - of the case file or run folder @param overrides - as of {@link loadCase}
 * @throws {ConfigError} as `loadCase` does where the file cannot be read
 * @example idleKeys('case.yaml', ['loop.iterations=50']); // ['--set loop.iterations=50: loop.iterations does nothing: with passes: 1 there is no loop']
 */
export function idleKeys(path: string, overrides: readonly string[], c: Case): string[] {
  return idleKeysOf(readCaseSource(path, overrides), c);
}
