import { NativeProgram } from '../../kernels';
import { allVariants, callKernel } from '../../testing/call-kernel';
import { randomArray, relativeError } from '../../testing/oracles';
import { gathered, spread } from '../../testing/strided';

describe.each(allVariants)('arithmetic, $name', ({ options }) => {
  const elements = 1003;
  const [a, b] = [randomArray(elements, 1), randomArray(elements, 2)];
  const bound = 1e-6;

  test.each([
    { kind: 0, expected: a.map((x, i) => x + b[i]) },
    { kind: 1, expected: a.map((x, i) => x - b[i]) },
    { kind: 2, expected: a.map((x, i) => x * b[i]) },
  ])('binary kind $kind', ({ kind, expected }) => {
    expect(relativeError(callKernel('binary', { a, b, output: elements }, { elements, kind }, options).output, expected)).toBeLessThan(bound);
  });

  test.each([
    [17, { aStride: 20, bStride: 17, outputStride: 22 }],
    [8, { aStride: 8, bStride: 16, outputStride: 12 }],
  ])('a binary whose arrays are %i channels of larger ones', (channels, strides) => {
    const [pixels, kind] = [59, 2];
    const [x, y] = [a.slice(0, pixels * channels), b.slice(0, pixels * channels)];
    const apart = spread(new Float64Array(x.length), channels, strides.outputStride);
    const operands = { a: spread(x, channels, strides.aStride), b: spread(y, channels, strides.bStride), output: apart };
    const { output } = callKernel('binary', operands, { elements: x.length, channels, kind, ...strides }, options);
    const expected = x.map((value, i) => value * y[i]);
    expect(relativeError(gathered(output, channels, strides.outputStride), expected)).toBeLessThan(bound);
  });

  test('axpy, scale, fill', () => {
    const axpy = callKernel('axpy', { input: a, output: b }, { elements, alpha: -1.5 }, options).output;
    expect(
      relativeError(
        axpy,
        b.map((y, i) => y - 1.5 * a[i]),
      ),
    ).toBeLessThan(bound);
    const scaled = callKernel('scale', { input: a, output: elements }, { elements, alpha: 0.25 }, options).output;
    expect(scaled).toEqual(a.map((x) => 0.25 * x));
    expect(callKernel('fill', { output: elements }, { elements, value: 3 }, options).output).toEqual(new Float64Array(elements).fill(3));
  });

  test('arrays at any offset: vectors of 16 bytes are not everywhere', () => {
    const { module, ...rest } = options;
    const operands = { a: 0, b: 1025, output: 2050 };
    const program = new NativeProgram(
      { arenaElements: 3072, instructions: [{ op: 'binary', operands, params: { elements, kind: 0 } }], phases: {} },
      rest,
      module,
    );
    program.write(operands.a, a);
    program.write(operands.b, b);
    program.fill(operands.output, 1022, 7);
    program.runSync();
    const after = Float64Array.from(program.read(operands.output, 1022));
    program.dispose();
    expect(
      relativeError(
        after.slice(0, elements),
        a.map((x, i) => x + b[i]),
      ),
    ).toBeLessThan(bound);
    expect([...after.slice(elements)]).toEqual(new Array(1022 - elements).fill(7));
  });
});
