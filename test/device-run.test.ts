/** A run on a GPU, with a made-up one: every program that a stage opens is told the device and the products of the run, and computes on the CPU. */
import { GROUPS } from '../packages/core/src/base/species';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  CudaDevices,
  DeviceFields,
  DeviceFieldsShape,
  DeviceTracerRequest,
  ProgramOptions,
  ProgramSpec,
  WindowMeanRequest,
} from '@retroplume/native';
import { loadCase, tracerCount } from '../packages/core/src/case';
import { surrogateSchema } from '../packages/core/src/case/schema/learning-schema';
import type { Device } from '../packages/core/src/base/device';
import { readRecord } from '../packages/core/src/run/engine/record';
import { runStages } from '../packages/core/src/run/run-case';
import { type RunOptions, type RunResult } from '../packages/core/src/run/run';
import type { StageEvent, StageName } from '../packages/core/src/run/engine/stage';
import { writeDemoWorld } from '../packages/core/src/worlds/demo-world';
import { winterOnly } from './testing/small-run';

let opened: string[] = [];
/** channels of the fields that a GPU took windows of, and of those that it carried gradients back to */
const windows = new Set<number>();
const adjoints = new Set<number>();
/** what a GPU did with tracers */
const carrying = { forward: 0, back: 0 };

jest.mock('@retroplume/native', () => {
  const native = jest.requireActual<typeof import('@retroplume/native')>('@retroplume/native');
  class HostProgram extends native.NativeProgram {
    constructor(spec: ProgramSpec, { device, precision, ...options }: ProgramOptions = {}) {
      opened.push(`${device} ${precision}`);
      super(spec, options);
    }
    private readonly staged: [number, () => Float32Array | Float64Array][] = [];
    override stage(offset: number, data: Float32Array | Float64Array): void {
      const copy = data.slice();
      this.staged.push([offset, () => copy]);
    }
    override stageWindow(offset: number, fields: DeviceFields, request: WindowMeanRequest, factors?: DeviceFields): void {
      windows.add(fields.shape.channels);
      this.staged.push([offset, () => windowOf(fields as unknown as HostFields, request, factors as unknown as HostFields)]);
    }
    override addWindowAdjoint(offset: number, into: DeviceFields, request: WindowMeanRequest, fields?: DeviceFields): void {
      adjoints.add(into.shape.channels);
      const gradOut = this.read(offset, lengthOf(request)) as Float32Array;
      const { data } = into as unknown as HostFields;
      const of = fields && ((fields as unknown as HostFields).data as Float32Array);
      native.windowMeanAdjoint({ ...request, hourlyFactors: into.shape.hours > 1 }, of, gradOut, data as Float32Array);
    }
    override run(phase?: string): Promise<void> {
      for (const [offset, make] of this.staged.splice(0)) this.write(offset, make());
      return super.run(phase);
    }
  }
  /** Fields of a GPU, in the host's memory. */
  class HostFields {
    readonly data: Float32Array | Uint16Array;
    private readonly hour: number;
    constructor(readonly shape: DeviceFieldsShape) {
      this.hour = shape.rows * shape.cols * shape.channels;
      this.data = new (shape.one === undefined ? Float32Array : Uint16Array)(shape.hours * this.hour);
    }
    write(first: number, data: Float32Array | Uint16Array): void {
      this.data.set(data, first * this.hour);
    }
    read(first: number, into: Float32Array): void {
      into.set(this.data.subarray(first * this.hour, first * this.hour + into.length));
    }
    addTo(first: number, into: Float32Array): void {
      for (let i = 0; i < into.length; i++) into[i] += this.data[first * this.hour + i];
    }
    clear(first = 0, hours = this.shape.hours - first): void {
      this.data.fill(0, first * this.hour, (first + hours) * this.hour);
    }
    dispose(): void {}
  }
  /** Tracers of a GPU, by the host. */
  class HostTracers {
    private readonly weather: [Float32Array, Float32Array];
    constructor(
      private readonly request: DeviceTracerRequest,
      ...[meteorology, rates]: HostFields[]
    ) {
      this.weather = [meteorology.data as Float32Array, rates.data as Float32Array];
    }
    carry(emissions: HostFields, factors: HostFields | undefined, out: HostFields): void {
      carrying.forward++;
      const [of, into, by] = [emissions.data, out.data, factors?.data] as Float32Array[];
      native.tracers({ ...this.request, hourlyFactors: factors && factors.shape.hours > 1 }, ...this.weather, of, into, by);
    }
    addAdjoint(emissions: HostFields, gradOut: HostFields, gradFactors: HostFields): void {
      carrying.back++;
      const [of, from, into] = [emissions.data, gradOut.data, gradFactors.data] as Float32Array[];
      native.tracersAdjoint({ ...this.request, hourlyFactors: gradFactors.shape.hours > 1 }, ...this.weather, of, from, into);
    }
    dispose(): void {}
  }
  const lengthOf = ({ steps, cropRows, cropCols, channels }: WindowMeanRequest): number => (steps.length / 2) * cropRows * cropCols * channels;
  function windowOf({ shape, data }: HostFields, request: WindowMeanRequest, factors?: HostFields): Float32Array {
    const out = new Float32Array(lengthOf(request));
    if (data instanceof Uint16Array) native.windowMeanOfHalves(request, { blocks: [data], hoursOfBlock: shape.hours, one: shape.one! }, out);
    else native.windowMean({ ...request, hourlyFactors: factors && factors.shape.hours > 1 }, data, out, factors?.data as Float32Array | undefined);
    return out;
  }
  const gpu = { index: 0, name: 'NVIDIA H100', architecture: 'sm_90', memoryBytes: 85e9 };
  const cudaDevices = (): CudaDevices => ({ built: true, reason: '', devices: [gpu] });
  return { ...native, NativeProgram: HostProgram, DeviceFields: HostFields, DeviceTracers: HostTracers, cudaDevices };
});

