import { failure } from '../../files/testing/shared-data';
import { namedProduct, variableProblems, type ColumnVariables } from './named-variables';

const variables: ColumnVariables = {
  column: 'nh3',
  error: 'nh3_error',
  averagingKernel: 'ak',
  pressures: 'p',
  latitude: 'lat',
  longitude: 'lon',
  pixelSize: 12,
  time: 'time',
};
const passesOf = (condition: string): ((value: number) => boolean) => namedProduct('NH3_column', 'NH3', { ...variables, quality: { 'g/flag': condition } }).rules[0].passes; // prettier-ignore

it('conditions as people write them; a value that packing or single precision moved is equal to the bound', () => {
  const passing = (condition: string, values: number[]): number[] => values.filter(passesOf(condition));
  expect(passing('> 0.75', [0.75, Math.fround(0.7500001), 0.76])).toEqual([0.76]);
  expect(passing('>= 0.5', [0.49, Math.fround(0.5) - 1e-8, 1])).toEqual([Math.fround(0.5) - 1e-8, 1]);
  expect(passing('< 0.2', [Math.fround(0.2), 0.19, -1])).toEqual([0.19, -1]);
  expect(passing('<=70', [70, 70.1])).toEqual([70]);
  expect(passing('= 0, 2', [0, 1, 2, 3])).toEqual([0, 2]);
  expect(passing('>= 1 and < 3', [0, 1, 2, 3])).toEqual([1, 2]);
  expect(namedProduct('NH3_column', 'NH3', { ...variables, quality: { 'g/flag': ' = 0' } }).rules[0].text).toBe('flag = 0');
});

it('what is missing, or there twice, is told by its key', () => {
  const problems = (change: Partial<ColumnVariables>): [string, string][] =>
    variableProblems({ ...variables, ...change }).map(({ key, condition, text }) => [condition ?? key, text]);
  expect(problems({})).toEqual([]);
  expect(problems({ averagingKernel: undefined })).toEqual([
    ['averagingKernel', 'expected one of averagingKernel, scatteringWeights but received none: name what the files have'],
  ]);
  expect(problems({ pressureEdges: 'edges' })).toEqual([
    ['pressures', 'expected one of pressureEdges, pressures, hybridA but received pressureEdges and pressures: name what the files have'],
  ]);
  expect(problems({ averagingKernel: undefined, scatteringWeights: 'sw' })).toEqual([
    ['airMassFactor', 'expected the variable that belongs to scatteringWeights: the kernel is the scattering weights divided by it'],
  ]);
  expect(problems({ pressures: undefined, hybridA: 'a' }).map(([key]) => key)).toEqual(['hybridB', 'surfacePressure']);
  expect(problems({ pixelSize: undefined, longitude: undefined }).map(([key]) => key)).toEqual(['longitude', 'pixelSize']);
  expect(problems({ latitude: undefined, latitudeBounds: 'lat4' }).map(([key]) => key)).toEqual(['longitudeBounds']);
  for (const condition of ['', '0.75', '> a', '> 1, 2', '=', '> 1 and', '== 1']) {
    expect(problems({ quality: { qa_value: condition } })).toEqual([
      ['qa_value', `expected a condition such as "> 0.75", "= 0, 2" or ">= 1 and <= 3" but received "${condition}"`],
    ]);
  }
  expect(() => namedProduct('NH3_column', 'NH3', { ...variables, pressures: undefined })).toThrow(
    failure('COLUMN_VARIABLES', 'columns.NH3_column.variables.pressureEdges: expected one of pressureEdges, pressures, hybridA but received none: name what the files have', 2),
  ); // prettier-ignore
});
