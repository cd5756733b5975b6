/** The work of `report`: everything that the stages before found, on one page. */
import { join, relative } from 'node:path';
import type { Species, SpeciesUnit } from '../../base/species';
import { caseChannels, observedSpecies, type Case, type PeriodSettings } from '../../case';
import { readJson } from '../../files/json';
import { describeQuality } from '../../observations/observation-quality';
import { readPrepared, type PreparedPeriod } from '../../fields/prepared';
import { regionMasks } from '../../case/gridded/regions';
import { SHOWN_RESPONSE, writeReport, type InitialScore, type ReportData, type ReportEmissions, type ReportMode } from '../../report';
import { unconstrainedGroups } from '../../inversion/uncertainty/figures';
import type { Certificate } from '../../surrogate/judgement/certificate';
import { largestDistance } from '../../surrogate/judgement/training-distance';
import { PRIOR, hasExternalPrior } from '../../case/case-runs';
import { crossValidationOf } from '../inversions/cross-validation';
import type { EvaluateSummary, InitialFigures } from '../learning/evaluate';
import type { EnsembleSummary } from '../inversions/run-ensemble';
import type { InvertSummary } from '../inversions/run-inversion';
import { asInCase } from '../../assimilation/surrogate/trained-surrogate';
import type { LoopSummary } from '../inversions/loop';
import type { Monitors } from '../../assimilation/observed/monitors';
import type { ComparedColumns } from '../../assimilation/scores/column-scores';
import { readRecord, summaryIn } from '../engine/record';
import { provenanceOf } from './report-provenance';
import { columnFieldOf, concentrationsOf, emissionsOf, landMaskOf, stationsOf } from './report-fields';
import { stageContext } from '../stage-context';
import type { Stage, StageContext, StageName } from '../engine/stage';
import type { TrainSummary } from '../learning/train';
import { DISTANCE_FILE, readDistance } from '../../assimilation/factors/trust-region';
import type { UncertaintySummary } from '../inversions/uncertainty';
import {
  independentOf,
  seriesOf,
  VERIFICATION_FILE,
  type AllSeries,
  type PeriodSeries,
  type Comparison,
  type Verification,
  type VerifySummary,
} from './verify';
import { keptOnWord } from '../transport-runs/replaced-runs';
import { codeName } from '../../base/code-version';
import { VERSIONS } from '../../base/process';

/** @param variants - the contexts of those that were run: the case's own first */
export async function report(context: StageContext, variants: readonly StageContext[]): ReturnType<Stage['run']> {
  const data = await reportData(context, variants);
  const { html, pngs } = await writeReport(context.dir, data);
  return { products: [html, ...pngs].map((path) => relative(context.dir, path)), summary: { html: relative(context.out, html) } };
}

/** What the uncertainty stage found, where the case asks for it and it has been run. */
function uncertaintyOf(context: StageContext): UncertaintySummary | undefined {
  return context.caseSettings.inversion.uncertainty.method === 'none' ? undefined : summaryOf<UncertaintySummary>(context, 'uncertainty');
}

/** The case itself may be in the paper's mode; its results are then shown as the paper's. */
function modeOf({ caseSettings, variant }: StageContext): ReportMode {
  return variant === 'paper' || caseSettings.inversion.mode === 'paper' ? 'paper' : 'default';
}

async function reportData(context: StageContext, variants: readonly StageContext[]): Promise<ReportData> {
  const [mainContext] = variants;
  const uncertainty = uncertaintyOf(context);
  const { leftOut, ...fields } = await fieldsOf(context, variants, uncertainty !== undefined);
  return {
    ...aboutCase(context, mainContext, leftOut),
    ...fields,
    ...scoresOf(context, variants),
    ...learned(variants),
    ...trustOf(mainContext),
    ...(uncertainty
      ? {
          unconstrainedGroups: unconstrainedGroups(uncertainty.areas),
          uncertainty: { ...uncertainty, inversionSeconds: readRecord(context.dirOf('invert'))?.seconds },
        }
      : {}),
    ...judgements(variants),
    ...membersAlone(mainContext, stageContext(context, 'report', 'ensemble')),
    loop: context.caseSettings.loop.passes > 1 ? summaryOf<LoopSummary>(context, 'loop') : undefined,
    ...crossValidated(context),
    ...provenanceOf(context, variants),
    versions: { ...VERSIONS, code: codeName() },
    created: new Date(),
  };
}

type About =
  'caseName' | 'description' | 'mode' | 'ctm' | 'twin' | 'assumptions' | 'periods' | 'groups' | 'notInvertedGroups' | 'species' | 'responseFactor';

