/** The members of `uncertainty` by `method: rto`: inversions of perturbed observations, spread over ranks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readTensors, removeCheckpoint, writeTensors } from '../../files/checkpoint';
import { makeFolder } from '../../files/disk';
import { randomisedMember } from '../../inversion/uncertainty/randomised';
import type { InversionSetup } from '../../assimilation/inversion-setup';
import { spreadOverRanks } from '../engine/on-ranks';
import type { StageContext } from '../engine/stage';

/**
 * The controls at which the members end. Those that are done lie in a file each, and one that is not has its checkpoint: an interrupted stage goes on from there.
 *
 * @param setUp - makes what all members of a rank share
 * @param start - where they start
 */
export function ensembleMembers(context: StageContext, setUp: () => Promise<InversionSetup>, start: Float64Array): Promise<Float64Array[]> {
  const { members } = context.settings.inversion.uncertainty;
  const folder = join(context.dir, 'members');
  makeFolder(folder);
  return spreadOverRanks(context, members, async (member) => {
    const path = join(folder, `member-${member + 1}.safetensors`);
    if (!existsSync(path)) {
      const control = await makeMember(context, await setUp(), start, member, join(folder, `checkpoint-${member + 1}.safetensors`));
      writeTensors(path, {
        tensors: new Map([['control', { data: control, shape: [control.length] }]]),
        metadata: { what: 'control of a member of the ensemble' },
      });
    }
    return Float64Array.from(readTensors(path).tensors.get('control')!.data);
  });
}

async function makeMember(
  context: StageContext,
  setup: InversionSetup,
  startControl: Float64Array,
  member: number,
  checkpoint: string,
): Promise<Float64Array> {
  const { model, problem, settings } = setup;
  const { members, seed } = context.settings.inversion.uncertainty;
  const control = await randomisedMember(
    model,
    problem,
    settings,
    { member, seed, start: startControl },
    {
      onProgress: (finished, total, text) =>
        context.progress(member * total + finished, members * total, `member ${member + 1} of ${members}: ${text}`),
      onMessage: context.log,
      signal: context.signal,
      checkpoint: { path: checkpoint, every: settings.checkpointEvery },
    },
  );
  removeCheckpoint(checkpoint);
  return control;
}
