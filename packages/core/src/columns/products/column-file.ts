/** One file of a satellite's columns: which product it is, how large, and that it holds what is read. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError, UnitError } from '../../base/errors';
import { cfCalendar, cfDecoder } from '../../files/netcdf/cf-time';
import { openNetcdf, reading } from '../../files/netcdf/netcdf-access';
import { plain, unpacked, type CfAttributes, type CfData } from '../../files/netcdf/netcdf-cf';
import { conversion } from '../../units/units';
import { edgeCoefficients, type EdgeCoefficients } from './pressure-edges';
import type { ColumnProduct } from './product';
import { TEMPO } from './tempo';
import { TROPOMI } from './tropomi';

const PRODUCTS: readonly ColumnProduct[] = [...TROPOMI, ...TEMPO];
/** mol-1, exact since the SI of 2019. */
const AVOGADRO = 6.02214076e23;
/** mol m-2 of one molecule cm-2. */
const PER_MOLECULE_CM2 = 1e4 / AVOGADRO;

/** The product of a file that holds one of those that are read; undefined for another product or structure. */
export function columnProductOf(file: NetcdfFile): ColumnProduct | undefined {
  const received = plain(file.attributes()).product_type;
  return PRODUCTS.find(({ column, type }) => file.variable(column) !== undefined && (type === undefined || type === received));
}

/** How a file calls itself. */
function nameOf(file: NetcdfFile): string {
  const attributes = plain(file.attributes());
  const names = [attributes.id, attributes.local_granule_id, attributes.title].map((name) => String(name ?? ''));
  return names.find((name) => name !== '') ?? 'another file';
}

/** An open file of columns; {@link close} it. */
export class ColumnFile {
  readonly scanlines: number;
  readonly scanlinePixels: number;
  readonly layers: number;
  /** The product and the number of its orbit or scan: files of one pass have one, and so may those of other days. */
  readonly pass: string;
  readonly edges: EdgeCoefficients;
  /** By path: what values are multiplied with to be in SI. */
  readonly scales: ReadonlyMap<string, number>;

  private constructor(
    private readonly file: NetcdfFile,
    readonly product: ColumnProduct,
  ) {
    const { sensitivity, surfacePressure, column } = product;
    for (const path of neededVariables(product)) this.require(path);
    [this.scanlines, this.scanlinePixels] = this.pixelShape(column);
    this.layers = file.shape(sensitivity.variable).at(-1) ?? 0;
    this.scales = this.unitScales();
    const scale = this.scales.get(surfacePressure) ?? 1;
    this.edges = edgeCoefficients(file, product, this.layers, scale);
    const number = plain(file.attributes())[product.pass.attribute];
    this.pass = number === undefined ? file.path : `${product.name}, ${product.pass.name} ${String(number)}`;
    for (const { variable } of product.rules) this.require(variable);
    this.checkShapes();
  }

