/** What the page's own script is given beside the series, as JSON; templates/report/*.js takes these types from here. */

/**
 * Over the values of one station, species and period of which observed, prior and updated are there, in the unit of the species. A list, since a page holds
 * thousands; r is null where a side does not vary.
 */
export type PickerScores = [
  pairs: number,
  observedMean: number,
  priorMean: number,
  updatedMean: number,
  priorBias: number,
  updatedBias: number,
  priorMae: number,
  updatedMae: number,
  priorR: number | null,
  updatedR: number | null,
];

export interface PickerSeries {
  /** index into `periods` */
  period: number;
  /** index into `species` */
  species: number;
  /** beginning of the first value, milliseconds since 1970 UTC */
  start: number;
  /** of the values in the page, which may be means over several of the run's */
  stepSeconds: number;
  count: number;
  /** values in the page are whole multiples of it */
  step: number;
  /** of each station; null where it has no pair */
  scores: (PickerScores | null)[];
}

export interface PickerStation {
  id: string;
  name?: string;
  role: 'used' | 'watched' | 'withheld';
  lon: number;
  lat: number;
  /** on the map, pixels */
  x: number;
  y: number;
}

export interface PickerData {
  caseName: string;
  periods: string[];
  /** `name` as in files, `label` and `unitLabel` as printed */
  species: { name: string; label: string; unit: string; unitLabel: string }[];
  stations: PickerStation[];
  /** what it means that a station has it, and its mark on the map about (0, 0), as SVG path data */
  roles: Record<PickerStation['role'], { meaning: string; mark: string }>;
  /** radius of a mark */
  markSize: number;
  /** in the order in which each station's values are packed: observed, prior, updated of the first, then of the second … */
  series: PickerSeries[];
  /** colours of the map, from error fell to error rose */
  colours: string[];
  /** change of MAE, per cent of that of the prior, at which the colours end */
  coloursEnd: number;
}
