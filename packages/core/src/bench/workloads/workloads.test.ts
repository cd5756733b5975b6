import { GROUPS, SPECIES } from '../../base/species';
import { tracerCount } from '../../case';
import { surrogateSchema } from '../../case/schema/learning-schema';
import { networkSettings } from '../../surrogate/model/surrogate-settings';
import { WORKLOADS } from './workloads';

test('the workload called default is what a case has by default', () => {
  const settings = surrogateSchema().parse({});
  const { network, steps, tracers } = WORKLOADS.default;
  expect(network).toEqual(networkSettings(settings, SPECIES.length));
  expect(steps).toBe(settings.window.reduce((sum, { count }) => sum + count, 0));
  expect(tracers).toBe(tracerCount(settings.tracers, GROUPS));
});
