/** A process of its own that trains a workload for some steps and prints its peak resident memory in bytes: `node memory-child.js WORKLOAD THREADS STEPS`. */
import { drawInputs, drawWeights, stepProgram } from './workload-step';
import { type Workload } from './workloads';

async function main([json, threads, steps]: string[]): Promise<void> {
  const workload = JSON.parse(json) as Workload;
  const { batch } = workload.memory;
  const program = stepProgram(workload, 'train', batch, drawWeights(workload), drawInputs(workload, 'train', batch), { threads: Number(threads) });
  for (let step = 0; step < Number(steps); step++) await program.run('step');
  process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
}

void main(process.argv.slice(2));
