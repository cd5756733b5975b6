/** The redistribution audit: what the totals of an inversion hide, one row per period, region and group. See docs/audit.md. */
import type { DiurnalShift, Redistribution } from './redistribution';
import type { RegionalResponse } from './regional-response';

/** Totals in Mt a-1. */
export interface AuditRow extends Redistribution {
  period: string;
  /** absent: the whole domain */
  region?: string;
  group: string;
  /** only with a factor per hour */
  diurnal?: DiurnalShift;
  /** only for groups with a species that answers them, where the region has monitors of it */
  response?: RegionalResponse;
}
