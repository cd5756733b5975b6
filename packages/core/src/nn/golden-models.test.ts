/** Both networks, whole, against PyTorch in float64: forward, all gradients, statistics, Adam, and the inversion's projected steps. */
import { add, adamUpdate, compile, concat, gradients, Graph, loss, sgdProject, type Initializer, type Program, type Value } from '../graph';
import { channelsLast, describeGolden, permuted, readGolden, relativeError, type GoldenArray, type GoldenCase } from '../graph/testing/golden';
import { network, plainBranch, type NetworkSettings } from '.';

const common = {
  species: 2,
  batchNorm: true,
  dropout: 0,
  yBranch: plainBranch(2, 2),
  geographyBranch: plainBranch(2, 2),
  headWidth: 4,
  headActivation: 'relu',
  perSpeciesHead: false,
} as const;
const models: Record<string, NetworkSettings> = {
  model_unet_even: {
    ...common,
    network: 'lstm-unet',
    hidden: 2,
    allStates: true,
    learnedInitialState: false,
    cellWidth: 1,
    widths: [3, 6, 12],
    encoderConvs: 2,
    decoderConvs: 1,
  },
  model_resnet_even: { ...common, network: 'resnet', width: 4, blocks: 2 },
};

/** PyTorch's LSTM has two biases that add, and Adam moves both: so does this graph, for a network that asks for one. */
class TwoBiasGraph extends Graph {
  override parameter(name: string, shape: readonly number[], initializer: Initializer): Value {
    if (name !== 'lstm.bias') return super.parameter(name, shape, initializer);
    return add(this, super.parameter('lstm.biasInput', shape, initializer), super.parameter('lstm.biasHidden', shape, initializer));
  }
}

const PARTS: readonly [RegExp, string][] = [
  [/^lstm\.rnn\.weight_ih_l0$/, 'lstm.weightInput'],
  [/^lstm\.rnn\.weight_hh_l0$/, 'lstm.weightHidden'],
  [/^lstm\.rnn\.bias_ih_l0$/, 'lstm.biasInput'],
  [/^lstm\.rnn\.bias_hh_l0$/, 'lstm.biasHidden'],
  [/^unet\.enc\.(\d)\.(\d)\./, 'unet.down$1.$2.'],
  [/^unet\.mid\.(\d)\./, 'unet.middle.$1.'],
  [/^unet\.dec\.(\d)\.(\d)\./, 'unet.up$1.$2.'],
  [/^unet\.up\.(\d)\.(weight|bias)$/, 'unet.up$1.upconv.$2'],
  [/^res\.stem\./, 'resnet.stem.'],
  [/^res\.body\.(\d)\.([cba])([12])\./, 'resnet.block$1.$3.$2.'],
  [/^cnn_y\./, 'y.'],
  [/^cnn_g\./, 'geography.'],
];

/** PyTorch's state_dict name to ours. */
function ourName(theirs: string): string {
  let name = theirs;
  for (const [from, to] of PARTS) name = name.replace(from, to);
  name = name.replace(/^(resnet\.block\d)\.([12])\./, (_, block: string, layer: string) => `${block}.${Number(layer) - 1}.`);
  if (/^(y|geography)\./.test(name))
    name = name.replace(/\.(\d)\./, (_, i: string) => (Number(i) % 2 ? `.2${Math.floor(Number(i) / 2)}.` : `.0${Number(i) / 2}.`));
  if (name.startsWith('head.')) name = name.replace(/\.(\d)\./, (_, i: string) => `.0${Number(i) / 2}.`);
  return name
    .replace(/\.(?:0|c)(\d?)\.(weight|bias)$/, '.conv$1.$2')
    .replace(/\.(?:1|b)\.weight$/, '.norm.scale')
    .replace(/\.(?:1|b)\.bias$/, '.norm.shift')
    .replace(/\.(?:1|b)\.running_mean$/, '.norm.runningMean')
    .replace(/\.(?:1|b)\.running_var$/, '.norm.runningVariance')
    .replace(/\.(?:2|a)(\d?)\.weight$/, '.prelu$1.slope');
}

