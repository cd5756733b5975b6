/** The grid of a case. */
import { readGriddesc } from '../../grid/griddesc';
import type { Grid } from '../../grid/grid';
import type { Case } from '../schema/case-schema';

/** @throws as {@link readGriddesc} */
export function gridOf({ grid: { griddesc, name } }: Pick<Case, 'grid'>): Grid {
  return readGriddesc(griddesc, name);
}
