/** The surrogate in ONNX Runtime, from the models that `export` wrote: forward, and the adjoint by its vector-Jacobian product. */
import { tracerCount } from '../../case';
import { OnnxModel, type Feeds, type Field } from '../../graph/onnx/onnx-model';
import type { AdjointEngine, AdjointOptions, ForwardOptions, SourceGradients, SurrogateInputs } from './frozen-program';
import { pickAt, spreadTo } from '../../base/vectors';
import type { Surrogate } from './surrogate';

/** Files of the `export` stage. */
export const ONNX_FILES = {
  forward: 'surrogate.onnx',
  adjoint: 'surrogate-adjoint.onnx',
  vjp: 'surrogate-vjp.onnx',
  jvp: 'surrogate-jvp.onnx',
} as const;

/** Paths of `.onnx` files, or their bytes. */
interface OnnxEngineModels {
  forward: string | Uint8Array;
  /** needed for the adjoint only */
  vjp?: string | Uint8Array;
}

interface OnnxEngineSizes {
  /** hours that it takes at once */
  batch: number;
  rows: number;
  cols: number;
}

export class OnnxEngine implements AdjointEngine {
  /** of the last forward pass */
  private feeds?: Feeds;

  private constructor(
    private readonly surrogate: Surrogate,
    readonly sizes: OnnxEngineSizes,
    private readonly model: OnnxModel,
    private readonly vjp?: OnnxModel,
  ) {}

  /** @throws {DataError} if a file is not a model; {DeviceError} if ONNX Runtime does not load */
  static async load(models: OnnxEngineModels, surrogate: Surrogate, sizes: OnnxEngineSizes, threads: number): Promise<OnnxEngine> {
    const model = await OnnxModel.load(models.forward, { threads });
    const vjp = models.vjp === undefined ? undefined : await OnnxModel.load(models.vjp, { threads });
    return new OnnxEngine(surrogate, sizes, model, vjp);
  }

  async forward(inputs: SurrogateInputs, { places }: ForwardOptions = {}): Promise<Float32Array> {
    const { settings, meteorologyNames, geographyNames, groups, species } = this.surrogate.description;
    const steps = this.surrogate.window.steps.length;
    this.feeds = this.model.feeds({
      emissions: this.field(inputs.emissions, groups.length, steps),
      tracers: this.field(inputs.tracers, tracerCount(settings.tracers, groups)),
      meteorology: this.field(inputs.meteorology, meteorologyNames.length, steps),
      geography: this.field(inputs.geography, geographyNames.length),
      previous: this.field(inputs.previous, species.length),
    });
    const { data } = (await this.model.runFeeds(this.feeds)).concentrations;
    return places ? pickAt(data, places) : data;
  }

  async adjoint(gradConcentrations: Float32Array, { places }: AdjointOptions = {}): Promise<SourceGradients> {
    if (!this.vjp || !this.feeds)
      throw new Error('ONNX engine: an adjoint needs the model of the vector-Jacobian product, and a forward pass before it');
    const { batch, rows, cols } = this.sizes;
    const species = this.surrogate.description.species.length;
    const gradient = places ? spreadTo(batch * rows * cols * species, gradConcentrations, places) : gradConcentrations;
    const seed = this.vjp.feeds({ grad_concentrations: this.field(gradient, species) });
    const wanted = this.vjp.outputNames.filter((name) => name.startsWith('grad_'));
    const results: Partial<Record<string, Field>> = await this.vjp.runFeeds({ ...this.feeds, ...seed }, wanted);
    const gradientOf = (input: string): Float32Array => results[`grad_${input}`]?.data ?? new Float32Array();
    return { emissions: gradientOf('emissions'), tracers: gradientOf('tracers'), previous: gradientOf('previous') };
  }

  dispose(): void {
    void this.model.dispose();
    void this.vjp?.dispose();
  }

  private field(data: Float32Array, channels: number, ...steps: number[]): Field {
    const { batch, rows, cols } = this.sizes;
    return { data, shape: [batch, ...steps, rows, cols, channels] };
  }
}