/** PyTorch's layouts to ours: filters last to first, LSTM weights transposed. */
function ourLayout(name: string, array: GoldenArray): Float32Array {
  if (array.shape.length === 4) return permuted(array, name.includes('upconv') ? [2, 3, 0, 1] : [2, 3, 1, 0]).data;
  return array.shape.length === 2 ? permuted(array, [1, 0]).data : array.data;
}

function arrays(golden: GoldenCase, prefix: string): Map<string, Float32Array> {
  return new Map(
    golden.names(prefix).map((key) => {
      const name = ourName(key.slice(prefix.length));
      return [name, ourLayout(name, golden.array(key))];
    }),
  );
}

const modelArrays = (golden: GoldenCase): Map<string, Float32Array> => new Map([...arrays(golden, 'p.'), ...arrays(golden, 'in.buf.')]);

function setImages(program: Program<Float64Array> | Program, golden: GoldenCase): void {
  for (const [ours, theirs] of Object.entries({ y: 'in.y_prev', geography: 'in.ge', target: 'in.y' }))
    program.set(ours, channelsLast(golden.array(theirs)).data);
}

const dtypes = [
  ['float64', 1e-6],
  ['float32', 1e-4],
] as const;

describeGolden('golden models', () => {
  describe.each(Object.keys(models))('%s', (name) => {
    const golden = readGolden(name);
    const settings = models[name];
    const [batch, , , height, width] = golden.array('in.x').shape;
    const adam = golden.scalars.adam as { lr: number; l2: number };

    /** Eq. (3): mean absolute error in train mode, and three steps of Adam. */
    function training(dtype: 'float64' | 'float32'): Program<Float64Array> | Program {
      const g = new TwoBiasGraph();
      const inputs = {
        steps: g.input('steps', [batch, 3, height, width, 4]),
        y: g.input('y', [batch, height, width, 2]),
        geography: g.input('geography', [batch, height, width, 2]),
      };
      const out = network(g, inputs, settings, 'train');
      const misfit = loss(g, out, g.input('target', out.shape), g.input('weight', out.shape), { kind: 'l1', divisor: batch * height * width * 2 });
      const leaves = [...g.modelValues().filter((value) => value.kind === 'parameter'), ...Object.values(inputs)];
      const grads = gradients(g, misfit, leaves);
      const parameters = leaves.filter((leaf) => leaf.kind === 'parameter');
      const update = adamUpdate(g, new Map(parameters.map((parameter, i) => [parameter, grads[i]])), {
        learningRate: g.scalar('rate'),
        step: g.scalar('step'),
        l2: adam.l2,
      });
      const outputs = { out, misfit, ...Object.fromEntries(leaves.map((leaf, i) => [`grad ${leaf.name}`, grads[i]])) };
      const program = compile(g, { outputs, phases: { forward: [out, misfit], backward: grads, update: [update] }, dtype });
      program.setParameters(modelArrays(golden));
      setImages(program, golden);
      program.set('steps', channelsLast(golden.array('in.x')).data);
      program.set('weight', new Float32Array(batch * height * width * 2).fill(1));
      program.set('rate', adam.lr);
      return program;
    }

    /** Eq. (5) frozen: gradient to the emissions alone, and projected descent. */
    function inversion(dtype: 'float64' | 'float32', divisor: number): Program<Float64Array> | Program {
      const g = new TwoBiasGraph();
      const emissions = g.input('emissions', [batch, 3, height, width, 2]);
      const meteorology = g.input('meteorology', emissions.shape);
      const inputs = {
        steps: concat(g, [emissions, meteorology]),
        y: g.input('y', [batch, height, width, 2]),
        geography: g.input('geography', [batch, height, width, 2]),
      };
      const out = network(g, inputs, settings, 'frozen');
      const misfit = loss(g, out, g.input('target', out.shape), g.input('mask', out.shape), { kind: 'l1', divisor });
      const [gradEmissions] = gradients(g, misfit, [emissions]);
      const bounds = { lower: g.input('lower', emissions.shape), upper: g.input('upper', emissions.shape) };
      const update = sgdProject(g, emissions, gradEmissions, { learningRate: g.scalar('rate'), ...bounds });
      const program = compile(g, {
        outputs: { out, misfit, gradEmissions },
        phases: { forward: [out, misfit], backward: [gradEmissions], update: [update] },
        dtype,
      });
      program.setParameters(modelArrays(golden));
      setImages(program, golden);
      const steps = channelsLast(golden.array('in.x')).data;
      const prior = steps.filter((_, i) => i % 4 < 2);
      program.set('emissions', prior);
      program.set(
        'meteorology',
        steps.filter((_, i) => i % 4 >= 2),
      );
      program.set(
        'upper',
        prior.map((value) => 3 * value),
      );
      program.set('mask', golden.array('in.mask').data.length ? tiled(golden.array('in.mask').data, batch, 2) : []);
      program.set('rate', golden.scalars.inv_lr as number);
      return program;
    }

    test.each(dtypes)('training, %s', async (dtype, tolerance) => {
      const program = training(dtype);
      await program.run('forward');
      expect(relativeError(program.get('out'), channelsLast(golden.array('out.train.yhat')).data)).toBeLessThan(tolerance);
      expect(program.get('misfit')[0]).toBeCloseTo(golden.scalars.loss_train as number, dtype === 'float64' ? 7 : 5);
      for (const [key, expected] of arrays(golden, 'out.train.buf.'))
        expect([key, relativeError(program.get(key), expected) < tolerance]).toEqual([key, true]);
      await program.run('backward');
      const zero = (golden.scalars.zero_by_theory as string[]).map((key) => ourName(key.replace('g.train.p.', '')));
      for (const [key, expected] of arrays(golden, 'g.train.p.')) {
        const got = program.get(`grad ${key}`);
        const error = zero.includes(key) ? Math.max(...got.map(Math.abs)) : relativeError(got, expected);
        expect([key, error < tolerance]).toEqual([key, true]);
      }
      const ours = { 'in.x': 'steps', 'in.y_prev': 'y', 'in.ge': 'geography' };
      for (const [theirs, mine] of Object.entries(ours)) {
        expect(relativeError(program.get(`grad ${mine}`), channelsLast(golden.array(`g.train.${theirs}`)).data)).toBeLessThan(tolerance);
      }
      program.dispose();
    });

    test.each(dtypes)('three steps of Adam, %s', async (dtype, tolerance) => {
      const program = training(dtype);
      const losses: number[] = [];
      for (let step = 1; step <= 3; step++) {
        program.set('step', step);
        for (const phase of ['forward', 'backward', 'update']) await program.run(phase);
        losses.push(program.get('misfit')[0]);
      }
      expect(relativeError(losses, golden.scalars.adam_losses as number[])).toBeLessThan(tolerance);
      for (const [key, expected] of arrays(golden, 'out.adam3.p.'))
        expect([key, relativeError(program.get(key), expected) < tolerance]).toEqual([key, true]);
      program.dispose();
    });

    test.each(dtypes)('inversion, %s', async (dtype, tolerance) => {
      const mask = golden.array('in.mask').data.reduce((total, value) => total + value, 0) * batch * 2;
      const printed = inversion(dtype, batch * height * width * 2);
      await printed.run('forward');
      await printed.run('backward');
      expect(relativeError(printed.get('out'), channelsLast(golden.array('out.eval.yhat')).data)).toBeLessThan(tolerance);
      expect(printed.get('misfit')[0]).toBeCloseTo(golden.scalars.loss_inv_paper as number, dtype === 'float64' ? 7 : 5);
      expect(relativeError(printed.get('gradEmissions'), channelsLast(golden.array('g.inv_paper.emis')).data)).toBeLessThan(tolerance);
      printed.dispose();

      const program = inversion(dtype, mask);
      for (let step = 0; step < 3; step++) for (const phase of ['forward', 'backward', 'update']) await program.run(phase);
      expect(relativeError([program.get('misfit')[0]], [(golden.scalars.inv_losses_mask as number[])[2]])).toBeLessThan(tolerance);
      expect(relativeError(program.get('emissions'), channelsLast(golden.array('out.inv3.emis')).data)).toBeLessThan(tolerance);
      program.dispose();
    });
  });
});

/** A mask of cells for every sample and species. */
function tiled(mask: Float32Array, batch: number, species: number): Float32Array {
  return Float32Array.from({ length: batch * mask.length * species }, (_, i) => mask[Math.floor(i / species) % mask.length]);
}
