/** The end of a run: one JSON object, or where the report is and the main figures. */
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

interface Change {
  interval?: { low: number; high: number };
  noInterval?: string;
}

interface Score {
  priorMae: number;
  updatedMae: number;
  unit: string;
  change: Change;
  found?: { mae: number; change: Change };
}

interface Figures {
  initialConcentrations?: Record<string, Record<string, { slope: number }>>;
  withheld?: Record<string, Score>;
  used?: Record<string, Score>;
  independent?: Record<string, Record<string, Score>>;
}

interface CrossValidation {
  candidates: { changes: string[]; score: { mean: number; standardError: number | null } }[];
  picked: number;
}

/** What is printed of a result; stages that end before `verify` have no figures. */
interface Printable {
  report?: string;
  certificate?: { verdict: string; reasons: string[] };
  /** what `simulate --design` wrote */
  manifest?: string;
  crossValidation?: CrossValidation;
  loop?: { status: string; kept: number; passes: { pass: number; realisedError: number | null }[] };
  default?: Figures;
  paperMode?: Figures;
}

function signedPercent(fraction: number): string {
  const text = (100 * fraction).toFixed(0);
  return `${Number(text) === 0 ? '0' : fraction > 0 ? `+${text}` : text} %`;
}

function change(priorMae: number, mae: number, unit: string, { interval, noInterval }: Change): string {
  const relative = priorMae === 0 ? [] : [signedPercent((mae - priorMae) / priorMae)]; // of nothing there is no part
  const missing = noInterval === undefined ? [] : [`no 90 % interval: ${noInterval}`];
  const certain = interval ? [`90 % interval ${signedPercent(interval.low)} to ${signedPercent(interval.high)}`] : missing;
  return `${priorMae.toFixed(2)} → ${mae.toFixed(2)} ${unit} (${[...relative, ...certain].join('; ')})`;
}

function candidateLines({ candidates, picked }: CrossValidation): string {
  const rows = candidates.map(({ changes, score: { mean, standardError } }, i) => {
    const uncertain = standardError === null ? '' : ` ± ${(100 * standardError).toFixed(1)}`;
    return `  ${i === picked ? '*' : ' '} ${(100 * mean).toFixed(1)}${uncertain} %  ${changes.join(', ') || "the case's own settings"}\n`;
  });
  return `Cross-validation, error at left-out monitors relative to the prior run (*: chosen):\n${rows.join('')}`;
}

function loopLines({ status, kept, passes }: NonNullable<Printable['loop']>): string {
  const ran = passes.filter(({ realisedError }) => realisedError !== null);
  const errors = ran.map(({ pass, realisedError }) => `${(100 * realisedError!).toFixed(1)} % after pass ${pass}`).join(', ');
  const end = status === 'agreed' ? 'predicted and realised gain agree and a further pass promises little' : 'all passes were made';
  return `Closed loop: ${end}; error at used monitors relative to the prior run ${errors}; kept: pass ${kept}\n`;
}

/** Where none is withheld, the monitors that were used, which prove less; nothing of stages that end before `verify`. */
function errorTables(main: Figures, paper: Figures | undefined): string {
  const side = [main, paper].some((figures) => Object.keys(figures?.withheld ?? {}).length > 0) ? 'withheld' : 'used';
  const monitors = side === 'withheld' ? 'withheld monitors' : 'used monitors (none is withheld)';
  const titles = [`Mean absolute error against ${monitors}, prior → updated inventory:`, "The same in the paper's mode:"];
  const [ofOwn, ofPaper] = [main[side], paper?.[side]].map((scores, i) => table(titles[i], scores, (score) => [score.updatedMae, score.change]));
  const withNuisance = table(
    'With what was found beside the emissions:',
    main[side],
    (score) => score.found && [score.found.mae, score.found.change],
  );
  const judging = Object.entries(main.independent ?? {}).map(([name, scores]) =>
    table(`Against ${name}, which only judges:`, scores, (score) => [score.updatedMae, score.change]),
  );
  return `${ofOwn}${withNuisance}${judging.join('')}${ofPaper}`;
}

/** Nothing without a row. */
function table(title: string, scores: Record<string, Score> | undefined, runOf: (score: Score) => [mae: number, change: Change] | undefined): string {
  const entries = Object.entries(scores ?? {});
  const width = Math.max(6, ...entries.map(([species]) => species.length));
  const rows = entries.flatMap(([species, score]) => {
    const run = runOf(score);
    return run ? [`  ${species.padEnd(width)} ${change(score.priorMae, run[0], score.unit, run[1])}\n`] : [];
  });
  return rows.length > 0 ? `${title}\n${rows.join('')}` : '';
}

/** What an inversion needs most; of a case with others the first few. */
const SHOWN_PAIRS = ['NOx>NO2', 'SO2>SO2', 'PM2.5>PM2.5', 'NOx>O3'];

const PLACES: Record<string, string> = { prior: 'the prior run', rollout: 'its own output', zero: 'nowhere (0)' };

function slopesByPlace(title: string, places: NonNullable<Figures['initialConcentrations']>): string {
  const rows = Object.entries(places).map(([place, pairs]) => {
    const needed = SHOWN_PAIRS.filter((pair) => pair in pairs);
    const names = needed.length > 0 ? needed : Object.keys(pairs).slice(0, SHOWN_PAIRS.length);
    const shown = names.map((pair) => `${pair} ${pairs[pair].slope.toFixed(2)}`);
    return `  ${PLACES[place].padEnd(14)} ${shown.join('  ')}\n`;
  });
  return `${title}\n${rows.join('')}`;
}

/** Prints the result on stdout: in words, or one line of JSON with --json. */
export function printResult(result: object, options: Pick<CommonOptions, 'json'>, out: string): void {
  if (options.json) {
    writeOut(`${JSON.stringify(result)}\n`);
    return;
  }
  const { report, certificate, manifest, crossValidation, loop, default: main, paperMode } = result as Printable;
  const figures = { ...(result as Figures), ...main };
  if (certificate)
    writeOut([`Certificate of the surrogate: ${certificate.verdict}`, ...certificate.reasons.map((reason) => `  ${reason}`), ''].join('\n'));
  const slopes = 'free-running slope (1 is right) with initial concentrations from:';
  if (figures.initialConcentrations) writeOut(slopesByPlace(`Surrogate: ${slopes}`, figures.initialConcentrations));
  if (crossValidation) writeOut(candidateLines(crossValidation));
  if (loop) writeOut(loopLines(loop));
  writeOut(errorTables(figures, paperMode));
  if (paperMode?.initialConcentrations) writeOut(slopesByPlace(`Paper's mode: ${slopes}`, paperMode.initialConcentrations));
  if (manifest !== undefined) writeOut(`Design: ${manifest}\n`);
  else writeOut(report !== undefined ? `Report: ${report}\n` : `Run folder: ${out}\n`);
}
