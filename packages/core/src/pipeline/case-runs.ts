/** Which runs of the transport model a case has, and where their files are. */
import { join } from 'node:path';
import { memberDesigns, type Case, type Group, type PeriodSettings } from '../data/case';
import { expandGlob, expandGlobs } from '../data/glob';
import type { TimeAxis } from '../grid/grid';
import type { StageContext } from './stage';

/** Emission files and concentration files of one run in one period. */
export interface RunFiles {
  emissions: string[];
  concentrations: string[];
}

export const PRIOR = 'prior';
export const TRUTH = 'truth';

/** The run in which all emissions of one group are changed. */
export function responseRun(group: Group): string {
  return `response-${group}`;
}

/** The run of a nuisance term, with the prior emissions and something else changed. */
export function nuisanceRun(name: string): string {
  return `nuisance-${name}`;
}

/** The runs that `simulate` makes; the others come as files. */
export function simulatedRuns(settings: Case): string[] {
  return [
    ...(settings.priorConcentrations ? [] : [PRIOR]),
    ...memberDesigns(settings).map(({ name }) => name),
    ...settings.response.groups.map(responseRun),
    ...(settings.truth ? [TRUTH] : []),
    ...settings.inversion.nuisance.runs.flatMap(({ name, options }) => (options ? [nuisanceRun(name)] : [])),
  ];
}

export function inPeriod(pattern: string, period: string): string {
  return pattern.replaceAll('{period}', period);
}

export function timeOf({ start, hours }: PeriodSettings): TimeAxis {
  return { start: new Date(start), stepSeconds: 3600, count: hours };
}

export function meteorologyFiles(settings: Case, period: string): string[] {
  return expandGlobs(settings.meteorology.files, period);
}

/** How the meteorology is read, for records; nothing where that is by the defaults. */
export function weatherSettings({ meteorology: { format, layers, names } }: Case): object | undefined {
  return format === 'auto' && layers === 1 && Object.keys(names).length === 0 ? undefined : { format, layers, names };
}

export function geographyFiles(settings: Case): string[] {
  return settings.geography ? expandGlobs(settings.geography.files) : [];
}

export function priorEmissionFiles(settings: Case, period: string): string[] {
  return expandGlob(inPeriod(settings.emissions.files, period));
}

/** File that `simulate` writes. */
export function simulatedFile(dir: string, run: string, kind: 'EMIS' | 'ACONC', period: string): string {
  return join(dir, run, `${kind}_${period}.nc`);
}

/** Observations of a twin, written by `simulate`. */
export function twinObservationsFile(dir: string, period: string): string {
  return join(dir, `observations_${period}.csv`);
}

/** Files of a run that the surrogate learns from. */
export function runFiles(context: StageContext, run: string, period: string): RunFiles {
  const { case: settings } = context;
  const simulate = context.dirOf('simulate');
  const given = settings.members.runs?.find(({ name }) => name === run);
  if (given) return { emissions: expandGlob(inPeriod(given.emissions, period)), concentrations: expandGlob(inPeriod(given.concentrations, period)) };
  const concentrations =
    run === PRIOR && settings.priorConcentrations
      ? expandGlob(inPeriod(settings.priorConcentrations, period))
      : [simulatedFile(simulate, run, 'ACONC', period)];
  return { emissions: run === PRIOR ? priorEmissionFiles(settings, period) : [simulatedFile(simulate, run, 'EMIS', period)], concentrations };
}
