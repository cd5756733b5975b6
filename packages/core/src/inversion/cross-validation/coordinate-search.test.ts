import { coordinateSearch } from './coordinate-search';

interface Settings {
  length: number;
  spread: number;
}

const START: Settings = { length: 2, spread: 1 };

/** Runs a search over a table of scores and notes what was asked. */
async function search(score: (candidate: Settings) => number, rounds: number): Promise<{ tried: [number, number][]; remaining: number[] }> {
  const remaining: number[] = [];
  const tried = await coordinateSearch(
    START,
    [
      { key: 'length', values: [1, 2, 3] },
      { key: 'spread', values: [0.5, 1, 2] },
    ],
    rounds,
    (candidate, left) => {
      remaining.push(left);
      return Promise.resolve(score(candidate));
    },
  );
  return { tried: tried.map(({ candidate: { length, spread } }) => [length, spread]), remaining };
}

it('keeps each better value, and tries the next key there', async () => {
  const { tried, remaining } = await search(({ length, spread }) => Math.abs(length - 3) + Math.abs(spread - 2), 1);
  expect(tried).toEqual([
    [2, 1],
    [1, 1],
    [3, 1],
    [3, 0.5],
    [3, 2],
  ]);
  expect(remaining).toEqual([5, 4, 3, 2, 1]);
});

it('finds in a second round what the first could not see, does nothing twice, and ends where nothing changes', async () => {
  // Lengths differ only beside a spread of 2.
  const { tried } = await search(({ length, spread }) => (spread === 2 ? length : 10), 5);
  expect(tried).toEqual([
    [2, 1],
    [1, 1],
    [3, 1],
    [2, 0.5],
    [2, 2],
    [1, 2],
    [3, 2],
    [1, 0.5],
  ]);
});

it('stays with the start where nothing is better', async () => {
  const { tried } = await search(({ length, spread }) => (length === 2 && spread === 1 ? 0 : 0.5), 3);
  expect(tried).toHaveLength(5);
});
