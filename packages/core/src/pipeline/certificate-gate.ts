/** The gate before the inversion: no gradient is followed that failed its certificate, unless the case says so. */
import { join } from 'node:path';
import { GateError } from '../errors';
import type { Certificate } from '../surrogate/certificate';
import { CERTIFICATE_FILE } from './certify-stage';
import { readRecord } from './record';
import type { StageContext } from './stage';

/** So many are told in one sentence; the certificate holds all. */
const MOST_REASONS = 3;

/**
 * Lets a certified surrogate pass, and tells of one that is not. The paper's mode beside the default is a comparison, so it is only warned of.
 * @throws {GateError} `CERTIFICATE_FAILED` if the certificate failed and `certificate.onFailure` is `refuse`
 */
export function passCertificateGate(context: StageContext): void {
  const { verdict, reasons } = readRecord(context.dirOf('certify'))!.summary as Certificate;
  if (verdict === 'passed') return;
  const told = [...reasons.slice(0, MOST_REASONS), ...(reasons.length > MOST_REASONS ? [`and ${reasons.length - MOST_REASONS} more`] : [])].join(
    '; ',
  );
  const { onFailure } = context.case.certificate;
  if (verdict === 'failed' && onFailure === 'refuse' && context.variant === 'default') {
    throw new GateError(
      'CERTIFICATE_FAILED',
      `invert: the surrogate's response to emissions is not that of the transport model (${told}), see ${join(context.dirOf('certify'), CERTIFICATE_FILE)}: ` +
        'train it on more members or for longer, or go on all the same with --set certificate.onFailure=warn',
    );
  }
  context.log(`warning: the surrogate is inverted though its certificate ${verdict === 'failed' ? 'failed' : 'says "not certified"'} (${told})`);
}
