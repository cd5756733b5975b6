import { judgeResponse } from './regional-response';

describe('judgeResponse', () => {
  it.each([
    ["the paper's BTH: NO2 falls by a quarter, NOx rises by 1 %", 0.01, -0.25, 'opposite'],
    ['both fall, NO2 a little less', -0.3, -0.25, 'plausible'],
    ['both rise, NO2 a little more', 0.2, 0.26, 'plausible'],
    ['NO2 falls by far more than NOx', -0.02, -0.25, 'excessive'],
    ['NO2 falls although NOx stays', 0, -0.25, 'excessive'],
    ['NO2 rises although NOx stays', 0, 0.25, 'excessive'],
    ['NO2 hardly moves', 0.2, -0.04, 'small'],
  ])('%s', (_, emissions, concentrations, expected) => expect(judgeResponse(emissions, concentrations)).toBe(expected));
});
