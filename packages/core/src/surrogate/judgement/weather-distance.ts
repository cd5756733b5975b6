/**
 * How new the weather of a period is that the surrogate was not trained in: the part of its values that lie outside what the same variable was, in the same cell, in the
 * hours of the training. Distances to the training's mean, in units of its spread, ranked the periods worse in which the surrogate failed (docs/runs.md has figures).
 */
import { hoursOf, type PeriodSource } from '../../fields/period-source';

/** Part of the weather of a period outside the training's, 0…1. */
export interface PeriodWeather {
  period: string;
  /** mean over the variables */
  beyond: number;
  /** of each variable, the largest first */
  variables: { name: string; beyond: number }[];
}

/** Least and largest value of each variable in each cell over the hours of the training. */
export class WeatherRange {
  private readonly least: Float32Array;
  private readonly largest: Float32Array;

  /** @param source - a period that is trained in, with the variables and cells of all */
  constructor(source: PeriodSource) {
    const { grid, meteorologyNames } = source;
    const values = grid.rows * grid.cols * meteorologyNames.length;
    this.least = new Float32Array(values).fill(Infinity);
    this.largest = new Float32Array(values).fill(-Infinity);
    this.add(source);
  }

  /** Takes in all hours of a period, its spin-up too, as the surrogate's scales do. */
  add(source: PeriodSource): this {
    for (const field of hoursOf(source, 'meteorology')) {
      for (let i = 0; i < field.length; i++) {
        if (field[i] < this.least[i]) this.least[i] = field[i];
        if (field[i] > this.largest[i]) this.largest[i] = field[i];
      }
    }
    return this;
  }

  /** What of a period's weather lies outside. */
  newIn(source: PeriodSource): PeriodWeather {
    const { meteorologyNames: names, time } = source;
    const outside = names.map(() => 0);
    for (const field of hoursOf(source, 'meteorology')) {
      for (let i = 0; i < field.length; i++) if (field[i] < this.least[i] || field[i] > this.largest[i]) outside[i % names.length]++;
    }
    const valuesOfOne = (time.count * this.least.length) / names.length;
    const variables = names.map((name, v) => ({ name, beyond: outside[v] / valuesOfOne })).sort((a, b) => b.beyond - a.beyond);
    return { period: source.name, beyond: variables.reduce((sum, { beyond }) => sum + beyond, 0) / variables.length, variables };
  }
}

/** More than this part outside is worth a warning. */
const MOST_NEW = 0.2;

export const isNew = ({ beyond }: PeriodWeather): boolean => beyond > MOST_NEW;

/** @returns 'july: 31 % of the weather lies outside that of the training, most of all TEMP2 (80 %) and Q2 (62 %)' */
export function newWeatherInWords({ period, beyond, variables }: PeriodWeather): string {
  const farthest = variables.slice(0, 2).map((variable) => `${variable.name} (${inPercent(variable.beyond)})`);
  return `${period}: ${inPercent(beyond)} of the weather lies outside that of the training, most of all ${farthest.join(' and ')}`;
}

const inPercent = (part: number): string => `${(100 * part).toFixed(0)} %`;
