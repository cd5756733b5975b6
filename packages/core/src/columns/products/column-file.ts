/** One file of a satellite's columns: which product it is, how large, and that it holds what is read. */
import type { NetcdfFile } from '@retroplume/native';

import { DataError, UnitError } from '../../base/errors';
import { cfCalendar, cfDecoder } from '../../files/netcdf/cf-time';
import { holdsNumbers, openNetcdf, reading } from '../../files/netcdf/netcdf-access';
import { plain, unpacked, type CfAttributes, type CfData } from '../../files/netcdf/netcdf-cf';
import type { Grid } from '../../grid/grid';
import { conversion } from '../../units/units';
import { PixelAxes } from './pixel-axes';
import { edgeCoefficients, type EdgeCoefficients } from './pressure-edges';
import type { ColumnProduct, GranuleTimes } from './product';
import { RULE_VARIABLE, variablesOf, type ReadVariable } from './product-variables';
import { AMMONIA } from './ammonia';
import { LEVEL3 } from './cmaqsatproc';
import { granuleTime, gridOfCells } from './level3-cells';
import { TEMPO } from './tempo';
import { TROPOMI } from './tropomi';

const PRODUCTS: readonly ColumnProduct[] = [...TROPOMI, ...TEMPO, ...AMMONIA, ...LEVEL3];
/** mol-1, exact since the SI of 2019. */
const AVOGADRO = 6.02214076e23;
/** mol m-2 of one molecule cm-2. */
const PER_MOLECULE_CM2 = 1e4 / AVOGADRO;

