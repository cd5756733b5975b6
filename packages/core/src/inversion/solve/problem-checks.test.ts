/** What would change the result of an inversion without a word is refused before its first step. */
import { Role, type ObservationBatch } from '../cost/cost';
import { invert } from './invert';
import type { InversionProblem, InversionSettings } from './inversion-problem';
import { MatrixModel } from '../testing/linear-models';
import { twinSettings } from '../testing/plume-twin';

const settings: InversionSettings = { ...twinSettings, iterations: 3, loss: 'l2', stopOnWithheld: false };
const problem: InversionProblem = { groups: ['NOx'], species: ['NO2'], priorEmissions: [1, 1], lengthCells: 0 };
const observed: ObservationBatch = {
  values: Float64Array.of(1.8, 0.7),
  error: Float64Array.of(0.2, 0.2),
  species: Uint8Array.of(0, 0),
  withheld: Uint8Array.of(Role.used, Role.used),
  times: 1,
};
const unit = [
  [1, 0],
  [0, 1],
];

interface Changes {
  observed?: Partial<ObservationBatch>;
  problem?: object;
  settings?: object;
}

function inverted(changes: Changes): ReturnType<typeof invert> {
  const model = new MatrixModel({ slots: 1, rows: 1, cols: 2, groups: 1 }, [unit], [{ ...observed, ...changes.observed }]);
  return invert(model, { ...problem, ...changes.problem }, { ...settings, ...changes.settings });
}

it.each<[string, Changes]>([
  ['OBSERVATIONS_SHAPE', { observed: { withheld: Uint8Array.of(0) } }],
  ['OBSERVATIONS_SHAPE', { observed: { error: Float64Array.of(0.2, 0.2, 0.2) } }],
  ['OBSERVATIONS_SHAPE', { observed: { species: Uint8Array.of(0) } }],
  ['OBSERVATION_ROLE', { observed: { withheld: Uint8Array.of(0, 3) } }],
  ['OBSERVATION_SPECIES', { observed: { species: Uint8Array.of(0, 1) } }],
  ['OBSERVATION_ERROR_INVALID', { observed: { error: Float64Array.of(0.2, 0) } }],
  ['OBSERVATION_ERROR_INVALID', { observed: { error: Float64Array.of(0.2, -0.2) } }],
  ['OBSERVATION_ERROR_INVALID', { observed: { error: Float64Array.of(NaN, 0.2) } }],
  ['PRIOR_EMISSIONS_INVALID', { problem: { priorEmissions: [1, NaN] } }],
  ['PRIOR_EMISSIONS_INVALID', { problem: { priorEmissions: [-1, 1] } }],
  ['INVERSION_SETTINGS', { problem: { lengthCells: NaN } }],
  ['INVERSION_SETTINGS', { problem: { lengthCells: [1, -1] } }],
  ['INVERSION_SETTINGS', { settings: { mode: 'defalt' } }],
  ['INVERSION_SETTINGS', { settings: { optimiser: 'bfgs' } }],
  ['INVERSION_SETTINGS', { settings: { loss: 'l3' } }],
  ['INVERSION_SETTINGS', { settings: { lossDivisor: 'times' } }],
  ['INVERSION_SETTINGS', { settings: { speciesWeights: 'all' } }],
  ['CALL_INVALID', { settings: { priorSpread: undefined } }],
  ['CALL_INVALID', { problem: { groupCorelation: [] } }],
])('%s for %j', async (code, changes) => {
  await expect(inverted(changes)).rejects.toMatchObject({ code });
});

it('a missing call argument, or a signal that is none', async () => {
  const refused = { code: 'CALL_INVALID' };
  const model = new MatrixModel({ slots: 1, rows: 1, cols: 2, groups: 1 }, [unit], [observed]);
  await expect(invert(model, problem, undefined as unknown as InversionSettings)).rejects.toMatchObject(refused);
  await expect(invert(model, undefined as unknown as InversionProblem, settings)).rejects.toMatchObject(refused);
  await expect(invert(model, problem, settings, { signal: {} as AbortSignal })).rejects.toMatchObject(refused);
});

it('the error of a value that is not in the cost is not asked for', async () => {
  const error = Float64Array.of(0.2, NaN);
  await expect(inverted({ observed: { error, withheld: Uint8Array.of(Role.used, Role.withheld) } })).resolves.toBeDefined();
  await expect(inverted({ observed: { error, values: Float64Array.of(1.8, NaN) } })).resolves.toBeDefined();
});

it.each<[string, object]>([
  ['forward: batch 0: expected the simulated values but received undefined: mend the call', { forward: () => Promise.resolve() }],
  [
    'takeGradient: expected the gradient with respect to the factors but received undefined: mend the call',
    { takeGradient: () => Promise.resolve() },
  ],
  [
    'observations: batch 0: expected an object, such as { values, error, species, withheld, times }, but received undefined: mend the call',
    { observations: () => undefined },
  ],
  [
    'observations: batch 0: error: expected a list of numbers but received undefined: mend the call',
    { observations: () => ({ values: observed.values }) },
  ],
  ['model.forward: expected a function but received undefined: mend the call', { forward: undefined }],
])('a model of the user of which is told: %s', async (message, wrong) => {
  const model = Object.assign(new MatrixModel({ slots: 1, rows: 1, cols: 2, groups: 1 }, [unit], [observed]), wrong);
  await expect(invert(model, problem, settings)).rejects.toMatchObject({ code: 'CALL_INVALID', message });
});

it.each([
  ['tangents', 'tangents: expected the change of the simulated values of each batch but received undefined: mend the call'],
  ['forward', 'forward: batch 0: expected the simulated values but received undefined: mend the call'],
])('of a model that Gauss–Newton asks, too: %s', async (name, message) => {
  const model = Object.assign(new MatrixModel({ slots: 1, rows: 1, cols: 2, groups: 1 }, [unit], [observed]), { [name]: () => Promise.resolve() });
  await expect(invert(model, problem, { ...settings, optimiser: 'gauss-newton' })).rejects.toMatchObject({ code: 'CALL_INVALID', message });
});
