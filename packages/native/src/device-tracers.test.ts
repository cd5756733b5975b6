/** Tracers carried in a GPU's memory, and their transpose, against those of the host. */
import { DeviceFields } from './fields';
import { DeviceTracers, type DeviceTracerRequest, tracers, tracersAdjoint, type TracerKind, type TracerRequest } from './tracers';
import { cudaDevices } from './kernels';
import { randomArray } from './testing/oracles';

const KINDS: TracerKind[] = [
  { lifetime: 3 },
  { lifetime: 48, aloft: true, kept: 1 },
  { lifetime: 24, precursor: 0, rate: 0 },
  { lifetime: 9, precursor: 2, rate: 2, kept: 1 },
];

/** Ten groups of four to seven tracers, and one of none: more than go through shared memory together. Cells are no multiple of a block's. */
const large = { hours: 3, rows: 9, cols: 33, kinds: [...Array.from({ length: 10 }, (_, g) => [...KINDS, ...KINDS.slice(0, 3 - (g % 4))]), []] };
const small = { hours: 6, rows: 8, cols: 31, kinds: [KINDS, KINDS.slice(0, 3)] };
const weatherChannels = { rateCount: 3, cellSizeX: 27000, cellSizeY: 20000, channels: 4, windX: 3, windY: 1, height: 0 };

const random = (length: number, seed: number): Float32Array => Float32Array.from(randomArray(length, seed));

const cases: [string, DeviceTracerRequest, { factors: 'none' | 'shared' | 'hourly'; wind?: number }][] = [
  ['the emissions as they are', { ...small, ...weatherChannels }, { factors: 'none' }],
  ['one factor for all hours, several turns of tracers', { ...large, ...weatherChannels }, { factors: 'shared' }],
  ['factors of each hour, 1 / height', { ...small, ...weatherChannels, inverseHeight: true }, { factors: 'hourly' }],
  ['calm air', { ...small, ...weatherChannels }, { factors: 'shared', wind: 0 }],
  [
    'no rates',
    { ...small, ...weatherChannels, kinds: [KINDS.slice(0, 1), KINDS.slice(0, 2).map(({ kept: _, ...kind }) => kind)], rateCount: 0 },
    { factors: 'shared' },
  ],
];

function inputsOf(r: DeviceTracerRequest, { factors, wind = 12 }: { factors: string; wind?: number }): Record<string, Float32Array> {
  const cells = r.rows * r.cols;
  const height = (value: number): number => (r.inverseHeight ? 1 / Math.max(1, Math.abs(1000 * value)) : Math.abs(1000 * value));
  return {
    meteorology: random(r.hours * cells * r.channels, 1).map((value, i) => (i % r.channels === r.height ? height(value) : wind * value)),
    rates: random(r.hours * cells * (r.rateCount ?? 0), 2).map(Math.abs),
    emissions: random(r.hours * cells * r.kinds.length, 3).map(Math.abs),
    factors: random((factors === 'hourly' ? r.hours : 1) * cells * r.kinds.length, 4).map(Math.abs),
    grad: random(r.hours * cells * r.kinds.flat().length, 5),
  };
}

function expectAlike(actual: Float32Array, expected: Float32Array): void {
  const largest = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  expect(largest).toBeGreaterThan(0);
  const worst = expected.reduce((most, each, i) => Math.max(most, Number.isFinite(actual[i]) ? Math.abs(actual[i] - each) : Infinity), 0);
  expect(worst / largest).toBeLessThan(2e-6);
}

const modules = ['retroplume_emulated', ...(cudaDevices().built ? ['retroplume_ptx'] : [])];

