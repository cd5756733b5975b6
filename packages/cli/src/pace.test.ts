import { duration, Pace } from './pace';

let time = 0;
const pace = (): Pace => {
  time = 1000;
  return new Pace(() => time);
};

const after = (seconds: number): void => void (time = 1000 * (1 + seconds));

it('says nothing of a short stage', () => {
  const stage = pace();
  expect(stage.text(0, 10)).toBe('');
  after(9);
  expect(stage.text(9, 10)).toBe('');
});

it('tells what has passed and what is left', () => {
  const stage = pace();
  stage.text(0, 100);
  after(60);
  expect(stage.text(25, 100)).toBe(', 1 min, about 3 min left');
  after(240);
  expect(stage.text(100, 100)).toBe(', 4 min');
});

it('counts only what this process has made', () => {
  const stage = pace();
  after(30);
  expect(stage.text(80, 100)).toBe(', 30 s');
  after(50);
  // 10 in 20 s: 10 more.
  expect(stage.text(90, 100)).toBe(', 50 s, about 20 s left');
});

it('begins anew with a part that is counted anew, and tells no time where nothing moves', () => {
  const stage = pace();
  stage.text(0, 10);
  after(40);
  expect(stage.text(0, 10)).toBe(', 40 s');
  expect(stage.text(4, 10)).toBe(', 40 s, about 1 min left');
  expect(stage.text(1, 200)).toBe(', 40 s');
  after(60);
  expect(stage.text(0, 200)).toBe(', 1 min');
});

it('words times', () => {
  expect([0, 59_400, 60_000, 99 * 60_000, 100 * 60_000, 36 * 3600_000].map(duration)).toEqual(['0 s', '59 s', '1 min', '99 min', '1.7 h', '36.0 h']);
});
