/**
 * What a certificate says: a part of the settings of stages that read it, as it may say something else with the same key, where a run of the transport model that it
 * rests on was taken away and made again.
 */
import type { Certificate } from '../../surrogate/judgement/certificate';
import { canonicalJson, hashText } from '../../files/canonical-json';
import { readRecord } from '../engine/record';

export const CERTIFICATE_FILE = 'certificate.json';

/** @param part - of the certificate that is read; all of it unless given */
export function certificateHash(dir: string, part: (certificate: Certificate) => unknown = (certificate) => certificate): string | undefined {
  const record = readRecord(dir);
  return record && hashText(canonicalJson(part(record.summary as Certificate))).slice(0, 12);
}
