/** Names along a dimension of a CF file, such as those of stations or groups: text of fixed width, which every netCDF tool reads. */

/** Where it bears the name of its dimension it is the dimension's coordinate. */
export interface CfLabels {
  name: string;
  dimension: string;
  values: readonly string[];
  attributes?: Record<string, string>;
}

/** Characters, NUL behind the shorter ones, in UTF-8. xarray and netCDF4-python make strings of them by `_Encoding`. */
export interface StoredLabels {
  name: string;
  dimensions: string[];
  data: Uint8Array;
  isText: true;
  attributes: Record<string, string>;
}

/** @returns the variables, and the dimensions of their widths */
export function storedLabels(labels: readonly CfLabels[] = []): { dimensions: Record<string, number>; variables: StoredLabels[] } {
  const dimensions: Record<string, number> = {};
  const variables = labels.map(({ name, dimension, values, attributes }): StoredLabels => {
    const texts = values.map((value) => Buffer.from(value, 'utf8'));
    const width = texts.reduce((longest, { length }) => Math.max(longest, length), 1);
    const data = new Uint8Array(texts.length * width);
    texts.forEach((text, i) => data.set(text, i * width));
    dimensions[`${name}_length`] = width;
    return { name, dimensions: [dimension, `${name}_length`], data, isText: true, attributes: { ...attributes, _Encoding: 'utf-8' } };
  });
  return { dimensions, variables };
}
