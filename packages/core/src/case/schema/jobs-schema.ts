/** How a run is given to a scheduler (`retroplume run --submit`); nothing of it decides a result but the number of threads. */
import { z } from 'zod';
import { choice, real, wholeNumber } from './kinds';

export const SCHEDULERS = ['slurm', 'pbs'] as const;

/** One line of a script. */
function line(description: string): z.ZodString {
  return z
    .string()
    .regex(/^[^\n\r]+$/, { error: 'expected one line, not empty' })
    .meta({ description });
}

const lines = (description: string): z.ZodDefault<z.ZodArray<z.ZodString>> => z.array(line('One line.')).default([]).meta({ description });

/** What each job of a kind asks for. */
const resources = {
  hours: real('Time limit of a job; one that meets it goes back into the queue and goes on from its checkpoint.', {
    min: 0.01,
    max: 8760,
    unit: 'h',
  }).default(4),
  cpus: wholeNumber('Processors of a job (of each of its ranks), and its threads.', { min: 1, max: 1024 }).default(4),
  memory: z
    .string()
    .regex(/^[1-9]\d*[MGT]$/, { error: 'expected a size such as 64G' })
    .optional()
    .meta({ description: "Memory of a job on each node, such as `64G`; left out, the cluster's default." }),
  partition: line('Partition (PBS: queue), where it is another one than `jobs.partition`.').optional(),
  options: lines('Further options of the scheduler, such as `--constraint=icelake`, for these jobs beside `jobs.options`.'),
};

export const jobsSchema = z
  .strictObject({
    scheduler: choice('Which scheduler, where `--submit` does not say.', SCHEDULERS).default('slurm'),
    account: line('Account that is charged.').optional(),
    partition: line("Partition (PBS: queue) of all jobs; left out, the cluster's default.").optional(),
    options: lines('Further options of the scheduler for all jobs, such as `--qos=long`; each becomes a line `#SBATCH …` or `#PBS …`.'),
    setup: lines('Lines of shell at the head of every job, such as `module load node netcdf-c`.'),
    model: z
      .strictObject(resources)
      .prefault({})
      .meta({ description: 'Jobs without the network: runs of the transport model, the preparation, verification and report.' }),
    network: z
      .strictObject({
        ...resources,
        gpus: wholeNumber('GPUs of a job (of each of its ranks); with 0 the network computes on the CPU.', { min: 0, max: 16 }).default(0),
        nodes: wholeNumber('Nodes of a training.', { min: 1, max: 10000 }).default(1),
        tasks: wholeNumber('Ranks of a training over all of its nodes.', { min: 1, max: 100000 }).default(1),
      })
      .prefault({})
      .meta({ description: 'Jobs with the network: training, certificate, inversion, uncertainty and loop.' }),
    launcher: line(
      'Command that starts the ranks of a training, where there are several; left out, `srun --mpi=pmix` with Open MPI, `srun --mpi=pmi2` with others (PBS: `mpirun`).',
    ).optional(),
    beside: wholeNumber('Tasks of a job array that run at the same time; 0 leaves that to the scheduler.', { min: 0, max: 1000 }).default(0),
    warnSeconds: wholeNumber('How long before its time limit a job is told to stop at its next checkpoint.', {
      min: 10,
      max: 65535,
      unit: 's',
    }).default(120),
    restarts: wholeNumber('How often a job goes back into the queue at its time limit before it counts as failed.', { min: 0, max: 1000 }).default(
      10,
    ),
  })
  .meta({ description: 'Jobs of a scheduler (`retroplume run --submit`, docs/hpc.md).' });
