/** The gates before and after the inversion: no gradient is followed that failed its certificate, no result passed on that is nothing but bounds, unless the case says so. */
import { join } from 'node:path';
import { GateError } from '../../base/errors';
import type { Certificate } from '../../surrogate/judgement/certificate';
import { withheldDoubt } from '../../assimilation/observed/setting-warnings';
import type { Grid } from '../../grid/grid';
import { pickInWords } from './cross-validation';
import { CERTIFICATE_FILE } from '../transport-runs/output-hashes';
import { summaryIn } from '../engine/record';
import type { StageContext } from '../engine/stage';

/** So many are told in one sentence; the certificate holds all. */
const MOST_REASONS = 3;

/**
 * Lets a certified surrogate pass, and tells of one that is not. The paper's mode beside the default is a comparison, so it is only warned of.
 * @throws {GateError} `CERTIFICATE_FAILED` if the certificate failed and `certificate.onFailure` is `refuse`
 */
export function passCertificateGate(context: StageContext): void {
  const { verdict, reasons } = summaryIn<Certificate>(context.dirOf('certify'))!;
  if (verdict === 'passed') return;
  const told = [...reasons.slice(0, MOST_REASONS), ...(reasons.length > MOST_REASONS ? [`and ${reasons.length - MOST_REASONS} more`] : [])].join(
    '; ',
  );
  const { onFailure } = context.caseSettings.certificate;
  if (verdict === 'failed' && onFailure === 'refuse' && context.variant === 'default') {
    throw new GateError(
      'CERTIFICATE_FAILED',
      `${context.stage}: the surrogate's response to emissions is not that of the transport model (${told}), see ${join(context.dirOf('certify'), CERTIFICATE_FILE)}: ` +
        'train it on more members or for longer, or go on all the same with --set certificate.onFailure=warn',
    );
  }
  context.log(`warning: the surrogate is inverted though its certificate ${verdict === 'failed' ? 'failed' : 'says "not certified"'} (${told})`);
}

/** What must hold before an inversion of the case, and what its user should know by then. @throws as {@link passCertificateGate} */
export function passGatesBefore(context: StageContext): void {
  passCertificateGate(context);
  const crossValidated = pickInWords(context);
  if (crossValidated !== undefined) context.log(`taken from cross-validation: ${crossValidated}`);
}

/** Tells where withheld monitors say less than they seem to. */
export function warnOfWithheld({ caseSettings: { withheld }, settings: { inversion }, log }: StageContext, grid: Grid): void {
  const doubt = withheldDoubt(withheld, inversion, grid);
  if (doubt !== undefined) log(`warning: ${doubt}`);
}

/**
 * Lets a result pass whose factors are not mostly at their bounds, and tells of one whose are.
 * @throws {GateError} `INVERSION_SATURATED` if a group's share exceeds `inversion.saturation.share` and `onFailure` is `refuse`
 */
export function passSaturationGate(context: StageContext, atBound: Record<string, number>): void {
  const { saturation, bound } = context.settings.inversion;
  const groups = Object.entries(atBound).filter(([, share]) => share > saturation.share);
  if (groups.length === 0) return;
  const told = groups.map(([group, share]) => `${(100 * share).toFixed(0)} % of ${group}`).join(', ');
  const sentence =
    `the factors of many emitting cells lie at their bound (${told}; bound ${bound}, alarm above ${(100 * saturation.share).toFixed(0)} %), ` +
    "so the misfit is not the emissions' alone";
  if (saturation.onFailure === 'refuse' && context.variant === 'default') {
    throw new GateError(
      'INVERSION_SATURATED',
      `invert: ${sentence}: look for errors of the observations or of the model, raise inversion.observationError, or go on all the same with --set inversion.saturation.onFailure=warn`,
    );
  }
  context.log(`warning: ${sentence}`);
}
