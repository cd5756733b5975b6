import { Grid } from '../../grid/grid';
import { applyKernel } from '../column-operator';
import type { ModelLayers } from '../model-layers';
import { CRIS, CRIS_KERNEL } from '../testing/ammonia-cdl';
import { linearProfile, standardPressure } from './pixel-layers';

const pressures = CRIS.pressure.map((pressure) => 100 * pressure);
const apriori = CRIS.xa.map((fraction) => 1e-6 * fraction);
const AIR = 1 / (28.9628e-3 * 9.81);
/** mol m-2 of a unit of mole fraction at each level, by the trapezoidal rule as the sum over intervals. */
const trapezium = (fractions: number[]): number =>
  fractions.slice(1).reduce((sum, fraction, k) => sum + ((pressures[k] - pressures[k + 1]) * AIR * (fraction + fractions[k])) / 2, 0);
/** The column of the retrieval of a profile, by its definition in logarithms. */
const retrieved = (fractions: number[]): number =>
  trapezium(apriori.map((qa, m) => qa * Math.exp(CRIS_KERNEL[m].reduce((sum, a, n) => sum + a * Math.log(fractions[n] / apriori[n]), 0))));

const { edges, kernel, apriori: amounts } = linearProfile(pressures, apriori, (m, n) => CRIS_KERNEL[m][n]);
const linear = (fractions: number[]): number =>
  amounts.reduce((sum, amount, n) => sum + kernel[n] * amount * (fractions[n] / apriori[n]) + (1 - kernel[n]) * amount, 0);

it('a kernel of logarithms: the column of the a priori is exact, that of others to first order', () => {
  expect(Math.abs(linear(apriori) / retrieved(apriori) - 1)).toBeLessThan(1e-12);
  expect(Math.abs(trapezium(apriori) / amounts.reduce((sum, amount) => sum + amount) - 1)).toBeLessThan(1e-12);
  const direction = [0.7, -0.4, 1.3, 0.5];
  const along = (step: number): number[] => apriori.map((qa, n) => qa * (1 + step * direction[n]));
  const misfit = (step: number): number => Math.abs(linear(along(step)) - retrieved(along(step)));
  // The Taylor remainder falls at rate 2.
  for (const step of [0.1, 0.01, 0.001]) expect(Math.log2(misfit(step) / misfit(step / 2))).toBeCloseTo(2, step < 0.05 ? 1 : 0);
});

it('turned upside down, or with levels and rows exchanged, it is another kernel', () => {
  const other = linearProfile(pressures, apriori, (m, n) => CRIS_KERNEL[n][m]).kernel;
  expect(Math.abs(other[0] / kernel[0] - 1)).toBeGreaterThan(0.05);
});

it('under the operator a model with the a priori in its layers has the column of the a priori, and with twice as much at the ground what the kernel says', () => {
  const grid = new Grid({ name: 'ONE', gdtyp: 1, pAlp: 0, pBet: 0, pGam: 0, xcent: 0, ycent: 0, xorig: 110, yorig: 30, xcell: 1, ycell: 1, cols: 1, rows: 1 }); // prettier-ignore
  const model: ModelLayers = { grid, layers: 4, pressureEdges: edges, air: new Float64Array(4), path: '', time: new Date(0) };
  const column = amounts.reduce((sum, amount) => sum + amount);
  const retrieval = { column, error: 1, pressureEdges: edges, sensitivity: { kind: 'kernel', given: 'layers', values: kernel }, airMassFactor: 1, apriori: amounts, addsApriori: true } as const; // prettier-ignore
  const row = applyKernel(retrieval, model, [{ cell: 0, share: 1 }]);
  const simulated = (x: Float64Array): number => x.reduce((sum, amount, k) => sum + row.weights[k] * amount, row.offset);
  expect(Math.abs(simulated(amounts) / column - 1)).toBeLessThan(1e-12);
  const doubled = amounts.map((amount, k) => (k === 0 ? 2 : 1) * amount);
  expect(Math.abs(simulated(doubled) / linear(apriori.map((qa, k) => (k === 0 ? 2 : 1) * qa)) - 1)).toBeLessThan(1e-12);
});

it('the standard atmosphere', () => {
  // U.S. Standard Atmosphere (1976), table I, by geopotential height
  expect(standardPressure(0)).toBeCloseTo(101325, 6);
  expect(standardPressure(1000) / 89875).toBeCloseTo(1, 4);
  expect(standardPressure(11000) / 22632).toBeCloseTo(1, 3);
  expect(standardPressure(15000) / 12045).toBeCloseTo(1, 3);
});
