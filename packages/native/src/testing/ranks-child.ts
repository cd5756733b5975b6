/** `ranks-child.ts FOLDER TASK`: one rank of the tests of mpi.ts; leaves what it saw as FOLDER/RANK.json. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NativeProgram, type Instruction, type ProgramOptions } from '../kernels';
import { joinRanks, type Ranks } from '../mpi/mpi';
import { runShared } from './shared-batch';

const [folder, task] = process.argv.slice(2);

/** Numbers whose sum depends on the order in which it is made, and on the precision. */
const tenths = (ranks: Ranks, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => (ranks.rank === 1 ? 1e8 : 0.1 + (i % 7)) * (ranks.rank - 0.9));

/** A sum between two kernels of a device, which the host has to make: twice, as the second run starts what the first has recorded. */
async function onDevice(ranks: Ranks): Promise<number[]> {
  const twice = (offset: number): Instruction => ({ op: 'scale', operands: { input: offset, output: offset }, params: { elements: 3, alpha: 2 } });
  const instructions = [twice(0), { op: 'allReduce', operands: { data: 0 }, params: { elements: 3, mean: 1 } }, twice(0)];
  const options: ProgramOptions = { device: 'cuda', ranks: ranks.collective };
  const program = new NativeProgram({ arenaElements: 16, instructions, phases: {} }, options, 'retroplume_emulated');
  program.write(0, Float32Array.of(ranks.rank, 1, 2));
  await program.run();
  await program.run();
  return [...program.read(0, 3)];
}

async function exchange(ranks: Ranks): Promise<unknown> {
  const [small, large, doubles] = [tenths(ranks, 10), tenths(ranks, 5003), Float64Array.of(0.1, ranks.rank)];
  for (const data of [small, large, doubles]) await ranks.sum(data);
  const parts = [10, 5003].map((length) => tenths(ranks, length));
  for (const part of parts)
    await ranks.sum(
      part,
      part.map((value) => value / 3),
      part.map((_, i) => i),
    );
  const huge = ranks.rank === 0 ? 1e16 : 1; // beside which a 1 is lost in double, too
  const ordered = Float64Array.of(huge);
  await ranks.sum(ordered, Float64Array.of(ranks.rank === 0 ? -huge : 1));
  const unlike = (second: Float32Array | Float64Array): Promise<string> =>
    Promise.resolve(Float32Array.of(1))
      .then((data) => ranks.sum(data, second))
      .then(() => 'added', String);
  const gathered = await ranks.gather(Buffer.from('x'.repeat(2 * ranks.rank)));
  const unlikeBuffers = [undefined, Buffer.from('x'), Buffer.from('longer than that of rank 0')];
  const broadcastText = await ranks.broadcast(ranks.rank === 0 ? Buffer.from('of rank 0') : unlikeBuffers[ranks.rank]);
  const began = { wall: performance.now(), busy: process.cpuUsage() };
  if (ranks.rank === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
  await ranks.barrier();
  const { user, system } = process.cpuUsage(began.busy);
  return {
    place: [ranks.rank, ranks.size, ranks.localRank, ranks.localSize],
    few: [...small],
    many: [...large],
    doubles: [...doubles],
    parts: parts.map((part) => [...part]),
    ordered: [...ordered],
    refused: [await unlike(Float32Array.of(1, 2)), await unlike(Float64Array.of(1))],
    gathered: gathered.map((bytes) => Buffer.from(bytes).toString()),
    onDevice: await onDevice(ranks),
    received: Buffer.from(broadcastText).toString(),
    waited: { seconds: (performance.now() - began.wall) / 1000, busySeconds: (user + system) / 1e6 },
  };
}

async function main(): Promise<void> {
  const ranks = joinRanks();
  if (task === 'fail' && ranks.rank === 1) ranks.abort(42);
  const rankError =
    task === 'batch'
      ? [{ dtype: 'float64' as const }, { kernels: 'reference' as const }, { threads: 2 }].map((options) =>
          runShared({ rank: ranks.rank, ranks: ranks.size }, { ...options, ranks: ranks.collective }),
        )
      : await exchange(ranks);
  writeFileSync(join(folder, `${ranks.rank}.json`), JSON.stringify(rankError));
  ranks.finalize();
}

void main();
