/** `apply`: the updated inventory as emission files that the transport model reads: the prior's files, each species times its group's factor. */
import { basename, join } from 'node:path';
import type { Case } from '../data/case';
import { readGriddesc } from '../grid/griddesc';
import { writeScaledEmissions } from '../transport/members';
import { priorEmissionFiles } from './case-runs';
import { FACTORS_FILE, readFactors } from './factors-file';
import type { Stage } from './stage';

/** Names of the updated files: those of the prior's, with `.updated` before the extension. */
export function updatedName(path: string): string {
  return basename(path).replace(/(\.[^.]*)?$/, (extension) => `.updated${extension}`);
}

/** The updated emission files of a period, in the order of the prior's. */
export function appliedFiles(dir: string, settings: Case, period: string): string[] {
  return priorEmissionFiles(settings, period).map((path) => join(dir, updatedName(path)));
}

export const applyStage: Stage = {
  name: 'apply',
  needs: ['invert'],
  settings: ({ case: { emissions } }) => ({ groups: emissions.groups }),
  inputs: ({ case: settings }) => settings.periods.flatMap(({ name }) => priorEmissionFiles(settings, name)),
  run(context) {
    const { case: settings, dir } = context;
    const grid = readGriddesc(settings.grid.griddesc, settings.grid.name);
    const products: string[] = [];
    for (const { name } of settings.periods) {
      const { data } = readFactors(join(context.dirOf('invert'), FACTORS_FILE), grid, name);
      for (const path of priorEmissionFiles(settings, name)) {
        context.progress(products.length, settings.periods.length, basename(path));
        writeScaledEmissions([path], join(dir, updatedName(path)), data, settings.emissions.groups, { grid });
        products.push(updatedName(path));
      }
    }
    return Promise.resolve({ products, summary: { files: products } });
  },
};
