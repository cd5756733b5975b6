/** What the stages from `train` on share: the settings of their variant, the prepared periods, the surrogate. */
import type { InversionSettings, SurrogateSettings, TrainingSettings } from '../data/case';
import { readPrepared, type PreparedPeriod } from '../data/prepared';
import { Surrogate } from '../surrogate/surrogate';
import { Window } from '../surrogate/window';
import { memberNames, PRIOR } from './case-runs';
import type { StageContext } from './stage';

export interface VariantSettings {
  surrogate: SurrogateSettings;
  training: TrainingSettings;
  inversion: InversionSettings;
}

export function variantSettings({ case: settings, variant }: StageContext): VariantSettings {
  const { surrogate, training, inversion } = variant === 'paper' ? settings.paperMode : settings;
  return { surrogate, training, inversion };
}

/** The prepared periods, with the runs that the variant learns from: all of them, or in the paper's mode the prior run only. */
export function preparedPeriods(context: StageContext, runs: 'all' | 'prior'): PreparedPeriod[] {
  const names = runs === 'prior' ? [PRIOR] : [PRIOR, ...memberNames(context.case)];
  return context.case.periods.map(({ name }) => readPrepared(context.dirOf('prepare'), name, { runs: names }));
}

export function spinUpHours({ case: { periods } }: StageContext): number[] {
  return periods.map((period) => period.spinUpHours);
}

/** First hour of each period that is compared: after the spin-up, and with the surrogate's whole window in the period. */
export function firstHours(context: StageContext): number[] {
  const { surrogate } = variantSettings(context);
  const window = new Window(surrogate.window);
  return spinUpHours(context).map((hours) => Math.max(hours, window.firstHour + (surrogate.previousConcentrations ? 1 : 0)));
}

export function loadSurrogate(context: StageContext): Surrogate {
  return Surrogate.load(context.dirOf('train'));
}

/** Hours that the frozen surrogate takes at once: as many as keep its arena small on large domains. */
export function hoursAtOnce(cells: number): number {
  return Math.max(1, Math.min(8, Math.floor(40000 / cells)));
}
