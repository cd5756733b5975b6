import { GROUPS } from '../../base/species';
import { surrogateSchema, tracerCount, tracersOf } from './learning-schema';
import { CaseFolder } from '../testing/case-folder';
import { TINY_CASE as VALID } from '../testing/tiny-case';

const cases = new CaseFolder();

describe('what is wrong is said in one sentence each', () => {
  it.each([
    ['{period}*.nc" }', '{period}*.nc", variables: [u, v, PBL, TEMP2, Q2, RN] }', /surrogate\.tracers: they need RGRND among meteorology\.variables/],
    ['{period}*.nc" }', '{period}*.nc", variables: [TEMP2] }', /surrogate\.tracers: they need u among/],
    [
      'truth:',
      'surrogate: { tracers: [{ lifetime: 3, precursor: 12, by: light }] }\ntruth:',
      /tracers\.0: no tracer of NOx before it is emitted with a lifetime of 12 h/,
    ],
    [
      'truth:',
      'surrogate: { tracers: [{ lifetime: 12, groups: [NOx, SO2] }, { lifetime: 3, precursor: 12, by: light, groups: [NOx, VOC] }] }\ntruth:',
      /tracers\.1: no tracer of VOC before it is emitted with a lifetime of 12 h/,
    ],
    ['truth:', 'surrogate: { tracers: [{ lifetime: 12, groups: [CO] }] }\ntruth:', /groups\.0: expected one of NOx, NH3, SO2, VOC, PM2\.5/],
    ['truth:', 'surrogate: { tracers: [{ lifetime: 3 }, { lifetime: 3, precursor: 3 }] }\ntruth:', /tracers\.1: a product has precursor and by/],
    [
      'truth:',
      'surrogate: { tracers: [{ lifetime: 3 }, { lifetime: 3, precursor: 3, by: light, aloft: true }] }\ntruth:',
      /tracers\.1: a product is made where its precursor is/,
    ],
    ['truth:', 'surrogate: { tracers: [{ lifetime: 3, by: sun }] }\ntruth:', /by: expected one of light, cloud/],
  ])('%s → %s', (from, to, message) => {
    expect(cases.failure(VALID.replace(from, to)).message).toMatch(message);
  });
});

it('a group has the tracers that name it, and those that name none', () => {
  const { tracers } = surrogateSchema().parse({
    tracers: [{ lifetime: 3, groups: ['NOx', 'NOx'] }, { lifetime: 12 }, { lifetime: 48, groups: ['VOC', 'NOx'] }],
  });
  expect([tracersOf(tracers, 'NOx'), tracersOf(tracers, 'SO2'), tracersOf(tracers, 'VOC')]).toEqual([[0, 1, 2], [1], [1, 2]]);
  expect(tracerCount(tracers, GROUPS)).toBe(3 + 1 + 1 + 2 + 1);
});