describe.each(modules)('on %s', (module) => {
  const made: { dispose(): void }[] = [];
  afterEach(() => made.splice(0).forEach((each) => each.dispose()));

  function fields(r: DeviceTracerRequest, channels: number, data?: Float32Array, hours = r.hours): DeviceFields {
    const of = new DeviceFields({ hours, rows: r.rows, cols: r.cols, channels }, 'cuda', module);
    made.push(of);
    if (data) of.write(0, data);
    return of;
  }

  function carrying(r: DeviceTracerRequest, given: Record<string, Float32Array>): DeviceTracers {
    const rates = r.rateCount ? fields(r, r.rateCount, given.rates) : undefined;
    const of = new DeviceTracers(r, fields(r, r.channels, given.meteorology), rates, 'cuda', module);
    made.push(of);
    return of;
  }

  test.each(cases)('%s', (_, r, options) => {
    const given = inputsOf(r, options);
    const count = r.kinds.flat().length;
    const onHost: TracerRequest = { ...r, hourlyFactors: options.factors === 'hourly' };
    const expected = new Float32Array(given.grad.length);
    const factors = options.factors === 'none' ? undefined : given.factors;
    tracers(onHost, given.meteorology, given.rates, given.emissions, expected, factors);
    const gradExpected = new Float32Array(given.factors.length).fill(0.5);
    tracersAdjoint(onHost, given.meteorology, given.rates, given.emissions, given.grad, gradExpected);

    const carried = carrying(r, given);
    const emissions = fields(r, r.kinds.length, given.emissions);
    const factorHours = options.factors === 'hourly' ? r.hours : 1;
    const factorFields = factors && fields(r, r.kinds.length, factors, factorHours);
    // With room for an hour more, as for the longest of several periods.
    const [out, grad] = [fields(r, count, undefined, r.hours + 1), fields(r, count, given.grad, r.hours + 1)];
    const gradFactors = fields(r, r.kinds.length, new Float32Array(given.factors.length).fill(0.5), factorHours);
    const [actual, gradActual] = [new Float32Array(expected.length), new Float32Array(gradExpected.length)];
    // Twice, and the one after the other: each begins with nothing in the air.
    for (let i = 0; i < 2; i++) {
      carried.carry(emissions, factorFields, out);
      if (i === 0) carried.addAdjoint(emissions, grad, gradFactors);
    }
    out.read(0, actual);
    gradFactors.read(0, gradActual);
    expectAlike(actual, expected);
    expectAlike(gradActual, gradExpected);
  });

  test('refuses fields that do not fit', () => {
    const r = { ...small, ...weatherChannels };
    const given = inputsOf(r, { factors: 'shared' });
    const [meteorology, rates] = [fields(r, 4, given.meteorology), fields(r, 3, given.rates)];
    const refused: [RegExp, DeviceTracerRequest, DeviceFields, DeviceFields | undefined][] = [
      [/meteorology of the request's hours/, { ...r, hours: 7 }, meteorology, rates],
      [/rates of the request's hours, cells and channels/, { ...r, rateCount: 4 }, meteorology, rates],
      [/expected fields on the program's GPU/, r, meteorology, undefined],
      [/at least one tracer/, { ...r, kinds: [[], []] }, meteorology, rates],
      [/channels to hold the winds/, { ...r, windX: 4 }, meteorology, rates],
      [/meteorology to lie on the same GPU/, r, new DeviceFields({ ...meteorology.shape, one: 1 }, 'cuda', module), rates],
    ];
    for (const [message, request, weather, of] of refused) expect(() => new DeviceTracers(request, weather, of, 'cuda', module)).toThrow(message);
    const carried = carrying(r, given);
    const [emissions, out] = [fields(r, 2, given.emissions), fields(r, 7)];
    expect(() => carried.carry(emissions, fields(r, 2, undefined, 4), out)).toThrow(/factors of the request's hours/);
    expect(() => carried.carry(emissions, undefined, emissions)).toThrow(/out of the request's hours/);
    expect(() => carried.addAdjoint(out, out, emissions)).toThrow(/emissions of the request's hours/);
    carried.dispose();
    expect(() => carried.carry(emissions, undefined, out)).toThrow(/have been disposed: make new ones/);
  });
});
