import { describeGolden, readGolden } from '../../graph/testing/golden';
import { Adam } from './first-order';

describeGolden('Adam against PyTorch', () => {
  it('follows three steps', () => {
    const golden = readGolden('adam_l2_0');
    const control = Float64Array.from(golden.array('in.p0').data);
    const gradients = golden.array('in.grad').data;
    const optimiser = new Adam(control.length);
    for (let step = 0; step < 3; step++) {
      const gradient = Float64Array.from(gradients.subarray(step * control.length, (step + 1) * control.length));
      optimiser.step(control, gradient, Number(golden.scalars['lr']));
      const expected = golden.array(`out.p${step + 1}`).data;
      control.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-7 * Math.max(1, Math.abs(expected[i]))));
    }
    const moments = optimiser.state();
    golden.array('out.m3').data.forEach((m, i) => expect(moments.get('firstMoment')![i]).toBeCloseTo(m, 6));
    golden.array('out.v3').data.forEach((v, i) => expect(moments.get('secondMoment')![i]).toBeCloseTo(v, 6));
  });
});

describe('Adam', () => {
  it('takes a first step of the learning rate against the sign of the gradient', () => {
    const control = Float64Array.of(1, 1, 1);
    new Adam(3).step(control, Float64Array.of(5, -1e-3, 0), 0.1);
    expect(control[0]).toBeCloseTo(0.9, 6);
    expect(control[1]).toBeCloseTo(1.1, 4);
    expect(control[2]).toBe(1);
  });

  it('continues bit for bit from its state', () => {
    const [one, two] = [Float64Array.of(1, 2), Float64Array.of(1, 2)];
    const whole = new Adam(2);
    const first = new Adam(2);
    for (let i = 0; i < 3; i++) {
      whole.step(one, Float64Array.of(i, -1), 0.01);
      first.step(two, Float64Array.of(i, -1), 0.01);
    }
    const second = new Adam(2);
    second.restore(first.state());
    whole.step(one, Float64Array.of(0.3, 0.4), 0.01);
    second.step(two, Float64Array.of(0.3, 0.4), 0.01);
    expect(two).toEqual(one);
  });
});