/** @param leftOut - of observations, in sentences */
function aboutCase(context: StageContext, mainContext: StageContext, leftOut: readonly string[]): Pick<ReportData, About> {
  const { caseSettings } = context;
  const { groups, species, units } = caseChannels(caseSettings);
  return {
    caseName: caseSettings.name,
    description: caseSettings.description,
    mode: modeOf(mainContext),
    ctm: modelName(caseSettings),
    twin: caseSettings.truth !== undefined,
    assumptions: [...caseSettings.assumptions, ...onWord(context), ...asTheyWere(context), ...notObserved(mainContext), ...leftOut],
    periods: caseSettings.periods.map(({ name, start, hours, spinUpHours }) => ({
      name,
      start: new Date(start),
      hours: hours - spinUpHours,
      spinUpHours,
    })),
    groups: [...groups],
    notInvertedGroups: groups.filter((group) => !mainContext.settings.inversion.groups.includes(group)),
    species: species.map((name) => ({ name, unit: UNIT_TEXTS[units[name]] })),
    ...(caseSettings.response.groups.length > 0 ? { responseFactor: caseSettings.response.factor } : {}),
  };
}

const UNIT_TEXTS: Record<SpeciesUnit, string> = { ppb: 'ppb', 'ug m-3': 'µg m⁻³', 'umol m-2': 'µmol m⁻²' };

function modelName(settings: Case): string {
  if (hasExternalPrior(settings)) return 'a model run outside Retroplume';
  const { ctm } = settings;
  if (ctm.kind === 'reference') return "Retroplume's reference transport model";
  return ctm.name ?? `the user's command (${ctm.command})`;
}

type Fields = Pick<ReportData, 'grid' | 'basemap' | 'regions' | 'emissions' | 'stations' | 'concentrations' | 'independent' | 'columns'>;

/** A period with the series at the monitors that is shown. */
interface Shown<T extends PeriodSeries> {
  period: PeriodSettings;
  main: T;
  paper?: T;
}

/** Emissions and concentrations of all periods, and where they are. @param constrained - whether the report tells what the monitors constrain */
async function fieldsOf(
  context: StageContext,
  [mainContext, paper]: readonly StageContext[],
  constrained: boolean,
): Promise<Fields & { leftOut: string[] }> {
  const { caseSettings } = context;
  const emissions: ReportEmissions[] = [];
  let grid: PreparedPeriod['grid'] | undefined;
  let landMask: Float32Array | undefined;
  const series: Shown<AllSeries>[] = [];
  const judging = await independentOf(context);
  for (const period of caseSettings.periods) {
    const prepared = asInCase(context, readPrepared(context.dirOf('prepare'), period.name, caseChannels(caseSettings), { runs: [PRIOR] }));
    grid = prepared.grid;
    landMask = landMaskOf(prepared);
    emissions.push(...emissionsOf(context, prepared, { mainContext, paper, constrained }));
    const ofVariant = (variant: StageContext): Promise<AllSeries> => seriesOf(variant, period, prepared, judging);
    series.push({ period, main: await ofVariant(mainContext), paper: paper && (await ofVariant(paper)) });
  }
  const { species } = caseChannels(caseSettings);
  const entries = caseSettings.observations.independent.map(({ name, timeZone }) => {
    const ofEntry = series.flatMap(({ period, main, paper: ofPaper }): Shown<PeriodSeries>[] => {
      const measured = main.independent.get(name);
      return measured ? [{ period, main: measured, paper: ofPaper?.independent.get(name) }] : [];
    });
    return { name, series: ofEntry, shown: shownSeries(ofEntry, timeZone, species) };
  });
  return {
    grid: grid as PreparedPeriod['grid'],
    basemap: caseSettings.truth && landMask ? { kind: 'landMask', landMask } : { kind: caseSettings.truth ? 'none' : 'world' },
    regions: regionMasks(caseSettings.regions, grid as PreparedPeriod['grid']),
    emissions,
    ...shownSeries(series, caseSettings.observations.timeZone, species),
    ...columnsOf(
      mainContext,
      series.flatMap(({ main }) => main.columns),
      grid as PreparedPeriod['grid'],
    ),
    ...(entries.length > 0 ? { independent: entries.map(({ name, shown }) => ({ name, ...shown })) } : {}),
    leftOut: [
      ...(caseSettings.observations.twin ? [] : series.flatMap(({ period, main }) => leftOut(period.name, main.monitors))),
      ...entries.flatMap(({ name, series: ofEntry }) => ofEntry.flatMap(({ period, main }) => leftOut(`${name}, ${period.name}`, main.monitors))),
    ],
  };
}

