import { nextStep } from './init';

const path = `${process.cwd()}/my/case.yaml`;
it.each([
  [0, 0, 'Next: retroplume run my/case.yaml\n'],
  [2, 0, 'Next: look at the places marked OPEN in my/case.yaml, then: retroplume check my/case.yaml\n'],
  [0, 1, 'Next: mend what is listed as a problem, then: retroplume check my/case.yaml\n'],
])('with %i open places and %i problems says what comes next', (open, problems, text) => {
  expect(nextStep(path, open, problems)).toBe(text);
});
