import { putChannel } from './period-steps';

it('puts fields into one of the channels, from a cell on, and what does not fit nowhere', () => {
  const target = new Float32Array(8); // four cells, two channels
  putChannel(target, 2, 1, 1, Float32Array.of(5, 6));
  expect([...target]).toEqual([0, 0, 0, 5, 0, 6, 0, 0]);
  expect(() => putChannel(target, 2, 0, 3, Float32Array.of(7, 8))).toThrow(
    expect.objectContaining({ code: 'CHANNEL_SHAPE', message: 'channel 0: 2 values at 3 do not fit into 8: mend the call' }) as Error,
  );
  expect([...target]).toEqual([0, 0, 0, 5, 0, 6, 0, 0]);
});
