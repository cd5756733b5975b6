import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeWhere } from './describe-where';

const sharedData = process.env.RETROPLUME_TEST_DATA ?? join(__dirname, '../../../shared/data');

/** PyTorch's float64 results (see the folder's README), which may not be copied into the repository. `RETROPLUME_TEST_GOLDEN` names another place. */
export const goldenFolder = process.env.RETROPLUME_TEST_GOLDEN ?? join(sharedData, '../golden');

/** Tests against the golden vectors. */
export function describeGolden(title: string, body: () => void): void {
  describeWhere(existsSync(goldenFolder), `no golden vectors at ${goldenFolder}`, title, body);
}
