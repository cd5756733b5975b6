/** Concentrations with prior and with updated emissions as one CF file a period, for xarray and whatever else reads netCDF. */
import { columnGas, knownSpecies, type CaseChannels, type Species } from '../../base/species';
import { concentrationAttributes, speciesVariable } from '../../fields/prepared';
import { cfGrid, cfTime } from '../../files/netcdf/cf-grid';
import { writeCfInParts, writeChannel } from '../../files/netcdf/cf-in-parts';
import type { Grid, TimeAxis } from '../../grid/grid';

interface ConcentrationFields extends Pick<CaseChannels, 'species' | 'units'> {
  name: string;
  grid: Grid;
  time: TimeAxis;
  /** `[T, H, W, species]`, in their units */
  prior: Float32Array;
  /** the same */
  updated: Float32Array;
}

/** `prior_<species>` and `updated_<species>` on (time, y, x), all hours of the period; a day at a time is held beside the arrays. @throws as {@link writeCfInParts} */
export function writeConcentrationFields(path: string, { name, grid, time, species, units, prior, updated }: ConcentrationFields): void {
  const gridPart = cfGrid(grid);
  const runs = [
    { run: 'prior', data: prior },
    { run: 'updated', data: updated },
  ];
  const parts = runs.flatMap(({ run, data }) =>
    species.map((speciesName, channel) => ({
      name: `${run}_${speciesVariable(speciesName)}`,
      dimensions: ['time', 'y', 'x'],
      attributes: concentrationAttributes(speciesName, units[speciesName], `${placeOf(speciesName)}, with the ${run} emissions`),
      data,
      channel,
    })),
  );
  const { attributes, ...axis } = cfTime(time);
  const bounds = Float64Array.from({ length: 2 * time.count }, (_, i) => (Math.floor(i / 2) + (i % 2)) * time.stepSeconds);
  const contents = {
    dimensions: { time: time.count, ...gridPart.dimensions, bnds: 2 },
    coordinates: [{ ...axis, attributes: { ...attributes, bounds: 'time_bnds' } }, ...gridPart.coordinates],
    variables: [...gridPart.variables, { name: 'time_bnds', dimensions: ['time', 'bnds'], data: bounds }],
    attributes: { title: `Surface concentrations with prior and with updated emissions, ${name}`, source: 'Retroplume' },
  };
  writeCfInParts(path, contents, parts, (file) => {
    for (const { name: variable, data, channel } of parts)
      writeChannel(file, variable, data, [time.count, grid.rows, grid.cols, species.length], channel);
  });
}

function placeOf(species: Species): string {
  return columnGas(species) === undefined ? `${species} at the surface` : knownSpecies(species)!.longName;
}
