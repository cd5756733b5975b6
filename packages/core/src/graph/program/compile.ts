/**
 * From a graph to a program: nodes are ordered, fused where nothing is lost, given memory in one arena, and lowered to a flat list
 * of native instructions.
 */
import type { Instruction, ProgramOptions, ProgramSpec } from '@retroplume/native';
import { leastArena, placeStorages, planStorage, type Storage, type StoragePlan } from './storage';
import { type BatchShare, type Graph, type Node, type Value, type Emitter, type RegionRequest, GraphError } from '../definition/graph';
import { packsTraces } from './execution';
import { alignUp } from '../ops/shared/memory-layout';
import type { Profiler } from './profiler';
import { Program } from './program';
import type { ProgramLayout, Region } from './program-layout';
import { fuseActivations, fuseDerivatives } from '../rewrites/fuse-activations';
import { packTraces } from '../rewrites/lstm';
import { schedule, type ScheduledPhase } from './schedule';
import type { PhaseRequest } from '../definition/requests';
import { size, stridesOf } from '../definition/shape';

export interface CompileOptions extends ProgramOptions {
  /** What the host can read after a run, by name. */
  outputs: Readonly<Record<string, Value>>;
  /**
   * Values of each phase, in the order in which phases run; absent: one phase `run` with all outputs. A phase computes what no
   * earlier one has; what a later phase needs survives. A `repeatable` phase keeps what it reads, so that it can run
   * again (several adjoints after one forward pass), at the price of memory.
   */
  phases?: Readonly<Record<string, readonly Value[] | PhaseRequest>>;
  /** What the program holds of a batch that several ranks compute together, which are then given as `ranks`. */
  share?: BatchShare;
  /** Is told of every run of every phase. */
  profiler?: Profiler;
  /** What a user can lower where memory is too small; default `the batch`. */
  shrinkBy?: string;
}

/**
 * Compiles a graph into a program with its own memory.
 *
 * ```ts
 * const program = compile(g, { outputs: { out, misfit }, phases: { forward: [out], backward: [misfit, update] } });
 * program.set('emissions', emissions);
 * await program.run('forward');
 * ```
 *
 * @throws {GraphError} if a phase or output names a value of another graph, or an output has the name of another array
 * @throws {ConfigError} `OPTION_INVALID` for a device, number of threads or other option that there is not
 * @throws {DeviceError} `DEVICE_…`, `ISA_…` or `OUT_OF_MEMORY` where this machine has not what was asked for
 */
export function compile(g: Graph, options: CompileOptions & { dtype: 'float64' }): Program<Float64Array>;
export function compile(g: Graph, options: CompileOptions & { dtype?: 'float32' }): Program<Float32Array>;
export function compile(g: Graph, options: CompileOptions): Program<Float32Array> | Program<Float64Array>;
export function compile(g: Graph, options: CompileOptions): Program<Float32Array> | Program<Float64Array> {
  const { outputs, phases, share, profiler, shrinkBy, ...native } = options;
  const plan = planProgram(g, { outputs, phases, share, packTraces: packsTraces(native) });
  const host = { profiler, shrinkBy };
  return options.dtype === 'float64' ? new Program<Float64Array>(plan, native, host) : new Program<Float32Array>(plan, native, host);
}

export interface PlanOptions extends Pick<CompileOptions, 'outputs' | 'phases' | 'share'> {
  /** whether the program is for a device that rounds factors of products ({@link packsTraces}); default false */
  packTraces?: boolean;
}

/** Everything about a program but its memory: what `compile` runs, and what tests and tools can look at without native code. @throws {GraphError} as `compile` */
export function planProgram(g: Graph, { outputs, phases, share, packTraces: packed = false }: PlanOptions): ProgramLayout {
  const requests = { phases: phaseRequests(g, outputs, phases), outputs };
  const fused = fuseDerivatives(fuseActivations(packed ? packTraces(requests) : requests));
  const scheduled = schedule(fused.phases);
  const nodes = scheduled.flatMap((phase) => phase.nodes);
  const regions = regionRequests(nodes);
  const keptValues = new Set([...Object.values(fused.outputs), ...regions.flatMap((region) => region.members), ...crossPrepare(scheduled)]);
  const requested = new Set(Object.values(fused.phases).flatMap((phase) => phase.values));
  const plan = planStorage(scheduled, { keptValues, requested });
  for (const value of Object.values(fused.outputs)) if (!plan.storageOf.has(value)) pinLeaf(value, plan);
  expectOwnNames(fused.outputs, plan.storageOf.keys());
  for (const value of keptValues) plan.storageOf.get(value)!.pinned = true;
  const placed = placeRegions(regions, plan);
  const arenaElements = placeStorages(plan.storageOf.values(), placed.end);
  const spec: ProgramSpec = { arenaElements: Math.max(arenaElements, 1), ...lower(scheduled, plan, share) };
  const leastElements = leastArena(plan.storageOf.values());
  return { spec, regions: placed.regions, storageOf: plan.storageOf, phases: scheduled, outputs: fused.outputs, leastElements };
}

