/** A July whose monitors of NO2 and O3 have errors of 1, for tests of what is compared and with which error. */
import type { Case, PeriodSettings } from '../../case';
import { namingOf } from '../../case/testing/naming';

export function julyOf(hours: number): PeriodSettings {
  return { name: 'july', start: '2017-07-01T00:00:00Z', hours, spinUpHours: 0 } as unknown as PeriodSettings;
}

export const UNIT_ERRORS = {
  ...namingOf(),
  inversion: {
    observationError: { NO2: { relative: 0, absolute: 1 }, O3: { relative: 0, absolute: 1 } },
    representativeness: 'none',
    siteTypeError: {},
  },
} as unknown as Case;