/** Nothing where the case has no columns. */
function columnsOf(context: StageContext, compared: readonly ComparedColumns[], { rows, cols }: PreparedPeriod['grid']): Pick<ReportData, 'columns'> {
  const { columns, columnsWarning } = verificationOf(context);
  if (!columns) return {};
  return { columns: { rows: columns, warning: columnsWarning?.message, fields: compared.map((ofPeriod) => columnFieldOf(ofPeriod, rows * cols)) } };
}

/** The stations of all periods, and the series over these. */
function shownSeries(
  series: readonly Shown<PeriodSeries>[],
  timeZone: string,
  species: readonly Species[],
): Pick<ReportData, 'stations' | 'concentrations'> {
  const stations = new Map(series.flatMap(({ main }) => stationsOf(main)).map((station) => [station.id, station]));
  const shown = { order: [...stations.keys()], timeZone, species };
  return { stations: [...stations.values()], concentrations: series.flatMap((compared) => concentrationsOf(compared, shown)) };
}

/** What `certify` and `verify` say of each variant. */
function judgements(variants: readonly StageContext[]): Pick<ReportData, 'certificates' | 'inventoryError' | 'audit'> {
  const { groups } = caseChannels(variants[0].caseSettings);
  const verified = variants.map((variant) => ({ mode: modeOf(variant), ...summaryOf<VerifySummary>(variant, 'verify') }));
  return {
    certificates: variants.flatMap((variant) => {
      const certificate = summaryOf<Certificate>(variant, 'certify');
      return certificate ? [{ mode: modeOf(variant), ...certificate }] : [];
    }),
    inventoryError: verified.flatMap(({ mode, inventory, inventoryNearMonitors: near }) =>
      inventory ? groups.map((group) => ({ mode, group, ...inventory[group], nearMonitors: near?.[group] })) : [],
    ),
    audit: verified.flatMap(({ mode, audit }) => (audit ? [{ mode, rows: audit }] : [])),
  };
}

/** The update from members alone beside the case's own, where the case asks for it and it has been verified. */
function membersAlone(mainContext: StageContext, ensemble: StageContext): Pick<ReportData, 'membersAlone'> {
  if (!mainContext.caseSettings.ensembleMode.run) return {};
  const [withNetwork, alone] = [mainContext, ensemble].map((variant) => summaryOf<VerifySummary>(variant, 'verify'));
  const inverted = summaryOf<EnsembleSummary>(ensemble, 'invert');
  if (!withNetwork || !alone || !inverted) return {};
  const { units, groups } = caseChannels(mainContext.caseSettings);
  return {
    membersAlone: {
      members: Math.min(...Object.values(inverted.members)),
      lengthKm: inverted.lengthKm,
      withheld: Object.entries(alone.withheld as Record<string, Comparison>).flatMap(([species, { priorMae, updatedMae }]) => {
        const ofNetwork = withNetwork.withheld[species];
        return ofNetwork ? [{ species, unit: UNIT_TEXTS[units[species]], prior: priorMae, network: ofNetwork.updatedMae, members: updatedMae }] : [];
      }),
      inventory: groups.flatMap((group) => {
        const [network, members] = [withNetwork.inventory?.[group], alone.inventory?.[group]];
        return network && members ? [{ group, prior: network.priorError, network: network.updatedError, members: members.updatedError }] : [];
      }),
    },
  };
}

function onWord(context: StageContext): string[] {
  const runs = keptOnWord(context);
  return runs.length === 0
    ? []
    : [`Runs that were made with other settings or inputs were taken as they are, on the user's word: ${runs.join(', ')}.`];
}

function asTheyWere({ staleStages = [] }: StageContext): string[] {
  return staleStages.length === 0
    ? []
    : [`Made with other settings or inputs than this report tells of, or damaged since, and taken as it is: ${staleStages.join(', ')}.`];
}

/** Species that the case keeps out of the cost: the tables of used monitors have theirs, too. */
function notObserved({ caseSettings, settings: { inversion } }: StageContext): string[] {
  const { species } = caseChannels(caseSettings);
  const observed = observedSpecies(inversion, species);
  const unused = species.filter((name) => !observed.includes(name));
  return unused.length === 0
    ? []
    : [`Observations of ${unused.join(', ')} did not enter the inversion (inversion.observed): all of theirs judge it.`];
}

function summaryOf<T>(context: StageContext, stage: StageName): T | undefined {
  return summaryIn(context.dirOf(stage));
}

