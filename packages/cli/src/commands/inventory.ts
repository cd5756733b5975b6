/** `retroplume inventory`: CF inventories as an emission file on a grid, with where their mass went. */
import { makeInventory } from '@retroplume/core/inventory';
import type { CommonOptions } from '../options';
import { writeOut } from '../terminal';

export function inventoryCommand(path: string, { json }: Pick<CommonOptions, 'json'>): void {
  const result = makeInventory(path);
  if (json) writeOut(`${JSON.stringify(result)}\n`);
  else {
    const lines = result.sources.map(({ file, variable, species, unit, inside, outside, written }) => {
      const share = inside + outside > 0 ? (100 * inside) / (inside + outside) : 0;
      const profileNote = inside.toPrecision(6) === written.toPrecision(6) ? '' : `; with its profile ${written.toPrecision(6)} ${unit} in the file`;
      return `  ${species} from ${variable} of ${file}: ${inside.toPrecision(6)} ${unit} on the grid, ${share.toFixed(2)} % of the inventory${profileNote}\n`;
    });
    writeOut(`${result.output}\n${lines.join('')}`);
  }
}
