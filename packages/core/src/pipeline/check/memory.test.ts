import { tmpdir } from 'node:os';
import { surrogateSchema } from '../../data/case/learning-schema';
import type { Case } from '../../data/case';
import { usableMemory } from '../../usable-memory';
import { Findings } from './findings';
import { checkMemory } from './machine';

jest.mock('../../usable-memory', () => ({ ...jest.requireActual<object>('../../usable-memory'), usableMemory: jest.fn() }));

const GRID = { rows: 100, cols: 100 };
/** 1000 hours of 10 channels of weather and 4 of prior concentrations (0.56 GB), prior run and 4 members (0.36 GB each), and 10 GB of tracers, as halves 5. */
const settings = {
  periods: [{ name: 'winter', hours: 1000 }],
  meteorology: { variables: Array.from({ length: 10 }, (_, i) => `v${i}`) },
  members: { runs: ['a', 'b', 'c', 'd'].map((name) => ({ name })) },
  surrogate: surrogateSchema.parse({}),
} as unknown as Case;

function found(usable: number): Findings {
  jest.mocked(usableMemory).mockReturnValue(usable);
  const findings = new Findings(() => 'case.yaml');
  checkMemory(findings, settings, GRID);
  return findings;
}

it('says what training holds and what there is', () => {
  const { right, notes } = found(64e9);
  expect(right).toEqual(['memory: training holds 2.4 GB of fields and 5.0 GB of tracers, and 64 GB of memory may be used here']);
  expect(notes).toEqual([]);
});

it('says what of the tracers lies in temporary files, and where', () => {
  const { right, notes } = found(8e9);
  expect(right[0]).toBe('memory: training holds 2.4 GB of fields and 3.2 GB of tracers, and 8.0 GB of memory may be used here');
  expect(right[1]).toMatch(/^temporary files: of the tracers 1\.8 GB lie in temporary files, and .*GB are free in /);
  expect(right[1]).toContain(tmpdir());
  expect(notes).toEqual([]);
});

it('says what training reads from the store, as memory is too little for it', () => {
  const { right, problems, notes } = found(3e9);
  // 1.2 GB hold the weather, the prior run and the emissions of a member
  expect(right[0]).toBe(
    'memory: training holds 1.1 GB of fields and 1.2 GB of tracers, and 3.0 GB of memory may be used here; ' +
      '1.2 GB of fields it reads from the prepared store as it goes',
  );
  expect([problems, notes]).toEqual([[], []]);
});
