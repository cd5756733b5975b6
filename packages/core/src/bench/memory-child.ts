/** A process of its own that trains a workload for some steps and prints its peak resident memory in bytes: `node --expose-gc memory-child.js WORKLOAD THREADS STEPS`. */
import { setImmediate } from 'node:timers/promises';
import type { Program } from '../graph';
import { drawInputs, drawWeights, stepProgram } from './workloads/workload-step';
import type { Workload } from './workloads/workloads';

async function main([json, threads, steps]: string[]): Promise<void> {
  const program = prepare(JSON.parse(json) as Workload, Number(threads));
  // What was drawn has been copied into the program: inputs count once, as they do with the peers. Nothing holds them once the event loop has turned.
  await setImmediate();
  global.gc!();
  for (let step = 0; step < Number(steps); step++) await program.run('step');
  process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
}

function prepare(workload: Workload, threads: number): Program {
  const { batch } = workload.memory;
  return stepProgram(workload, 'train', batch, drawWeights(workload), drawInputs(workload, 'train', batch), { threads });
}

void main(process.argv.slice(2));
