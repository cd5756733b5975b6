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
    ['NO2 falls by 5.1 % of 4 %: an elasticity of 1.28', -0.04, -0.051, 'plausible'],
    ['NO2 falls by 4.9 %', -0.04, -0.049, 'small'],
    ['NO2 rises by 1.49 times as much', 0.2, 0.298, 'plausible'],
    ['NO2 rises by 1.51 times as much', 0.2, 0.302, 'excessive'],
  ])('%s', (_, emissions, concentrations, expected) => expect(judgeResponse(emissions, concentrations)).toBe(expected));
});