  /**
   * @throws {DataError} `COLUMN_PRODUCT` for another product or structure, `COLUMN_KERNEL` without averaging kernels or scattering weights, `COLUMN_LAYERS` where
   *   their layers and pressures do not agree, and what `openNetcdf` throws
   * @throws {UnitError} `COLUMN_UNIT`
   *
   * @example
   * const file = ColumnFile.open('S5P_OFFL_L2__NO2____….nc');
   * for (const pixels of readPixels(file, counts)) …
   * file.close();
   */
  static open(path: string): ColumnFile {
    const file = openNetcdf(path);
    try {
      return reading(path, () => {
        const product = columnProductOf(file);
        if (product) return new ColumnFile(file, product);
        throw new DataError(
          'COLUMN_PRODUCT',
          `${path}: expected the columns of ${PRODUCTS.map(({ name }) => name).join(', ')} but received ${nameOf(file)}, which holds none of them: give one of these products, with its groups as the agency wrote them`,
        );
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get path(): string {
    return this.file.path;
  }

  /** Values of scanlines `first` … `first + count − 1`, fill values NaN, in SI. @param path - of a variable that has scanlines */
  readScanlines(path: string, first: number, count: number): CfData {
    return reading(this.path, () => {
      const { start, length } = this.slab(path, first, count);
      const values = unpacked(this.file.read(path, start, length), plain(this.file.attributes(path)), `${this.path}: ${path}`);
      const scale = this.scales.get(path) ?? 1;
      if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] *= scale;
      return values;
    });
  }

  /** For slabs of `count` scanlines that follow each other. */
  keepChunks(path: string, count: number): void {
    reading(this.path, () => this.file.keepChunks(path, this.slab(path, 0, count).length));
  }

  /** ms since 1970, by scanline or (`[count · scanlinePixels]`) by pixel. */
  readTimes(first: number, count: number): Float64Array {
    const { variable, delta } = this.product.time;
    const attributes = plain(reading(this.path, () => this.file.attributes(variable)));
    const reference = plain(this.file.attributes()).time_reference;
    const units = attributes.units ?? (reference === undefined ? '' : `seconds since ${String(reference)}`);
    const decode = cfDecoder(String(units), cfCalendar() ?? 'gregorian', `${this.path}: ${variable}`);
    if (delta === undefined) return Float64Array.from(this.readScanlines(variable, first, count), decode);
    const begin = decode(Number(reading(this.path, () => this.file.read(variable))[0]));
    return Float64Array.from(this.readScanlines(delta, first, count), (milliseconds) => begin + milliseconds);
  }

  /** ms since 1970, of the first and the last scanline that have a time; NaN where none has. */
  timeRange(): [first: number, last: number] {
    const times = this.readTimes(0, this.scanlines).filter(Number.isFinite);
    return [times[0] ?? Number.NaN, times.at(-1) ?? Number.NaN];
  }

  close(): void {
    this.file.close();
  }

  /** A leading dimension of length 1 (TROPOMI's time) is passed over. */
  private slab(path: string, first: number, count: number): { start: number[]; length: number[] } {
    const shape = this.file.shape(path);
    const axis = shape.length > 1 && shape[0] === 1 && this.file.variable(path)?.dimensions[0] === 'time' ? 1 : 0;
    const length = Math.min(count, shape[axis]);
    return { start: shape.map((_, i) => (i === axis ? first : 0)), length: shape.map((whole, i) => (i === axis ? length : whole)) };
  }

  private pixelShape(path: string): [scanlines: number, pixels: number] {
    const { length } = this.slab(path, 0, Infinity);
    const [scanlines, pixels] = this.file.variable(path)?.dimensions[0] === 'time' ? length.slice(1) : length;
    return [scanlines, pixels];
  }

  private require(path: string): void {
    if (this.file.variable(path)) return;
    const { name, sensitivity } = this.product;
    if (path === sensitivity.variable || path === sensitivity.airMassFactor) {
      throw new DataError(
        'COLUMN_KERNEL',
        `${this.path}: there is no ${path}, without which a model's profile cannot be compared with the columns of ${name}: take the whole file (subsets often leave it out)`,
      );
    }
    throw new DataError(
      'COLUMN_PRODUCT',
      `${this.path}: expected ${name} but there is no ${path}, as in a subset or another version: take the whole file, of a version whose structure is read`,
    );
  }

  private checkShapes(): void {
    const { sensitivity, latitudeBounds, longitudeBounds, column } = this.product;
    const pixels = this.scanlines * this.scanlinePixels;
    const expected: [path: string, values: number][] = [
      ...[latitudeBounds, longitudeBounds].map((path): [string, number] => [path, 4 * pixels]),
      [sensitivity.variable, this.layers * pixels],
    ];
    for (const [path, values] of expected) {
      const shape = this.file.shape(path);
      if (shape.reduce((product, length) => product * length, 1) === values) continue;
      throw new DataError(
        'COLUMN_SHAPE',
        `${this.path}: expected ${path} to have ${values} values for the ${this.scanlines} x ${this.scanlinePixels} pixels of ${column} but received ${shape.join(' x ')}: take the file as the agency wrote it`,
      );
    }
  }

  private unitScales(): Map<string, number> {
    const { column, error, surfacePressure, tropopause } = this.product;
    const scales = new Map([column, error].map((path) => [path, this.columnScale(path)]));
    scales.set(surfacePressure, this.pressureScale(surfacePressure));
    if (tropopause?.kind === 'pressure') scales.set(tropopause.variable, this.pressureScale(tropopause.variable));
    return scales;
  }

  private columnScale(path: string): number {
    const units = this.unitsOf(path);
    const spelling = units.toLowerCase().replace(/\s+|\^|\*|\./g, '');
    if (/^mol(m-2|\/m2)$/.test(spelling)) return 1;
    if (/^molec(ules?)?(cm-2|\/cm2)$/.test(spelling)) return PER_MOLECULE_CM2;
    throw unitError(this.path, path, units, 'mol m-2 or molecules/cm^2');
  }

  private pressureScale(path: string): number {
    const units = this.unitsOf(path);
    try {
      return conversion(units, 'Pa').scale;
    } catch (cause) {
      throw unitError(this.path, path, units, 'Pa or hPa', cause);
    }
  }

  private unitsOf(path: string): string {
    const attributes: CfAttributes = plain(this.file.attributes(path));
    return typeof attributes.units === 'string' ? attributes.units.trim() : '';
  }
}

function unitError(path: string, variable: string, units: string, expected: string, cause?: unknown): UnitError {
  return new UnitError(
    'COLUMN_UNIT',
    `${path}: expected ${variable} in ${expected} but received ${units === '' ? 'no unit' : `"${units}"`}: mend the attribute units (ncatted), or convert the values`,
    { cause },
  );
}

/** All but those of quality: the error should name what makes the file another one first. */
function neededVariables(product: ColumnProduct): string[] {
  const { sensitivity, tropopause, layers, time } = product;
  return [
    ...[product.column, product.error, sensitivity.variable, sensitivity.airMassFactor, product.airMassFactor, tropopause?.variable],
    ...[product.latitudeBounds, product.longitudeBounds, product.surfacePressure, time.variable, time.delta],
    ...(layers.kind === 'variables' ? [layers.a, layers.b] : []),
  ].filter((path) => path !== undefined);
}
