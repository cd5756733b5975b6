/** Tracers of the emissions that the surrogate sees (`surrogate/tracers/tracers.ts`), and the weather that they need. */
import { z } from 'zod';
import { choice, flag, real } from './fields';

const tracerSchema = z.strictObject({
  lifetime: real('Lifetime against a first-order loss.', { above: 0, unit: 'h' }),
  aloft: flag('Whether it is emitted above a mixed layer of less than 300 m, as from stacks.').optional(),
  washed: flag('Whether rain washes it out.').optional(),
  precursor: real('Lifetime of the emitted tracer, neither aloft nor washed and before it in the list, that it is made of; default: it is emitted.', {
    above: 0,
    unit: 'h',
  }).optional(),
  by: choice('What makes it of its precursor: sunlight, or clouds and haze.', ['light', 'cloud']).optional(),
});

/** One kind of tracer; each emission group has one of every kind. */
export type TracerSettings = z.infer<typeof tracerSchema>;

/** Whether a product may name it by its lifetime. */
export function isPrecursor(tracer: TracerSettings, lifetime: number): boolean {
  return tracer.lifetime === lifetime && tracer.precursor === undefined && !tracer.washed && !tracer.aloft;
}

/** docs/response-tried.md has what each of them is good for. */
const DEFAULT_TRACERS: TracerSettings[] = [
  { lifetime: 3 },
  { lifetime: 12 },
  { lifetime: 48 },
  { lifetime: 200 },
  { lifetime: 12, aloft: true },
  { lifetime: 48, washed: true },
  { lifetime: 48, precursor: 12, by: 'light' },
  { lifetime: 200, precursor: 48, by: 'light', washed: true },
  { lifetime: 48, precursor: 12, by: 'cloud', washed: true },
  { lifetime: 200, precursor: 48, by: 'cloud', washed: true },
];

export const tracersSchema = z.array(tracerSchema).max(16).default(DEFAULT_TRACERS).meta({
  description:
    'Tracers that are inputs beside the emissions: each group, carried by the weather of the whole period, as each of these. They need u, v and PBL or inversePbl among meteorology.variables; `washed` RN, `light` RGRND, `cloud` TEMP2, Q2 and RN. None: []',
});

/** What tracers need of the meteorology and is not among its channels, the first of it. */
export function missingWeather(tracers: readonly TracerSettings[], names: readonly string[]): string | undefined {
  if (tracers.length === 0) return undefined;
  const height = names.includes('PBL') || names.includes('inversePbl') ? [] : ['PBL or inversePbl'];
  return [...['u', 'v'].filter((name) => !names.includes(name)), ...height, ...rateChannels(tracers).filter((name) => !names.includes(name))][0];
}

/** Channels of the meteorology that products and washing out follow from. */
export function rateChannels(tracers: readonly TracerSettings[]): string[] {
  const some = (test: (tracer: TracerSettings) => boolean | undefined, names: string[]): string[] => (tracers.some(test) ? names : []);
  return [
    ...some(({ by }) => by === 'light', ['RGRND']),
    ...some(({ by }) => by === 'cloud', ['TEMP2', 'Q2']),
    ...some(({ by, washed }) => by === 'cloud' || washed, ['RN']),
  ];
}