function phaseRequests(g: Graph, outputs: CompileOptions['outputs'], phases: CompileOptions['phases']): Record<string, PhaseRequest> {
  const requested = phases ?? { run: Object.values(outputs) };
  const isList = (request: readonly Value[] | PhaseRequest): request is readonly Value[] => Array.isArray(request);
  const requests: Record<string, PhaseRequest> = {};
  for (const [name, request] of Object.entries(requested)) requests[name] = isList(request) ? { values: request } : request;
  for (const value of [...Object.values(outputs), ...Object.values(requests).flatMap((request) => request.values)]) {
    if (value.graph !== g)
      throw new GraphError(
        'GRAPH_FOREIGN_VALUE',
        `compile: ${value.name ?? `value ${value.id}`} belongs to another graph: name values of the one that is compiled`,
      );
  }
  return requests;
}

/** What the prepare phase computes and another phase reads. */
function crossPrepare([prepare, ...later]: readonly ScheduledPhase[]): Value[] {
  const prepared = new Set(prepare.nodes);
  return later.flatMap((phase) =>
    phase.nodes.flatMap((node) => node.inputs.filter((input): input is Value => input?.node !== undefined && prepared.has(input.node))),
  );
}

/** @throws {GraphError} `GRAPH_NAME_TAKEN` for an output that has the name of another array: neither could be told from the other */
function expectOwnNames(outputs: Readonly<Record<string, Value>>, heldValues: Iterable<Value>): void {
  for (const { name, kind, id } of heldValues) {
    if (name === undefined || !(name in outputs) || outputs[name].id === id) continue;
    throw new GraphError(
      'GRAPH_NAME_TAKEN',
      `compile: the output ${name} has the name of ${kind === 'input' ? 'an' : 'a'} ${kind}: give it another one`,
    );
  }
}

function pinLeaf(value: Value, plan: StoragePlan): void {
  if (value.kind === 'computed') throw new GraphError('GRAPH_NOT_COMPUTED', 'compile: an output is in no phase; name it in one');
  (plan.storageOf as Map<Value, Storage>).set(value, { elements: size(value.shape), first: 0, last: Infinity, pinned: true });
}

/** All parameters lie next to each other, those that an update asks for first and in its order; so do buffers, and what ops ask for. */
function regionRequests(nodes: readonly Node[]): RegionRequest[] {
  const members = new Map<string, Value[]>([['parameters', []]]);
  for (const node of nodes) {
    for (const request of node.op.regions?.(node) ?? []) {
      const list = members.get(request.region);
      if (list) list.push(...request.members);
      else members.set(request.region, [...request.members]);
    }
  }
  const inputs = [...new Set(nodes.flatMap((node) => node.inputs))]
    .filter((value): value is Value => value !== undefined)
    .sort((a, b) => a.id - b.id);
  const parameters = members.get('parameters')!;
  parameters.push(...inputs.filter((value) => value.kind === 'parameter' && !parameters.includes(value)));
  for (const kind of ['buffer', 'state'] as const)
    members.set(
      kind === 'buffer' ? 'buffers' : 'state',
      inputs.filter((value) => value.kind === kind),
    );
  return [...members].map(([region, list]) => ({ region, members: list }));
}

function placeRegions(requests: readonly RegionRequest[], plan: StoragePlan): { regions: Record<string, Region>; end: number } {
  const regions: Record<string, Region> = {};
  let end = 0;
  for (const { region, members } of requests) {
    const offset = end;
    for (const member of members) {
      const storage = plan.storageOf.get(member)!;
      if (storage.offset !== undefined)
        throw new GraphError('GRAPH_REGION', `compile: ${member.name ?? 'a value'} is asked for in two regions: name one update of it`);
      storage.offset = end;
      end += alignUp(storage.elements);
    }
    if (end > offset) regions[region] = { offset, length: end - offset };
  }
  return { regions, end };
}

function lower(phases: readonly ScheduledPhase[], plan: StoragePlan, share?: BatchShare): Pick<ProgramSpec, 'instructions' | 'phases'> {
  const instructions: Instruction[] = [];
  const ranges: Record<string, [number, number]> = {};
  for (const phase of phases) {
    const begin = instructions.length;
    for (const node of phase.nodes) node.op.lower(node, emitterFor(node, plan, instructions, share));
    ranges[phase.name] = [begin, instructions.length];
  }
  return { instructions, phases: ranges };
}

function emitterFor(node: Node, plan: StoragePlan, instructions: Instruction[], share?: BatchShare): Emitter {
  const offsetOf = (value: Value): number => plan.storageOf.get(value)!.offset! + (plan.places.get(value)?.offset ?? 0);
  return {
    at: offsetOf,
    share,
    strides: (value) => plan.places.get(value)?.strides ?? stridesOf(value.shape),
    optional: (value) => (value && plan.storageOf.has(value) ? offsetOf(value) : undefined),
    accumulate: () => (plan.accumulating.has(node) ? 1 : 0),
    emit(op, operands, params) {
      const present = Object.entries(operands).filter((entry): entry is [string, number] => entry[1] !== undefined);
      instructions.push({ op, operands: Object.fromEntries(present), params, label: node.label });
    },
  };
}
