import { expectSame } from './agreement';

const zeros = new Float32Array(4);
const theirs = Float32Array.of(3, 0, 4, 0); // norm 5

test('a difference of the tolerance is let through, a greater one, a NaN and a missing element are not', () => {
  expect(() => expectSame('case', Float32Array.of(3, 0.5, 4, 0), theirs, 0.1)).not.toThrow();
  const wrong = [Float32Array.of(3, 0.6, 4, 0), Float32Array.of(3, NaN, 4, 0), Float32Array.of(3, 0, 4)];
  for (const ours of wrong)
    expect(() => expectSame('case', ours, theirs, 0.1)).toThrow(/^bench: case: expected the peer's answer to a relative 0\.1 but/);
});

test('what is nothing but rounding is measured against something else', () => {
  expect(() => expectSame('case', Float32Array.of(1e-9, 0, 0, 0), zeros, 0.1)).toThrow();
  expect(() => expectSame('case', Float32Array.of(1e-9, 0, 0, 0), zeros, 0.1, 1)).not.toThrow();
});
