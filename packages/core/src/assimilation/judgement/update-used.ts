/** Whether the run on the updated emissions is one: of the user's own model nothing else says so. */
import type { PreparedPeriod } from '../../fields/prepared';
import type { TransportError } from '../../base/errors';
import { followingDoubts, meanOverHours } from './response-doubts';
import { PRIOR } from '../../case/case-runs';
import { commandIgnored, emissionsIgnored, otherEmissions, sameConcentrations } from '../../inventory/reading/emissions-used';
import type { Workspace } from '../workspace';
import type { EmissionUpdate } from '../scores/emission-update';

const NAME = 'the updated run';

/**
 * Tells, as a warning, where its concentrations do not change as its emissions do.
 *
 * @param updated - `[T, H, W, species]` @param output - the file that a run of the case's own command is collected in
 * @throws {TransportError} `EMISSIONS_IGNORED` where they are those of the prior run
 */
export function expectUpdateUsed(
  { caseSettings, log }: Pick<Workspace, 'caseSettings' | 'log'>,
  { name, time, groups, species, runs }: Pick<PreparedPeriod, 'name' | 'time' | 'groups' | 'species' | 'runs'>,
  update: Pick<EmissionUpdate, 'prior' | 'updated'>,
  updated: Float32Array,
  output: string,
): void {
  const brought = caseSettings.updatedConcentrations !== undefined;
  if (!brought && caseSettings.ctm.kind === 'reference') return;
  const { concentrations } = runs.get(PRIOR)!;
  if (sameConcentrations(concentrations, updated, species.length) && otherEmissions(update.prior, update.updated, { groups, species }))
    throw ignored(name, brought, output);
  const prior = { emissions: update.prior, concentrations: meanOverHours(concentrations, time.count) };
  const run = { emissions: update.updated, concentrations: meanOverHours(updated, time.count) };
  for (const doubt of followingDoubts(prior, new Map([[NAME, run]]), { groups, species })) log(`warning: ${name}: ${doubt}`);
}

function ignored(period: string, brought: boolean, output: string): TransportError {
  const remedy = brought ? 'give as updatedConcentrations the output of the model with the emissions that apply wrote' : commandIgnored(output);
  return emissionsIgnored(NAME, period, remedy);
}
