/** A compiled graph: its memory in the native arena, and the phases that the host runs. */
import { NativeProgram, type DeviceFields, type ProgramOptions, type WindowMeanRequest } from '@retroplume/native';
import { NumericalError, ShapeError } from '../../base/errors';
import { type Value, type ValueKind, GraphError } from '../definition/graph';
import { programError } from './execution';
import type { InstructionProfile, Profiler } from './profiler';
import type { ProgramLayout, Region } from './program-layout';
import { PREPARE, type ScheduledPhase } from './schedule';
import { formatShape, size } from '../definition/shape';

export type FloatArray = Float32Array | Float64Array;

/**
 * A program. Arrays are set and read by the names of the graph's inputs, parameters, buffers and state, and of the outputs given to `compile`.
 * Phases run in the order in which they were given; one that builds on another's results refuses to run once they are gone.
 *
 * @throws {GraphError} whatever is asked of it after {@link dispose} (`PROGRAM_DISPOSED`), or while a run is under way that may change it (`PROGRAM_BUSY`)
 * @throws {DeviceError} `DEVICE_…`, `CUDA_FAILED` where the GPU fails
 */
export class Program<T extends FloatArray = Float32Array> {
  readonly regions: ProgramLayout['regions'];
  private readonly native: NativeProgram;
  private readonly named = new Map<string, Value>();
  private readonly lastRun = new Map<string, number>();
  private readonly needs: ReadonlyMap<string, ReadonlySet<string>>;
  private runs = 0;
  private prepared = false;

  /** @internal Use `compile`. */
  constructor(
    private readonly layout: ProgramLayout,
    private readonly options: ProgramOptions = {},
    private readonly host: { profiler?: Profiler; shrinkBy?: string } = {},
  ) {
    this.regions = layout.regions;
    this.native = this.explaining(() => new NativeProgram(layout.spec, options));
    for (const value of layout.storageOf.keys()) {
      if (value.name !== undefined) this.named.set(value.name, value);
      if (value.data) this.native.write(this.offset(value), this.cast(value.data));
    }
    for (const [name, value] of Object.entries(layout.outputs)) this.named.set(name, value);
    this.needs = phaseNeeds(layout.phases);
  }

