import { NativeProgram } from '../../kernels';
import { allVariants, callKernel, deviceVariants, fastVariants, floatReference, type Variant } from '../../testing/call-kernel';
import { describeGolden, readGolden } from '../../testing/golden';
import { randomArray, relativeError } from '../../testing/oracles';

const hyper = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

test.each(allVariants)('adam by hand: the first step is the rate, against the sign of the gradient: $name', ({ options, tolerance }) => {
  const operands = { parameter: [1, 1, 1], gradient: [5, -0.01, 0], firstMoment: [0, 0, 0], secondMoment: [0, 0, 0], learningRate: [0.1], step: [1] };
  const { parameter } = callKernel('adam', operands, { elements: 3, ...hyper, l2: 0 }, options);
  expect(relativeError(parameter, [0.9, 1.1, 1])).toBeLessThan(tolerance);
});

/** Runs the golden file's three steps with one program whose step scalar the test sets. */
function threeAdamSteps(name: string, { module, ...options }: Variant['options']): { parameters: Float64Array[]; moments: Float64Array[] } {
  const { arrays, scalars } = readGolden(name);
  const elements = arrays['in.p0'].data.length;
  const operands = { parameter: 0, gradient: 32, firstMoment: 64, secondMoment: 96, learningRate: 128, step: 144 };
  const params = { elements, beta1: scalars.beta1, beta2: scalars.beta2, epsilon: scalars.eps, l2: scalars.l2 };
  const program = new NativeProgram({ arenaElements: 160, instructions: [{ op: 'adam', operands, params }], phases: {} }, options, module);
  program.write(0, arrays['in.p0'].data);
  program.fill(128, 1, scalars.lr);
  const parameters = [1, 2, 3].map((step) => {
    program.write(32, arrays['in.grad'].data.slice((step - 1) * elements, step * elements));
    program.fill(144, 1, step);
    program.runSync();
    return Float64Array.from(program.read(0, elements));
  });
  const moments = [64, 96].map((offset) => Float64Array.from(program.read(offset, elements)));
  program.dispose();
  return { parameters, moments };
}

describeGolden('optimisers against PyTorch', () => {
  for (const name of ['adam_l2_0', 'adam_l2_0.01']) {
    test.each(allVariants)(`${name}: $name`, ({ options, tolerance }) => {
      const { arrays } = readGolden(name);
      const { parameters, moments } = threeAdamSteps(name, options);
      parameters.forEach((p, k) => expect(relativeError(p, arrays[`out.p${k + 1}`].data)).toBeLessThan(tolerance));
      expect(relativeError(moments[0], arrays['out.m3'].data)).toBeLessThan(tolerance);
      expect(relativeError(moments[1], arrays['out.v3'].data)).toBeLessThan(tolerance);
    });
  }

  test.each(allVariants)('sgdProject: $name', ({ options, tolerance }) => {
    const { arrays } = readGolden('sgd_projection');
    const elements = arrays['in.e0'].data.length;
    const upper = arrays['in.prior'].data.map((x) => 3 * x);
    let value = arrays['in.e0'].data;
    for (let step = 0; step < 3; step++) {
      const gradient = arrays['in.grad'].data.slice(step * elements, (step + 1) * elements);
      const operands = { value, gradient, lower: new Float64Array(elements), upper, learningRate: [0.1] };
      value = callKernel('sgdProject', operands, { elements }, options).value;
      expect(relativeError(value, arrays[`out.e${step + 1}`].data)).toBeLessThan(tolerance);
    }
  });
});

test.each(allVariants)('sgdProject without bounds, clipNorm by hand: $name', ({ options, tolerance }) => {
  const free = callKernel('sgdProject', { value: [1, -1], gradient: [10, -10], learningRate: [0.5] }, { elements: 2 }, options);
  expect([...free.value]).toEqual([-4, 4]);
  const clipped = callKernel('clipNorm', { gradient: [3, 4], output: 1 }, { elements: 2, maxNorm: 1 }, options);
  expect([...clipped.output]).toEqual([5]);
  expect(relativeError(clipped.gradient, [0.6, 0.8])).toBeLessThan(tolerance);
  expect([...callKernel('clipNorm', { gradient: [3, 4] }, { elements: 2, maxNorm: 6 }, options).gradient]).toEqual([3, 4]);
});

test.each(allVariants)('a gradient that is no number shows behind the bounds, and leaves its neighbours alone: $name', ({ options }) => {
  const gradient = new Float64Array(21).fill(1);
  gradient[3] = gradient[19] = NaN;
  const [value, lower, upper] = [1, 0, 3].map((x) => new Float64Array(21).fill(x));
  const after = callKernel('sgdProject', { value, gradient, lower, upper, learningRate: [0.5] }, { elements: 21 }, options).value;
  expect([...after]).toEqual([...gradient].map((g) => (Number.isNaN(g) ? NaN : 0.5)));
});

test.each([...fastVariants, ...deviceVariants])('optimisers, $name, on many elements against the reference', ({ options }) => {
  const elements = 10007;
  const [parameter, gradient, lower] = [randomArray(elements, 1), randomArray(elements, 2), new Float64Array(elements).fill(-0.2)];
  const moments = { firstMoment: randomArray(elements, 3), secondMoment: randomArray(elements, 4).map(Math.abs) };
  const scalars = { learningRate: [0.01], step: [7] };
  const adam = (o: typeof options): Float64Array =>
    callKernel('adam', { parameter, gradient, ...moments, ...scalars }, { elements, ...hyper, l2: 1e-4 }, o).parameter;
  expect(relativeError(adam(options), adam(floatReference.options))).toBeLessThan(1e-6);
  const sgd = (o: typeof options): Float64Array =>
    callKernel('sgdProject', { value: parameter, gradient, lower, learningRate: [0.1] }, { elements }, o).value;
  expect(relativeError(sgd(options), sgd(floatReference.options))).toBeLessThan(1e-6);
  const clip = (o: typeof options): Float64Array => callKernel('clipNorm', { gradient }, { elements, maxNorm: 1 }, o).gradient;
  expect(relativeError(clip(options), clip(floatReference.options))).toBeLessThan(1e-6);
});
