/** The processes of one run (mpirun, srun): what every room may need of them. */
import { setTimeout as sleep } from 'node:timers/promises';

export { ALONE, joinRanks, launchedByMpi, type Launched, type Ranks } from '@retroplume/native';

/** Long enough that the first rank, which fails alike where all do, has told it and ended the others. */
const GIVE_WAY_MS = 2000;

/** What a rank does that fails, before it tells so: so that what befalls all of them is told once. */
export async function giveWay(rank: number): Promise<void> {
  if (rank > 0) await sleep(GIVE_WAY_MS);
}