  /** Does what native code may refuse. */
  private explaining<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      throw this.explain(error);
    }
  }

  private async explainingLater<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw this.explain(error);
    }
  }

  private explain(error: unknown): unknown {
    return programError(error, this.layout, this.options.device ?? 'cpu', this.host.shrinkBy);
  }

  /** Size of the arena. */
  get arenaBytes(): number {
    return this.layout.spec.arenaElements * (this.options.dtype === 'float64' ? 8 : 4);
  }

  /** Names of values of a kind that the program holds. */
  names(kind: ValueKind): string[] {
    return [...this.named].filter(([, value]) => value.kind === kind).map(([name]) => name);
  }

  /** Shape of a named value. @throws {GraphError} if the name is unknown, and so does all here that takes one */
  shapeOf(name: string): readonly number[] {
    return this.value(name).shape;
  }

  /** True if the program holds a value of this name; an input that nothing reads is not held. */
  has(name: string): boolean {
    return this.named.has(name);
  }

  /**
   * Sets an input, parameter, buffer or state.
   *
   * @throws {ShapeError} if the length differs @throws {GraphError} if the name is unknown
   */
  set(name: string, data: number | ArrayLike<number>): void {
    const { value, array } = this.checked(name, data);
    if (value.kind === 'parameter' || value.kind === 'buffer') this.prepared = false;
    this.explaining(() => this.native.write(this.offset(value), array));
  }

  /** True on a GPU, where {@link stage} copies the inputs of the next run while one is under way. */
  get stages(): boolean {
    return (this.options.device ?? 'cpu') !== 'cpu';
  }

  /** As `set` of an input, for the next run that begins; a run that is under way does not see it. @throws as {@link set} */
  stage(name: string, data: number | ArrayLike<number>): void {
    const { value, array } = this.checked(name, data);
    this.explaining(() => this.native.stage(this.offset(value), array));
  }

  /**
   * As {@link stage}, of a part of an input, which the GPU takes of fields in its memory.
   *
   * @internal Fields in the GPU's memory are the surrogate's.
   * @param place - of the part among as many equal ones
   */
  stageWindow(name: string, place: { part: number; parts: number }, fields: DeviceFields, request: WindowMeanRequest, factors?: DeviceFields): void {
    this.explaining(() => this.native.stageWindow(this.offsetOf(name, place), fields, request, factors));
  }

  /**
   * The transpose of {@link stageWindow} with respect to the factors, of a part of an output that is a gradient: added to `gradFactors`, in the GPU's memory.
   *
   * @internal
   */
  addWindowAdjoint(
    name: string,
    place: { part: number; parts: number },
    gradFactors: DeviceFields,
    request: WindowMeanRequest,
    fields?: DeviceFields,
  ): void {
    this.explaining(() => this.native.addWindowAdjoint(this.offsetOf(name, place), gradFactors, request, fields));
  }

  private offsetOf(name: string, { part, parts }: { part: number; parts: number }): number {
    const value = this.value(name);
    return this.offset(value) + (part * size(value.shape)) / parts;
  }

  private checked(name: string, data: number | ArrayLike<number>): { value: Value; array: Float32Array | Float64Array } {
    const value = this.value(name);
    const array = typeof data === 'number' ? [data] : data;
    if (array.length !== size(value.shape)) {
      throw new ShapeError(
        'SHAPE_LENGTH',
        `program: expected ${size(value.shape)} numbers for ${name} ${formatShape(value.shape)} but received ${array.length}`,
      );
    }
    return { value, array: this.cast(array) };
  }

  /** A copy of a named array. @param memory - gives room for so many numbers; absent: a new array */
  get(name: string, memory?: (length: number) => T): T {
    const value = this.value(name);
    const length = size(value.shape);
    return this.explaining(() => this.native.read(this.offset(value), length, memory?.(length))) as T;
  }

  /** Of a named array the elements at `places`, which ascend. */
  getAt(name: string, places: Int32Array): T {
    const value = this.value(name);
    return this.explaining(() => this.native.readAt(this.offset(value), size(value.shape), places)) as T;
  }

  /** Sets an input to 0 but for its elements at `places`, which ascend. */
  setAt(name: string, places: Int32Array, data: ArrayLike<number>): void {
    const value = this.value(name);
    this.explaining(() => this.native.writeAt(this.offset(value), size(value.shape), places, this.cast(data)));
  }

  /** A copy of a region, as it lies in the arena. @throws {GraphError} if there is none of this name */
  getRegion(name: string): T {
    const { offset, length } = this.region(name);
    return this.explaining(() => this.native.read(offset, length)) as T;
  }

  /**
   * Sets a region as {@link getRegion} gives it.
   *
   * @throws {ShapeError} if the length differs @throws {GraphError} if there is none of this name
   */
  setRegion(name: string, data: T): void {
    const { offset, length } = this.region(name);
    // More would go into the arrays behind it.
    if (data.length !== length)
      throw new ShapeError('SHAPE_LENGTH', `program: expected ${length} numbers for the region ${name} but received ${data.length}`);
    if (name === 'parameters' || name === 'buffers') this.prepared = false;
    this.explaining(() => this.native.write(offset, data));
  }

  private region(name: string): Region {
    if (!Object.hasOwn(this.regions, name))
      throw new GraphError('GRAPH_UNKNOWN_NAME', `program: there is no region "${name}"; its regions are ${Object.keys(this.regions).join(', ')}`);
    return this.regions[name];
  }

  /**
   * Runs one phase (the only one, if there is one) on the native thread; runs are taken in order.
   *
   * @throws {GraphError} if there is no such phase, or what it needs is not there any more; and so does all that runs one
   */
  async run(phase?: string): Promise<void> {
    const { profiler } = this.host;
    const names = this.enter(phase);
    await this.completed(names, async () => {
      // Handed over together: nothing comes between the prepare phase and the one that it is for.
      if (!profiler) return firstFailure(await Promise.allSettled(names.map((phaseName) => this.native.run(phaseName))));
      for (const phaseName of names) {
        const start = performance.now();
        profiler.record(phaseName, start, await this.native.profile(phaseName));
      }
    });
  }

  /** Does the work of some phases, which count as not run where it fails. */
  private async completed<R>(names: readonly string[], work: () => Promise<R>): Promise<R> {
    try {
      return await this.explainingLater(work);
    } catch (error) {
      if (names.includes(PREPARE)) this.prepared = false;
      this.lastRun.delete(names[names.length - 1]);
      throw error;
    }
  }

  /** Like `run`, on the calling thread. */
  runSync(phase?: string): void {
    for (const phaseName of this.enter(phase)) this.explaining(() => this.native.runSync(phaseName));
  }

  /**
   * Runs a phase and looks at every array that it writes: slow, to find where a number went wrong.
   *
   * @throws {NumericalError} that names the layer and the array of the first value that is not finite
   */
  async runChecked(phase?: string): Promise<void> {
    for (const phaseName of this.enter(phase)) {
      const nonFinite = await this.explainingLater(() => this.native.runChecked(phaseName));
      if (nonFinite)
        throw new NumericalError(
          'NUMERICAL_NOT_FINITE',
          `program: ${nonFinite.label} wrote a value that is not finite into ${nonFinite.operand}; lower the learning rate or look at the inputs`,
        );
    }
  }

  /** Runs a phase and reports time, FLOPs and bytes of every instruction. */
  async profile(phase?: string): Promise<InstructionProfile[]> {
    const profiles: InstructionProfile[] = [];
    for (const phaseName of this.enter(phase)) profiles.push(...(await this.explainingLater(() => this.native.profile(phaseName))));
    return profiles;
  }

  /** Parameters and buffers by name: all that a checkpoint of the model needs. */
  getParameters(): Map<string, T> {
    return this.read(['parameter', 'buffer']);
  }

  /**
   * Sets parameters and buffers; names that the program does not use are passed over.
   *
   * @throws {GraphError} if one that the program uses is missing
   */
  setParameters(values: ReadonlyMap<string, ArrayLike<number>>): void {
    this.write(['parameter', 'buffer'], values);
  }

  /** The optimiser's state by name: with the parameters, all that a bit-exact resume needs. */
  getState(): Map<string, T> {
    return this.read(['state']);
  }

  /** Sets it. @throws {GraphError} if one that the program uses is missing */
  setState(values: ReadonlyMap<string, ArrayLike<number>>): void {
    this.write(['state'], values);
  }

  /** Frees the arena. The program cannot be used afterwards. */
  dispose(): void {
    this.native.dispose();
  }

  /** For `using`: {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Checks that a phase may run now, and says what must run: itself, after the prepare phase where parameters have changed. */
  private enter(phase: string | undefined): string[] {
    const names = this.layout.phases.map((scheduledPhase) => scheduledPhase.name).slice(1);
    const name = phase ?? (names.length === 1 ? names[0] : '');
    const index = names.indexOf(name);
    if (index < 0) throw new GraphError('GRAPH_UNKNOWN_PHASE', `program: expected one of the phases ${names.join(', ')} but received "${name}"`);
    for (const need of this.needs.get(name)!) this.requireFresh(need, name, names);
    this.lastRun.set(name, ++this.runs);
    const prepare = !this.prepared && this.layout.phases[0].nodes.length > 0;
    this.prepared = true;
    return prepare ? [PREPARE, name] : [name];
  }

  /** Phases from `name` on, and those before `need`, may have overwritten what `need` left for it. */
  private requireFresh(need: string, name: string, names: readonly string[]): void {
    const lastRunOfNeed = this.lastRun.get(need) ?? 0;
    const repeatable = this.layout.phases.find((scheduledPhase) => scheduledPhase.name === name)!.repeatable;
    // Those before `need` know nothing of what it leaves, either: they may use the same memory.
    const otherPhases = [...names.slice(0, names.indexOf(need)), ...names.slice(names.indexOf(name) + (repeatable ? 1 : 0))];
    if (lastRunOfNeed === 0 || otherPhases.some((otherPhase) => (this.lastRun.get(otherPhase) ?? 0) > lastRunOfNeed)) {
      throw new GraphError(
        'GRAPH_PHASE_ORDER',
        `program: phase ${name} needs the results of ${need}, which are not there any more; run ${need} first`,
      );
    }
  }

  private read(kinds: readonly ValueKind[]): Map<string, T> {
    return new Map(kinds.flatMap((kind) => this.names(kind)).map((name) => [name, this.get(name)]));
  }

  private write(kinds: readonly ValueKind[], values: ReadonlyMap<string, ArrayLike<number>>): void {
    for (const name of kinds.flatMap((kind) => this.names(kind))) {
      const data = values.get(name);
      if (!data)
        throw new GraphError(
          'GRAPH_MISSING_VALUE',
          `program: ${name} is not among the ${values.size} values that were given: give all that the program uses`,
        );
      this.set(name, data);
    }
  }

  private value(name: string): Value {
    const value = this.named.get(name);
    if (!value) throw new GraphError('GRAPH_UNKNOWN_NAME', `program: nothing is named "${name}"; its inputs are ${this.names('input').join(', ')}`);
    return value;
  }

  private offset(value: Value): number {
    return this.layout.storageOf.get(value)!.offset!;
  }

  private cast(data: ArrayLike<number>): FloatArray {
    const wanted = this.options.dtype === 'float64' ? Float64Array : Float32Array;
    return data instanceof wanted ? data : wanted.from(data);
  }
}

/** For each phase, the phases that compute what it reads. */
function phaseNeeds(phases: readonly ScheduledPhase[]): Map<string, Set<string>> {
  const madeIn = new Map(phases.flatMap((phase) => phase.nodes.map((node) => [node, phase.name] as const)));
  return new Map(
    phases.map((phase) => {
      const sources = phase.nodes.flatMap((node) => node.inputs.flatMap((input) => (input?.node ? (madeIn.get(input.node) ?? []) : [])));
      return [phase.name, new Set(sources.filter((name) => name !== phase.name && name !== PREPARE))];
    }),
  );
}

function firstFailure(settled: readonly PromiseSettledResult<unknown>[]): void {
  for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
}