const STAGES: StageName[] = ['simulate', 'prepare', 'train', 'evaluate', 'certify', 'export', 'invert'];
const SETTINGS = [
  winterOnly(60, 24),
  'members.count=1',
  'response.groups=[NOx]',
  'surrogate.window=[{count: 2, hours: 1}]',
  ...['hidden=2', 'widths=[2,2,2]', 'headWidth=2', 'branchWidth=2'].map((setting) => `surrogate.${setting}`),
  'training.iterations=2',
  'certificate.onFailure=warn', // two steps of training teach nothing
  'certificate.factors=[]',
  'certificate.patches.count=0',
  'inversion.iterations=1',
  'inversion.stopOnWithheld=false',
  'inversion.hoursPerDay=1',
  'paperMode.run=false',
];

/** Of all groups, as a case has them by default. */
const TRACERS = tracerCount(surrogateSchema().parse({}).tracers, GROUPS);

let folder: string;
let caseFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retroplume-device-run-'));
  caseFile = await writeDemoWorld(folder, { rows: 16, cols: 16, hours: 60, spinUpHours: 24, stations: 30 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Programs opened and stages done by a run. */
async function run(
  changes: string[],
  options: RunOptions = {},
): Promise<{ result: RunResult; told: Device[]; programs: string[]; done: StageName[] }> {
  const told: Device[] = [];
  const done: StageName[] = [];
  const onEvent = (event: StageEvent): void => void (event.kind === 'stage-done' && done.push(event.stage));
  opened = [];
  const out = join(folder, 'run');
  const result = await runStages(loadCase(caseFile, [...SETTINGS, ...changes]), {
    out,
    stages: STAGES,
    threads: 1,
    onEvent,
    onDevice: (device) => told.push(device),
    ...options,
  });
  return { result, told, programs: opened, done };
}

const H100 = 'NVIDIA H100 (sm_90, 79 GiB)';

it('hands the device and the products of the case to every program, and keeps them in the records', async () => {
  const { result, told, programs } = await run(['precision=tf32']);
  expect(told).toEqual([{ name: 'cuda:0', hardware: H100, precision: 'tf32' }]);
  expect(result.device).toEqual(told[0]);
  // Two programs of train, one each of evaluate, certify and invert; that of export is compared with ONNX Runtime, which is exact. Writing ONNX folds constants on the CPU.
  expect(programs.filter((each) => each === 'cuda:0 tf32')).toHaveLength(5);
  expect(programs.filter((each) => each === 'cuda:0 float32')).toHaveLength(1);
  expect(programs.filter((each) => !each.startsWith('cuda:0')).every((each) => each === 'undefined undefined')).toBe(true);
  // Of two fields of geography, weather and what the prior run makes, emissions, tracers and, in training, concentrations.
  expect([...adjoints].sort((a, b) => a - b)).toEqual([5, TRACERS]);
  expect([...windows]).toEqual(expect.arrayContaining([4, 5, TRACERS]));
  expect(Math.min(carrying.forward, carrying.back)).toBeGreaterThan(0);
  for (const stage of STAGES) {
    expect(readRecord(join(folder, 'run', stage))).toMatchObject({ device: 'cuda:0', hardware: H100, precision: 'tf32' });
  }
});

it('trains and inverts anew with other products, and not on another device; options go before the case', async () => {
  const all = ['train', 'evaluate', 'certify', 'export', 'invert'];
  expect((await run(['precision=tf32', 'device=cuda:0'])).done).toEqual([]);
  // A login node, without a GPU: what was made with rounded products is taken, and what is made anew is made without them.
  expect((await run([], { device: 'cpu' })).done).toEqual([]);
  const { done, programs, told } = await run(['device=cuda', 'inversion.iterations=2'], { device: 'cpu' });
  expect(done).toEqual(['invert']);
  expect(told).toMatchObject([{ name: 'cpu', precision: 'float32' }]);
  expect(programs.some((each) => each.startsWith('cuda'))).toBe(false);
  expect((await run(['precision=tf32'], { precision: 'float32' })).done).toEqual(all);
  expect((await run([], { device: 'cpu', threads: 2 })).done).toEqual([]);
});
