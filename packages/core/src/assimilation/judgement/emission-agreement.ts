/** How runs of the transport model go with the emissions that are given with them, and what in that looks like a slip of the data. */
import { correlation, mean, Moments } from '../../base/moments';

/** Of two fields on a grid: correlation of ranks as they lie, and with the first turned round. */
export interface TurnedFit {
  unturned: number;
  rows: number;
  columns: number;
}

/** Below it nothing follows anything. */
const LEAST_R = 0.3;
/** A turn that fits so much better than the fields as they lie is no chance. */
const CLEAR_TURN = 0.12;

/** Which way a field fits clearly better than it lies; undefined where it lies right, or nothing tells. */
export function turnedRound(fits: readonly TurnedFit[]): 'rows' | 'columns' | undefined {
  const finite = fits.filter(({ unturned, rows, columns }) => [unturned, rows, columns].every(Number.isFinite));
  if (finite.length === 0) return undefined;
  const meanFit = (way: keyof TurnedFit): number => mean(finite.map((fit) => fit[way]));
  const way = meanFit('rows') >= meanFit('columns') ? 'rows' : 'columns';
  return meanFit(way) > LEAST_R && meanFit(way) - meanFit('unturned') > CLEAR_TURN ? way : undefined;
}

/** @param field - `[H, W]`, of which the values at `cells` are compared with `values` */
export function turnedFit(
  field: ArrayLike<number>,
  { rows, cols }: { rows: number; cols: number },
  cells: ArrayLike<number>,
  values: ArrayLike<number>,
): TurnedFit {
  const otherRanks = ranks(values);
  const fit = (turn: (row: number, col: number) => number): number =>
    correlation(ranks(Array.from(cells, (cell) => field[turn(Math.floor(cell / cols), cell % cols)])), otherRanks);
  return {
    unturned: fit((row, col) => row * cols + col),
    rows: fit((row, col) => (rows - 1 - row) * cols + col),
    columns: fit((row, col) => row * cols + cols - 1 - col),
  };
}

/** What a run changes: logarithms of its fields over those of the prior run, NaN where nothing is; the same pairs of group and species in both. */
export interface ChangedFields {
  emissions: Float64Array[];
  concentrations: Float64Array[];
}

/** How the changed concentrations of run j follow the changed emissions of run i, over cells and pairs: `[i][j]`. */
export function changeFits(runs: readonly ChangedFields[]): number[][] {
  return runs.map(({ emissions }) =>
    runs.map(({ concentrations }) => {
      const fits = emissions.map((changed, pair) => {
        const pairs = new Moments();
        changed.forEach((value, cell) => pairs.add(value, concentrations[pair][cell]));
        return pairs.correlation();
      });
      return mean(fits.filter(Number.isFinite));
    }),
  );
}

/** How much better another run must fit. */
const CLEAR_FIT = 0.25;

/** Runs whose concentrations are each other's, and others whose are not of their emissions. @param fits - of {@link changeFits} */
export function exchangedRuns(fits: readonly number[][]): { exchanged: [number, number][]; unrelated: number[] } {
  const ownFit = (run: number): number => fits[run][run];
  const exchanged: [number, number][] = [];
  fits.forEach((row, a) =>
    row.forEach((crossed, b) => {
      if (b > a && crossed > ownFit(a) + CLEAR_FIT && fits[b][a] > ownFit(b) + CLEAR_FIT) exchanged.push([a, b]);
    }),
  );
  const right = fits.map((_, run) => ownFit(run)).sort((a, b) => a - b);
  const usual = right[Math.floor(right.length / 2)];
  const unrelated = fits.flatMap((_, run) =>
    usual > 2 * CLEAR_FIT && ownFit(run) < usual - 2 * CLEAR_FIT && !exchanged.flat().includes(run) ? [run] : [],
  );
  return { exchanged, unrelated };
}

/** Places in ascending order; equal values share theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let i = 0; i < order.length;) {
    let end = i + 1;
    while (end < order.length && values[order[end]] === values[order[i]]) end++;
    for (let k = i; k < end; k++) out[order[k]] = (i + end - 1) / 2;
    i = end;
  }
  return out;
}
