/** Runs an exported model in ONNX Runtime. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { DataError, DeviceError, expectOptions, ShapeError } from '../../base/errors';
import { fromOnnxOrder, permute, toOnnxOrder } from '../definition/onnx-layout';

/** An array with its shape, channels last. */
export interface Field {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A tensor of ONNX Runtime, whose own type would ask programs for the types of a browser. */
export interface FeedTensor {
  readonly dims: readonly number[];
}

/** Inputs in ONNX Runtime's layout, by name. */
export type Feeds = Readonly<Record<string, FeedTensor>>;

/**
 * A model in ONNX Runtime. Its border is channels-first; this class takes and gives channels-last arrays, as all of Retroplume does.
 *
 * ```ts
 * const model = await OnnxModel.load('surrogate.onnx', { threads: 2 });
 * const { concentrations } = await model.run({ emissions, meteorology });
 * ```
 */
export class OnnxModel {
  private constructor(
    private readonly session: InferenceSession,
    private readonly tensor: typeof Tensor,
  ) {}

  /**
   * @param model - path of an `.onnx` file, or its bytes
   * @param options - `threads` 0: as many as ONNX Runtime chooses
   * @throws {DataError} if it cannot be read as a model
   * @throws {DeviceError} if ONNX Runtime itself does not load
   */
  static async load(model: string | Uint8Array, options: { threads?: number } = {}): Promise<OnnxModel> {
    expectOptions(options, 'OnnxModel.load', { threads: true });
    const { threads = 0 } = options;
    const runtime = await loadRuntime();
    const settings: InferenceSession.SessionOptions = {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionProviders: ['cpu'],
      logSeverityLevel: 3,
      // Its threads otherwise spin for tens of milliseconds after a run, and whatever runs next, our adjoint for one, takes twice its time.
      extra: { session: { force_spinning_stop: '1' } },
    };
    try {
      // ONNX Runtime's overloads do not take a union.
      const session =
        typeof model === 'string' ? await runtime.InferenceSession.create(model, settings) : await runtime.InferenceSession.create(model, settings);
      return new OnnxModel(session, runtime.Tensor);
    } catch (cause) {
      const name = typeof model === 'string' ? model : 'ONNX model';
      const message = (cause as Error).message.trim().replace(/\s+/g, ' '); // some are of several lines
      throw new DataError('ONNX_UNREADABLE', `${name}: expected an ONNX model but ONNX Runtime says: ${message}; export it again`, { cause });
    }
  }

  /** In the order of the file. */
  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  /** In the order of the file. */
  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /** Extents of an input, channels last; a string for a free one. @throws {ShapeError} if there is no such input */
  inputShape(name: string): readonly (number | string)[] {
    const metadata = this.session.inputMetadata.find((input) => input.name === name);
    if (!metadata?.isTensor)
      throw new ShapeError('ONNX_UNKNOWN_INPUT', `ONNX model: expected one of the inputs ${this.inputNames.join(', ')} but received ${name}`);
    const { shape } = metadata;
    return fromOnnxOrder(shape.length).map((axis) => shape[axis]);
  }

  /**
   * Runs the model once.
   *
   * @throws {ShapeError} if an input is missing or does not fit
   */
  async run(inputs: Readonly<Record<string, Field>>): Promise<Record<string, Field>> {
    return this.runFeeds(this.feeds(inputs));
  }

  /**
   * Those of the inputs that the model has, in ONNX Runtime's layout: models that share inputs can share them, too.
   *
   * @throws {ShapeError} if one does not fit
   */
  feeds(inputs: Readonly<Record<string, Field>>): Feeds {
    const givenNames = this.inputNames.filter((name) => inputs[name] !== undefined);
    return Object.fromEntries(givenNames.map((name) => [name, this.feed(name, inputs[name])]));
  }

  /**
   * Runs the model once.
   *
   * @param feeds - as from `feeds`, of this model or of others with the same inputs
   * @param wanted - the outputs that are computed; default: all
   * @throws {ShapeError} if an input is missing
   */
  async runFeeds(feeds: Feeds, wanted: readonly string[] = this.outputNames): Promise<Record<string, Field>> {
    const results = await this.session.run(this.expectAll(feeds), [...wanted]);
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, channelsLast(tensor)]));
  }

  /**
   * The inputs in ONNX Runtime's layout, to run on them several times without turning them again.
   *
   * @returns `run`, and `outputs` of the last run, channels last
   * @throws {ShapeError} if an input is missing or does not fit
   */
  prepare(inputs: Readonly<Record<string, Field>>): { run: () => Promise<void>; outputs: () => Record<string, Field> } {
    const feeds = this.expectAll(this.feeds(inputs));
    let results: InferenceSession.OnnxValueMapType = {};
    const run = async (): Promise<void> => {
      results = await this.session.run(feeds);
    };
    const outputs = (): Record<string, Field> => Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, channelsLast(tensor)]));
    return { run, outputs };
  }

  /** Frees the session. */
  async dispose(): Promise<void> {
    await this.session.release();
  }

  /** For `await using`: {@link dispose}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  private expectAll(feeds: Feeds): Readonly<Record<string, Tensor>> {
    for (const name of this.inputNames) if (!feeds[name]) this.refuse(name, 'nothing');
    return feeds as Readonly<Record<string, Tensor>>; // `feeds` made them
  }

  private refuse(name: string, received: string): never {
    throw new ShapeError('SHAPE_MISMATCH', `ONNX model: expected ${name} [${this.inputShape(name).join(', ')}] but received ${received}`);
  }

  private feed(name: string, field: Field): Tensor {
    const wanted = this.inputShape(name);
    const fits = field.shape.length === wanted.length && wanted.every((extent, axis) => typeof extent === 'string' || extent === field.shape[axis]);
    if (!fits) this.refuse(name, `[${field.shape.join(', ')}]`);
    const order = toOnnxOrder(field.shape.length);
    return new this.tensor(
      'float32',
      permute(field.data, field.shape, order),
      order.map((axis) => field.shape[axis]),
    );
  }
}

/** Loaded when first used: most runs need no ONNX Runtime. */
async function loadRuntime(): Promise<typeof import('onnxruntime-node')> {
  // It otherwise tells Microsoft of every model that it opens, and leaves files in TMPDIR and in the home, where all ranks write to one database.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new DeviceError(
      'ONNX_RUNTIME_MISSING',
      `ONNX Runtime does not load (${(cause as Error).message}); run: npm run setup, or use engine: native`,
      { cause },
    );
  }
}

function channelsLast(tensor: Tensor): Field {
  const order = fromOnnxOrder(tensor.dims.length);
  return { data: permute(tensor.data as Float32Array, tensor.dims, order), shape: order.map((axis) => tensor.dims[axis]) };
}