/** What `verify` wrote. JSON has no NaN: what is not a number was written as null. */
function verificationOf(context: StageContext): Partial<Verification> {
  const reviver = (_key: string, value: unknown): unknown => value ?? NaN;
  const path = join(context.dirOf('verify'), VERIFICATION_FILE);
  return readJson<Partial<Verification>>(path, { keys: {}, remedy: 'run the stage verify again', reviver });
}

/** Nothing where `verify` was run before it broke scores down. */
function scoresOf({ caseSettings: { scores } }: StageContext, variants: readonly StageContext[]): Pick<ReportData, 'scores'> {
  const modes = variants.flatMap((variant) => {
    const { scores: rows } = verificationOf(variant);
    return rows ? [{ mode: modeOf(variant), rows }] : [];
  });
  return modes.length > 0 ? { scores: { ozoneCutoff: scores.ozoneCutoff, modes } } : {};
}

type Learned = Required<Pick<ReportData, 'surrogate' | 'response' | 'initialConcentrations' | 'learning' | 'inversion'>>;

function learned(variants: readonly StageContext[]): Learned {
  const out: Learned = {
    surrogate: [],
    response: [],
    initialConcentrations: [],
    learning: [],
    inversion: [],
  };
  for (const context of variants) {
    const mode = modeOf(context);
    const channels = caseChannels(context.caseSettings);
    const evaluation = summaryOf<EvaluateSummary>(context, 'evaluate');
    for (const { period, test } of evaluation?.concentrations ?? []) {
      channels.species.forEach((species, s) =>
        out.surrogate.push({
          mode,
          testRuns: evaluation!.testRuns,
          choseWeights: context.settings.training.earlyStoppingIterations > 0,
          species,
          period,
          mae: test.mae[s],
          nmb: test.nmb?.[s],
          nme: test.nme[s],
          r: test.r[s],
        }),
      );
    }
    for (const response of evaluation?.response ?? []) out.response.push({ mode, ...response });
    out.initialConcentrations.push(...(evaluation?.initialConcentrations ?? []).map((figures) => initialScore(mode, figures, channels.species)));
    // Of a pass of the loop, too, the first training is shown: its further one is short.
    const training = summaryOf<TrainSummary>(context.variant === 'paper' ? context : stageContext(context, 'report', 'default'), 'train');
    if (training)
      out.learning.push({
        mode,
        points: training.curve.map(({ iteration, train, test }) => ({ iteration, loss: train.total, testLoss: test.total })),
      });
    const inversion = summaryOf<InvertSummary>(context, 'invert');
    if (inversion) {
      const { history: points, status, iterations, keptIteration, starts, atBound, initialConcentrations: gain, nuisance } = inversion;
      out.inversion.push({ mode, points, status, iterations, keptIteration, from: starts?.[0].from, atBound, gain, nuisance });
    }
  }
  return out;
}

/** Nothing where the inversion was made before there were distances. */
function trustOf(context: StageContext): Pick<ReportData, 'trust'> {
  const { trust } = summaryOf<InvertSummary>(context, 'invert') ?? {};
  if (!trust) return {};
  const fields = context.caseSettings.periods.flatMap(({ name: period }) => {
    const distance = trust.members > 0 ? readDistance(join(context.dirOf('invert'), DISTANCE_FILE), period) : undefined;
    return distance ? [{ period, distance: largestDistance(distance, caseChannels(context.caseSettings).groups.length) }] : [];
  });
  return { trust: { ...trust, fields } };
}

function initialScore(mode: ReportMode, { from, period, test, response }: InitialFigures, species: readonly Species[]): InitialScore {
  const large = response.filter(({ relativeSize }) => relativeSize >= SHOWN_RESPONSE);
  return {
    mode,
    period,
    from,
    nme: Object.fromEntries(species.map((name, s) => [name, test.nme[s]])),
    slopes: Object.fromEntries(large.map(({ pair, slope }) => [pair, slope])),
  };
}

/** What cross-validation found, and whether the inversion took it. */
function crossValidated(context: StageContext): Pick<ReportData, 'crossValidation'> {
  const validation = crossValidationOf(context);
  return validation ? { crossValidation: { ...validation, applied: context.caseSettings.crossValidation.apply } } : {};
}

/** What was left out of observations, by which rule. @param subject - names the period */
function leftOut(subject: string, { observations: { quality } }: Monitors): string[] {
  return quality ? describeQuality(quality).map((text) => `Observations, ${subject}: ${text}.`) : [];
}
