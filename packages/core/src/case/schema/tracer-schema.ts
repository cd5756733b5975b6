/** Tracers of the emissions that the surrogate sees (`surrogate/tracers/tracers.ts`), and the weather that they need. */
import { z } from 'zod';
import { GROUPS, type Group } from '../../base/species';
import { choice, flag, real } from './kinds';

const tracerSchema = z.strictObject({
  lifetime: real('Lifetime against a first-order loss.', { above: 0, unit: 'h' }),
  aloft: flag('Whether it is emitted above a mixed layer of less than 300 m, as from stacks.').optional(),
  washed: flag('Whether rain washes it out.').optional(),
  precursor: real('Lifetime of the emitted tracer, neither aloft nor washed and before it in the list, that it is made of; default: it is emitted.', {
    above: 0,
    unit: 'h',
  }).optional(),
  by: choice('What makes it of its precursor: sunlight, or clouds and haze.', ['light', 'cloud']).optional(),
  groups: z.array(choice('An emission group.', GROUPS)).min(1).meta({ description: 'Emission groups that have it; default: all.' }).optional(),
});

/** One kind of tracer. */
export type TracerSettings = z.infer<typeof tracerSchema>;

/** Kinds of tracer that a group has, as places in the list. */
export function tracersOf(tracers: readonly TracerSettings[], group: Group): number[] {
  return tracers.flatMap(({ groups }, place) => (groups?.includes(group) === false ? [] : [place]));
}

/** Of all groups together. */
export function tracerCount(tracers: readonly TracerSettings[]): number {
  return tracers.reduce((sum, { groups = GROUPS }) => sum + new Set(groups).size, 0);
}

/** Whether a product may name it by its lifetime. */
export function isPrecursor(tracer: TracerSettings, lifetime: number): boolean {
  return tracer.lifetime === lifetime && tracer.precursor === undefined && !tracer.washed && !tracer.aloft;
}

/** docs/response-tried.md has what each of them is good for, and why not every group has every one. */
const DEFAULT_TRACERS: TracerSettings[] = [
  { lifetime: 3, groups: ['NOx', 'VOC'] },
  { lifetime: 12, groups: ['NOx', 'NH3', 'SO2', 'VOC'] },
  { lifetime: 48 },
  { lifetime: 200, groups: ['NH3', 'PM2.5'] },
  { lifetime: 12, aloft: true, groups: ['NOx', 'SO2', 'PM2.5'] },
  { lifetime: 48, washed: true, groups: ['NOx', 'NH3', 'SO2', 'PM2.5'] },
  { lifetime: 48, precursor: 12, by: 'light', groups: ['NOx', 'VOC'] },
  { lifetime: 200, precursor: 48, by: 'light', washed: true, groups: ['NOx', 'SO2', 'VOC'] },
  { lifetime: 48, precursor: 12, by: 'cloud', washed: true, groups: ['SO2'] },
  { lifetime: 200, precursor: 48, by: 'cloud', washed: true, groups: ['SO2'] },
];

export const tracersSchema = z.array(tracerSchema).max(16).default(DEFAULT_TRACERS).meta({
  description:
    'Tracers that are inputs beside the emissions: groups, carried by the weather of the whole period, as each of these. They need u, v and PBL or inversePbl among meteorology.variables; `washed` RN, `light` RGRND, `cloud` TEMP2, Q2 and RN. None: []',
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
