/** What training takes of the memory, which is the most of all stages where there are members. */
import { tmpdir } from 'node:os';
import { caseChannels, memberNames, testMembers, tracerCount, type Case } from '../../../case';
import { MemoryBudget } from '../../../fields/memory-budget';
import type { Device } from '../../../base/device';
import type { Grid } from '../../../grid/grid';
import { carriedBytes } from '../../../surrogate/tracers/carried-runs';
import { tracerRoom } from '../../../surrogate/tracers/tracers';
import { trainingBytes } from '../../../surrogate/training/training-memory';
import { gigabytes, usableMemory } from '../../../base/process';
import { preparedRuns, PRIOR, trainedPeriods } from '../../../case/case-runs';
import type { Findings } from './findings';
import { freeIn } from './machine';

type Cells = Pick<Grid, 'rows' | 'cols'>;

/** Sections of the case that decide it; nothing is to be told where one could not be understood. */
export const MEMORY_RESTS_ON: readonly string[] = [
  'periods',
  'emissions',
  'concentrations',
  'members',
  'surrogate',
  'meteorology',
  'geography',
  'training',
  'paperMode',
];

/**
 * The machine on which jobs run may be another: too little memory here is a note.
 *
 * @param device - that was chosen, where it could be
 */
export async function checkMemory(findings: Findings, settings: Case, grid: Cells, device?: Device): Promise<void> {
  const runHours = trainedPeriods(settings).reduce((sum, period) => sum + period.hours * preparedRuns(settings, period).length, 0);
  const fields = fieldsOfTraining(settings, grid);
  const tracers = carriedBytes(runHours * grid.rows * grid.cols * tracerCount(settings.surrogate.tracers, caseChannels(settings).groups));
  const room = tracerRoom(1);
  const [inMemory, inFiles] = [Math.min(tracers, room), Math.max(0, tracers - room)];
  const usable = usableMemory();
  // On a GPU the network and its batches lie in the GPU's memory, and fields as far as they fit.
  const onHost = device === undefined || device.name === 'cpu';
  const network = onHost ? await findings.attempt(['training'], () => networkBytes(settings, grid)) : undefined;
  const parts = [`${gigabytes(fields.inMemory)} of fields`, `${gigabytes(inMemory)} of tracers`];
  if (network !== undefined) parts.push(`about ${gigabytes(network)} of the network and its batches`);
  const text = `memory: training holds ${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}, and ${gigabytes(usable)} of memory may be used here`;
  findings.right.push(fields.elsewhere > 0 ? `${text}; ${gigabytes(fields.elsewhere)} of fields it reads from the prepared store as it goes` : text);
  const needed = fields.inMemory + inMemory + (network ?? 0);
  if (needed > usable) {
    findings.notes.push(
      `training needs about ${gigabytes(needed)} of memory, and ${gigabytes(usable)} may be used here: lower training.batch or training.crop (a smaller square; 0 is the whole domain), raise training.microBatches, or run it where there is more`,
    );
  }
  if (inFiles === 0) return;
  const free = freeIn(tmpdir());
  const files = `of the tracers ${gigabytes(inFiles)} lie in temporary files, and ${gigabytes(free)} are free in ${tmpdir()}`;
  if (free < inFiles) findings.notes.push(`${files}: set TMPDIR to a folder with room`);
  else findings.right.push(`temporary files: ${files}`);
}

/** Bytes of the network, its gradients and the batches, on the processor: of the training that takes most. */
function networkBytes(settings: Case, { rows, cols }: Cells): number {
  const { surrogate, training, paperMode, members, meteorology, geography } = settings;
  const { groups, species } = caseChannels(settings);
  const heldOut = testMembers({ members, training });
  const trained = [PRIOR, ...memberNames({ members })].filter((name) => !heldOut.includes(name));
  const variants = [{ surrogate, training, runs: trained }, ...(paperMode.run ? [{ ...paperMode, runs: [PRIOR] }] : [])];
  const bytes = variants.map(({ surrogate: model, training: network, runs }) => {
    const weather = meteorology.variables.length + (model.priorConcentrations ? species.length : 0);
    const channels = { groups: groups.length, species: species.length, meteorology: weather, geography: geography?.variables.length ?? 0 };
    return trainingBytes(model, network, { rows, cols, ...channels }, runs);
  });
  return Math.max(...bytes);
}

/** Bytes of fields that training has in memory, and of those that it reads from the store. */
function fieldsOfTraining(settings: Case, { rows, cols }: Cells): MemoryBudget['spent'] {
  const { meteorology, surrogate } = settings;
  const periods = trainedPeriods(settings);
  const { groups, species } = caseChannels(settings);
  const room = new MemoryBudget();
  const weather = meteorology.variables.length + (surrogate.priorConcentrations ? species.length : 0);
  for (const { hours } of periods) room.take({ hours, rows, cols, channels: weather });
  for (const period of periods) {
    const { hours } = period;
    for (let run = preparedRuns(settings, period).length; run > 0; run--)
      for (const channels of [groups.length, species.length]) room.take({ hours, rows, cols, channels });
  }
  return room.spent;
}
