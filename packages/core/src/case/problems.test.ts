import { editDistance, nearestKey } from './problems';

it('the nearest key counts swaps of neighbours once', () => {
  expect(editDistance('cuont', 'count')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
  expect(nearestKey('LearningRat', ['learningRate', 'l2'])).toBe('learningRate');
  expect(nearestKey('zzzz', ['learningRate', 'l2'])).toBeUndefined();
});
