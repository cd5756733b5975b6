/**
 * First-order sensitivities of the transport model that come as files, held against the surrogate's own derivative.
 *
 * A file holds semi-normalised sensitivities, as CMAQ-DDM-3D writes them to ASENS: S = E·∂C/∂E = ∂C/∂ε with emissions (1 + ε·m)·E of a group, m being 1 where the
 * sensitivity is to the emissions (a region, a mask of parts) and 0 elsewhere; in the unit of the concentration, for + 100 %. The surrogate's counterpart
 * is the central difference
 *
 *   ∂S/∂ε ≈ [ S((1 + hm)·E) − S((1 − hm)·E) ] / 2h
 *
 * of two free runs: its error is of order h² (h = 1/128: nothing beside that of single precision, about 1e-5 of the concentration), and it needs no second form of
 * the network, windows and tracers that a test would have to hold against the first.
 *
 * @see CMAQ User's Guide, ch. 10 (CMAQ-DDM-3D); Cohan et al. (2005), doi:10.1021/es048664m; Napelenok et al. (2006), doi:10.1016/j.atmosenv.2006.05.039
 */
import type { Group, Species } from '../../base/species';
import { caseChannels, type Case, type CertificateSettings } from '../../case';
import { readConcentrationChanges } from '../../case/gridded/case-fields';
import { filesWithin } from '../../files/ioapi/ioapi-file';
import { IoapiSeries } from '../../files/ioapi/ioapi-series';
import { expandGlob } from '../../files/glob';
import { readMask, regionMask } from '../../case/gridded/regions';
import type { PreparedPeriod } from '../../fields/prepared';
import { ConfigError } from '../../base/errors';
import type { Grid } from '../../grid/grid';
import type { SensitivityResponse } from '../../surrogate/judgement/certificate';
import { ROUNDINGS_PER_STEP } from '../../surrogate/judgement/differentiation';
import { responseFigures, responseSums } from '../../surrogate/judgement/response-comparison';
import { inPeriod, PRIOR } from '../../case/case-runs';
import type { Workspace } from '../workspace';

export type Sensitivity = CertificateSettings['sensitivities'][number];

/** Half-width of the central difference: rounding beside it is 1e-5 of the concentration, and few kinks of the network lie within. */
const STEP = 2 ** -7;

/** The surrogate, as {@link sensitivityResponses} needs it. */
interface SensitivityRuns {
  /** free run with the prior emissions, `[hours, H, W, species]` */
  prior: Float32Array;
  hours: readonly number[];
  /** unit roundoff of its arithmetic */
  roundoff: number;
  /** free run with factors `[H, W, groups]` on them */
  run: (factors: Float32Array) => Promise<Float32Array>;
}

/**
 * Compares one sensitivity in one period, for each species that it names.
 *
 * @throws {DataError} {UnitError} {GridError} as `readConcentrationChanges`: variables, hours, units or cells that are not there or not those of the case
 * @throws {ConfigError} `REGION_EMPTY` if the region or mask has no cell
 * @throws {DataError} `MASK_INVALID` if a part in the mask is not between 0 and 1
 */
export async function sensitivityResponses(
  context: Workspace,
  sensitivity: Sensitivity,
  period: PreparedPeriod,
  { prior, hours, roundoff, run }: SensitivityRuns,
): Promise<SensitivityResponse[]> {
  const species = period.species.filter((name) => sensitivity.variables[name] !== undefined);
  const change = readSensitivity(context, sensitivity, period, species);
  const parts = sensitiveParts(context.caseSettings, sensitivity, period.grid);
  const step = Math.max(STEP, ROUNDINGS_PER_STEP * roundoff);
  const increased = await run(factorsOf(period.groups, sensitivity, parts, step));
  const decreased = await run(factorsOf(period.groups, sensitivity, parts, -step));
  const derivative = increased.map((value, i) => (value - decreased[i]) / (2 * step));
  const { concentrations } = period.runs.get(PRIOR)!;
  const compared = {
    surrogate: { prior, change: derivative },
    ctm: { prior: concentrations, change },
    hours,
    period: period.name,
    species: period.species.length,
  };
  const [sums] = responseSums(compared);
  const place = sensitivity.region ?? sensitivity.mask?.variable;
  return species.map((name) => ({
    name: sensitivity.name,
    group: sensitivity.group,
    species: name,
    period: period.name,
    ...(place === undefined ? {} : { where: place }),
    figures: responseFigures(sums[period.species.indexOf(name)]),
  }));
}

/** Change for + 100 %, `[T, H, W, species]` in the species' units; 0 for species that the files do not hold. */
function readSensitivity(
  context: Workspace,
  sensitivity: Sensitivity,
  { grid, time, name, species: periodSpecies }: PreparedPeriod,
  species: readonly Species[],
): Float32Array {
  const series = IoapiSeries.open(filesWithin(expandGlob(inPeriod(sensitivity.files, name)), time), { grid });
  try {
    const variables = Object.fromEntries(species.map((name) => [name, sensitivity.variables[name]!]));
    const values = readConcentrationChanges(series, time, variables, caseChannels(context.caseSettings).units, { signal: context.signal });
    const out = new Float32Array((values.length / species.length) * periodSpecies.length);
    const channels = species.map((name) => periodSpecies.indexOf(name));
    values.forEach((value, i) => {
      out[Math.floor(i / species.length) * periodSpecies.length + channels[i % species.length]] = sensitivity.scale * value;
    });
    return out;
  } finally {
    series.close();
  }
}

/**
 * m: the part of each cell's emissions that the sensitivity is to, `[H, W]`.
 *
 * @throws {ConfigError} `REGION_EMPTY` @throws as `readMask`
 */
export function sensitiveParts({ regions }: Pick<Case, 'regions'>, { name, region, mask }: Sensitivity, grid: Grid): Float32Array {
  if (region === undefined && !mask) return new Float32Array(grid.rows * grid.cols).fill(1);
  const parts = mask ? readMask(mask, grid) : regionMask(regions[region!], grid);
  if (parts.some((part) => part > 0)) return parts;
  const emptyArea = mask ? `${mask.file}: ${mask.variable} is 0 everywhere` : `regions.${region!}: no cell of the grid has its centre in it`;
  throw new ConfigError('REGION_EMPTY', `${emptyArea}, so sensitivity ${name} would be to nothing: mend it, or take the sensitivity out`);
}

/** 1 + step·m on the group, 1 on the others, `[H, W, groups]`. */
function factorsOf(groups: readonly Group[], { group }: Sensitivity, parts: Float32Array, step: number): Float32Array {
  const factors = new Float32Array(parts.length * groups.length).fill(1);
  parts.forEach((part, cell) => (factors[cell * groups.length + groups.indexOf(group)] = 1 + step * part));
  return factors;
}
