/** The work of `invert` in the variant `ensemble`: an update from the members, without the network, and what it leaves in its folder. */
import { join } from 'node:path';
import { updateFromMembers, type MembersUpdate } from '../../assimilation/ensemble/members-update';
import { FACTORS_FILE, writeFactors } from '../../assimilation/factors/factors-file';
import { writeFileAtomic } from '../../files/checkpoint';
import type { Stage, StageContext } from '../engine/stage';
import { splitSlots } from './run-inversion';

/** What `inversion.json` holds. */
export interface EnsembleSummary extends Pick<MembersUpdate, 'members' | 'stations'> {
  /** in which the weight of a monitor falls to exp(−1/2): `inversion.lengthKm` */
  lengthKm: number;
}

export async function runEnsemble(context: StageContext): ReturnType<Stage['run']> {
  const { inversion } = context.settings;
  const { periods, factors, members, stations } = await updateFromMembers(context);
  const [{ grid, groups }] = periods;
  writeFactors(join(context.dir, FACTORS_FILE), { grid, groups }, splitSlots(factors, periods, inversion.factors), []);
  const summary: EnsembleSummary = { lengthKm: inversion.lengthKm, members, stations };
  writeFileAtomic(join(context.dir, 'inversion.json'), JSON.stringify(summary, null, 2));
  return { products: [FACTORS_FILE, 'inversion.json'], summary };
}
