/** Layers of an I/O API file by their pressure thickness, from VGTYP and VGLVLS. */
import { DataError } from '../../base/errors';
import type { IoapiReader } from './ioapi-file';
import { IoapiHeader } from './ioapi-header';

/** Vertical coordinates (VGTYP) whose levels are even in pressure: hydrostatic and other sigma-p, pressure, WRF's two. */
const PRESSURE_COORDINATES = [1, 2, 4, 7, 8];

/**
 * Parts of the lowest layers in their mean weighted by pressure thickness (by mass, that is): differences of VGLVLS, divided by their sum.
 *
 * @param lowest - number of layers from the ground
 * @returns `[lowest]`, sum 1
 * @throws {DataError} `LAYER_OUTSIDE` if the file has fewer; `IOAPI_HEADER` where VGTYP is a height or VGLVLS are no levels
 */
export function pressureWeights({ path, attributes, layers }: Pick<IoapiReader, 'path' | 'attributes' | 'layers'>, lowest: number): Float64Array {
  if (lowest > layers) {
    throw new DataError('LAYER_OUTSIDE', `${path}: the lowest ${lowest} layers were asked for but it has ${layers}: ask for fewer`);
  }
  if (lowest === 1) return Float64Array.of(1);
  const header = new IoapiHeader(path, attributes);
  const coordinate = header.number('VGTYP');
  if (!PRESSURE_COORDINATES.includes(coordinate)) {
    throw header.error(`layers are weighted by pressure, but its vertical coordinate (VGTYP ${coordinate}) is none of pressure`);
  }
  const given = attributes['VGLVLS'];
  const levels = given === undefined || typeof given === 'string' ? [] : Array.from<unknown>(given).map(Number);
  const thickness = Float64Array.from({ length: lowest }, (_, layer) => levels[layer] - levels[layer + 1]);
  if (levels.length !== layers + 1 || !thickness.every((value) => value > 0)) {
    throw header.error(`expected VGLVLS to be ${layers + 1} levels that fall with height but received ${levels.join(', ') || 'none'}`);
  }
  const sum = thickness.reduce((total, value) => total + value, 0);
  return thickness.map((value) => value / sum);
}