/** The product of a file that holds one of those that are read; undefined for another product or structure. */
export function columnProductOf(file: NetcdfFile): ColumnProduct | undefined {
  const received = plain(file.attributes()).product_type;
  return PRODUCTS.find(
    ({ column, type, marks = [] }) =>
      [column, ...marks].every((path) => file.variable(path) !== undefined) && (type === undefined || type === received),
  );
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
  /** Whether the file numbers its pass. Otherwise the pixels' times tell which belong together. */
  readonly isNumbered: boolean;
  /** By path: what values are multiplied with to be in SI. */
  readonly scales: ReadonlyMap<string, number>;
  /** Whether errors are parts of their columns. */
  readonly isErrorRelative: boolean;
  /** Of hybrid layers. */
  readonly edges: EdgeCoefficients | undefined;
  /** Whose cells are the pixels. */
  readonly grid: Grid | undefined;
  private readonly axes: PixelAxes;

  private constructor(
    private readonly file: NetcdfFile,
    readonly product: ColumnProduct,
  ) {
    const variables = variablesOf(product);
    for (const { path, use } of variables) this.require(path, use === 'sensitivity');
    this.axes = new PixelAxes(file, product.column);
    this.scanlines = this.axes.scanlines;
    this.scanlinePixels = this.axes.scanlinePixels;
    const width = this.axes.width(product.sensitivity.variable);
    this.layers = product.sensitivity.kind === 'logarithmic kernel' ? Math.floor(Math.sqrt(width)) : width;
    this.isErrorRelative = ['%', 'percent'].includes(this.unitsOf(product.error).toLowerCase());
    this.scales = this.unitScales();
    this.edges = edgeCoefficients(file, product, this.layers, this.scales.get(product.surfacePressure ?? '') ?? 1);
    const number = product.pass && plain(file.attributes())[product.pass.attribute];
    this.isNumbered = number !== undefined;
    this.pass = product.pass && number !== undefined ? `${product.name}, ${product.pass.name} ${String(number)}` : product.name;
    for (const { variable } of product.rules) this.require(variable, false);
    for (const variable of variables) this.checkShape(variable);
    for (const { variable } of product.rules) this.checkShape({ path: variable, ...RULE_VARIABLE });
    this.grid = this.gridOf(product);
  }

  /**
   * @param product - of a file whose variables the case names; else the file tells which of the products that are read it is
   * @throws {DataError} `COLUMN_PRODUCT` for another product or structure, `COLUMN_KERNEL` without averaging kernels or scattering weights, `COLUMN_SHAPE` where a
   *   variable has not as many values as the pixels and layers need, and what `openNetcdf` throws
   * @throws {UnitError} `COLUMN_UNIT`
   *
   * @example
   * const file = ColumnFile.open('S5P_OFFL_L2__NO2____….nc');
   * for (const pixels of readPixels(file, counts)) …
   * file.close();
   */
  static open(path: string, product?: ColumnProduct): ColumnFile {
    const file = openNetcdf(path);
    try {
      return reading(path, () => {
        const chosen = product ?? columnProductOf(file);
        if (chosen) return new ColumnFile(file, chosen);
        throw new DataError(
          'COLUMN_PRODUCT',
          `${path}: expected the columns of ${PRODUCTS.map(({ name }) => name).join(', ')} but received ${nameOf(file)}, which holds none of them: give one of these products, with its groups as the agency wrote them, or name its variables in the case (columns.….variables)`,
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

  /** Values of scanlines `first` … `first + count − 1`, fill values NaN, in SI, `[scanline, pixel, …]`. A variable that is the same for all of them comes whole. */
  readScanlines(path: string, first: number, count: number): CfData {
    return reading(this.path, () => {
      const { start, length } = this.axes.slab(path, first, count);
      const read = unpacked(this.file.read(path, start, length), plain(this.file.attributes(path)), `${this.path}: ${path}`);
      const values = this.axes.inOrder(path, read, length);
      const { fill } = this.product;
      if (fill !== undefined) for (let i = 0; i < values.length; i++) if (values[i] === fill) values[i] = Number.NaN;
      const scale = this.scales.get(path) ?? 1;
      if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] *= scale;
      return values;
    });
  }

  has(path: string): boolean {
    return this.file.variable(path) !== undefined;
  }

  /** Whether a variable is the same for all pixels, as pressures on fixed levels are. */
  isShared(path: string): boolean {
    return this.axes.spread(path) === 'file';
  }

  /** Values of each pixel. */
  width(path: string): number {
    return this.axes.width(path);
  }

  /** For slabs of `count` scanlines that follow each other. */
  keepChunks(path: string, count: number): void {
    reading(this.path, () => this.file.keepChunks(path, this.axes.slab(path, 0, count).length));
  }

  /** ms since 1970, by scanline, by pixel (`[count · scanlinePixels]`), or one for the file. */
  readTimes(first: number, count: number): Float64Array {
    const { time } = this.product;
    if ('pattern' in time) return this.readGranuleTimes(time, first, count);
    const { variable, delta, units: stated } = time;
    const attributes = plain(reading(this.path, () => this.file.attributes(variable)));
    const reference = plain(this.file.attributes()).time_reference;
    const units = attributes.units ?? stated ?? (reference === undefined ? '' : `seconds since ${String(reference)}`);
    const decode = cfDecoder(String(units), cfCalendar() ?? 'gregorian', `${this.path}: ${variable}`);
    if (delta === undefined) return Float64Array.from(this.readScanlines(variable, first, count), decode);
    const begin = decode(Number(reading(this.path, () => this.file.read(variable))[0]));
    return Float64Array.from(this.readScanlines(delta, first, count), (milliseconds) => begin + milliseconds);
  }

  /** ms since 1970, of the first and the last pixel that have a time; NaN where none has. */
  timeRange(): [first: number, last: number] {
    let [earliest, latest] = [Number.NaN, Number.NaN];
    for (const time of this.readTimes(0, this.scanlines)) {
      if (!(time >= earliest)) earliest = Number.isFinite(time) ? time : earliest;
      if (!(time <= latest)) latest = Number.isFinite(time) ? time : latest;
    }
    return [earliest, latest];
  }

  close(): void {
    this.file.close();
  }

  private readGranuleTimes(time: GranuleTimes, first: number, count: number): Float64Array {
    const { grid, scanlinePixels } = this;
    const timeAt = granuleTime(this.path, plain(this.file.attributes()), time);
    return Float64Array.from({ length: count * scanlinePixels }, (_, i) =>
      timeAt(grid!.centre(first + Math.floor(i / scanlinePixels), i % scanlinePixels).lon),
    );
  }

  private gridOf({ footprint, time }: ColumnProduct): Grid | undefined {
    if (footprint.kind !== 'cells') return undefined;
    const attributes = plain(this.file.attributes());
    if ('pattern' in time) granuleTime(this.path, attributes, time);
    const [rows, columns] = [footprint.rows, footprint.columns].map((path) =>
      unpacked(this.file.read(path), plain(this.file.attributes(path)), `${this.path}: ${path}`),
    );
    return gridOfCells(this.path, attributes, rows, columns);
  }

  private require(path: string, isSensitivity: boolean): void {
    if (this.file.variable(path)) return;
    const { name, isNamed, remedy } = this.product;
    if (isNamed) {
      const names = [
        ...this.file.variables.map((variable) => variable.name),
        ...this.file.groups.flatMap((group) => group.variables.map((variable) => `${group.name}/${variable.name}`)),
      ];
      throw new DataError(
        isSensitivity ? 'COLUMN_KERNEL' : 'COLUMN_PRODUCT',
        `${this.path}: there is no ${path}, which the case names for ${name}; the file holds ${names.slice(0, 30).join(', ')}: name one of these (columns.….variables)`,
      );
    }
    if (isSensitivity) {
      throw new DataError(
        'COLUMN_KERNEL',
        `${this.path}: there is no ${path}, without which a model's profile cannot be compared with the columns of ${name}: ${remedy ?? 'take the whole file (subsets often leave it out)'}`,
      );
    }
    throw new DataError(
      'COLUMN_PRODUCT',
      `${this.path}: expected ${name} but there is no ${path}, as in a subset or another version: ${remedy ?? 'take the whole file, of a version whose structure is read'}`,
    );
  }

  private checkShape({ path, use, perPixel, mayBeShared }: ReadVariable): void {
    if (perPixel === undefined) return;
    const expected = perPixel(this.layers);
    const shape = this.file.shape(path);
    const spread = this.axes.spread(path);
    const isWhole = spread === 'pixels' || (use === 'time' && this.scanlines > 0) || (mayBeShared === true && spread === 'file');
    if (isWhole && expected.includes(this.axes.width(path))) return;
    const pixels = this.scanlines * this.scanlinePixels;
    if (use === 'layers' && isWhole) {
      throw new DataError(
        'COLUMN_LAYERS',
        `${this.path}: expected ${expected.join(' or ')} values of ${path} for the ${this.layers} layers of ${this.product.sensitivity.variable} but received ${this.axes.width(path)}: take the file as the agency wrote it`,
      );
    }
    throw new DataError(
      'COLUMN_SHAPE',
      `${this.path}: expected ${path} to have ${expected[0] * pixels} values for the ${this.scanlines} x ${this.scanlinePixels} pixels of ${this.product.column} but received ${shape.join(' x ')}: take the file as the agency wrote it`,
    );
  }

  private unitScales(): Map<string, number> {
    const scales = new Map<string, number>();
    for (const { path, unit } of variablesOf(this.product)) {
      if (unit === 'column' || (unit === 'error' && !this.isErrorRelative)) scales.set(path, this.columnScale(path));
      if (unit === 'error' && this.isErrorRelative) scales.set(path, 0.01);
      if (unit === 'pressure') scales.set(path, this.pressureScale(path));
    }
    return scales;
  }

  private columnScale(path: string): number {
    const units = this.unitsOf(path) || (this.product.units?.column ?? '');
    const spelling = units.toLowerCase().replace(/\s+|\^|\*|\.(?!\d)/g, '');
    const [, factor, rest] = /^(1e[+]?15|10\+?15)?(.*)$/.exec(spelling) ?? [];
    const scale = factor === undefined ? 1 : 1e15;
    if (/^mol(es?)?(m-2|\/m2)$/.test(rest)) return scale;
    if (/^molec(ules?)?(cm-2|\/cm2)$/.test(rest)) return scale * PER_MOLECULE_CM2;
    throw unitError(this.path, path, units, 'mol m-2 or molecules/cm^2');
  }

  private pressureScale(path: string): number {
    const units = this.unitsOf(path) || (this.product.units?.pressure ?? '');
    try {
      return conversion(units, 'Pa').scale;
    } catch (cause) {
      throw unitError(this.path, path, units, 'Pa or hPa', cause);
    }
  }

  private unitsOf(path: string): string {
    if (!holdsNumbers(this.file.variable(path)!)) return '';
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
