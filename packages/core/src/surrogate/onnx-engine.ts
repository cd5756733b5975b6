/** The surrogate in ONNX Runtime, from the model that `export` wrote: forward only. */
import { OnnxModel, type Field } from '../graph/onnx/onnx-model';
import type { SurrogateEngine, SurrogateInputs } from './frozen-program';
import type { Surrogate } from './surrogate';

export class OnnxEngine implements SurrogateEngine {
  private constructor(
    private readonly model: OnnxModel,
    private readonly surrogate: Surrogate,
    private readonly size: { rows: number; cols: number },
  ) {}

  /** @throws {DataError} if the file is not a model; {DeviceError} if ONNX Runtime does not load */
  static async load(path: string, surrogate: Surrogate, size: { rows: number; cols: number }, threads: number): Promise<OnnxEngine> {
    return new OnnxEngine(await OnnxModel.load(path, { threads }), surrogate, size);
  }

  async forward(inputs: SurrogateInputs): Promise<Float32Array> {
    const { rows, cols } = this.size;
    const { settings, meteorologyNames, geographyNames, groups, species } = this.surrogate.description;
    const steps = this.surrogate.window.steps.length;
    const batch = inputs.emissions.length / (steps * rows * cols * groups.length);
    const fields: Record<string, Field> = {
      emissions: { data: inputs.emissions, shape: [batch, steps, rows, cols, groups.length] },
      tracers: { data: inputs.tracers, shape: [batch, steps, rows, cols, groups.length * settings.tracerLifetimes.length] },
      meteorology: { data: inputs.meteorology, shape: [batch, steps, rows, cols, meteorologyNames.length] },
      geography: { data: inputs.geography, shape: [batch, rows, cols, geographyNames.length] },
      previous: { data: inputs.previous, shape: [batch, rows, cols, species.length] },
    };
    const wanted = Object.fromEntries(Object.entries(fields).filter(([name]) => this.model.inputNames.includes(name)));
    return (await this.model.run(wanted))['concentrations'].data;
  }

  dispose(): void {
    void this.model.dispose();
  }
}
