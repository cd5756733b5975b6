import { UnitError } from '../base/errors';
import { convert, MOLAR_MASS, parseUnit } from './units';

const state = { temperature: 273.15, pressure: 101325 };

describe('spellings', () => {
  test.each([
    ['moles/s', 'mol s-1'],
    ['moles/s         ', 'mol s-1'],
    ['mols/s          ', 'mol s-1'], // CMAQ's emission files
    ['umols/mol', 'ppm'],
    ['MOLES/S', 'mol s-1'],
    ['micrograms/m**3', 'ug m-3'],
    ['µg/m3', 'ug m-3'],
    ['μg m^-3', 'ug m-3'],
    ['ug/m**3', 'ug m-3'],
    ['MICROG/M**3', 'ug m-3'],
    ['ppmV', 'ppm'],
    ['ppbV', 'ppb'],
    ['PPBV', 'ppb'],
    ['Pascal', 'Pa'],
    ['WATTS/M**2', 'W m-2'],
    ['M', 'm'],
    ['METERS', 'm'],
    ['M/S', 'm s-1'],
    ['KG/KG', '1'],
    ['M**3/M**3', 'FRACTION'],
    ['kg m-2 s-1', 'kg/m2/s'],
    ['K', 'kelvin'],
    ['g/s', 'G/S'],
    ['J m-2 s-1', 'W m-2'],
    ['kg m-1 s-2', 'Pa'],
    ['KG/(M*S)', 'kg m-1 s-1'],
    ['(M/M)**2', '1'],
    ['(m s-1)^2/(s)', 'm2 s-3'],
    ['none', '1'],
    ['deg', 'degrees'],
    ['degrees K', 'K'],
    ['C', 'degC'],
    ['℃', 'degC'],
    ['µg/m³', 'ug m-3'],
    ['µg m⁻³', 'ug m-3'],
    ['㎍/㎥', 'ug m-3'],
    ['ug.m-3', 'ug m-3'],
    ['kg.m-2.s-1', 'kg m-2 s-1'],
    ['kg · m⁻²·s⁻¹', 'kg m-2 s-1'],
    ['nmol/mol', 'ppb'],
    ['nmol mol-1', 'ppb'],
    ['nmol mol⁻¹', 'ppb'],
    ['nmol.mol-1', 'ppb'],
    ['µmol/mol', 'ppm'],
    ['UMOL MOL-1', 'ppm'],
    ['moles/mole', 'mol mol-1'],
  ])('%s is %s', (spelling, same) => {
    const [a, b] = [parseUnit(spelling), parseUnit(same)];
    expect(a.dimension).toEqual(b.dimension);
    expect(a.scale / b.scale).toBeCloseTo(1, 12);
  });

  test.each(['deg K', 'DEG K', 'degree K', 'degK', 'deg_K', 'degrees_kelvin', 'Degrees Kelvin', 'deg.K', '°K', '° K'])(
    '%s is K, and no angle',
    (kelvin) => {
      expect(parseUnit(kelvin)).toEqual(parseUnit('K'));
      expect(parseUnit(`${kelvin} m-1`)).toEqual(parseUnit('K m-1'));
      expect(parseUnit(`W m-2 ${kelvin}-1`)).toEqual(parseUnit('W m-2 K-1'));
    },
  );

  test.each(['deg C', 'DEG C', 'degree C', 'degrees C', 'deg_C', 'degrees_Celsius', 'degree celsius', '° C', 'centigrade'])('%s is °C', (celsius) => {
    expect(convert(20, celsius, 'K')).toBeCloseTo(293.15, 12);
  });

  test.each(['degrees', 'degrees_north', 'degrees_east', 'deg s-1', 'deg kg-1'])('%s is an angle still', (angle) => {
    expect(parseUnit(angle).scale).toBeCloseTo(Math.PI / 180, 15);
  });

  const TABLE = `
    t 1e3 kg; tonnes 1e3 kg; ton 907.18474 kg; TONS 907.18474 kg; Gg 1e6 kg; Tg 1e9 kg; ng 1e-12 kg; pg 1e-15 kg; grams 1e-3 kg; kilograms 1 kg;
    micrograms 1e-9 kg; microg 1e-9 kg; kmol 1e3 mol; umol 1e-6 mol; moles 1 mol; ppt 1e-3 ppb; pptv 1e-6 ppm; km 1e3 m; cm 1e-2 m; mm 1e-3 m; nm 1e-9 m;
    metres 1 m; ha 1e4 m2; l 1e-3 m3; L 1e-3 m3; ms 1e-3 s; sec 1 s; min 60 s; minutes 60 s; h 3600 s; HR 3600 s; hours 3600 s; d 86400 s; day 86400 s;
    a 31536000 s; yr 31536000 s; years 31536000 s; hPa 100 Pa; mb 100 Pa; mbar 100 Pa; atm 101325 Pa; kPa 1000 Pa; PASCALS 1 Pa; watt 1 W; watts 1 W; kW 1000 W;
    joule 1 J; J/s 1 W; joules/min 0.016666666666666666 W; W 1 kg*m2/s3; % 0.01 1; percent 0.01 1; FRACTION 1 1; DECIMAL 1 1; CATEGORY 1 1; radians 1 1;
    degrees 0.017453292519943295 1; Mg/ha/day 1.1574074074074074e-6 kg/m2/s; ton/hr 251.99576111111112 g/s`;
  test.each(TABLE.split(';').map((line) => line.trim().split(' ')))('1 %s is %s %s', (unit, value, base) => {
    expect(convert(1, unit, base) / Number(value)).toBeCloseTo(1, 9); // a short ton is 2000 lb of 0.45359237 kg
  });

  test('molar masses are those of their formulas', () => {
    const atoms: Record<string, number> = { H: 1.008, C: 12.011, N: 14.007, O: 15.999, S: 32.06 };
    const formulas = { HONO: 'HNO2', SULF: 'H2SO4', FORM: 'CH2O', ISOP: 'C5H8' } as Record<string, string>;
    for (const [name, mass] of Object.entries(MOLAR_MASS).filter(([each]) => each !== 'AIR')) {
      const parts = [...(formulas[name] ?? name).matchAll(/([A-Z])(\d*)/g)];
      expect([name, mass]).toEqual([
        name,
        expect.closeTo(
          parts.reduce((sum, [, atom, count]) => sum + atoms[atom] * Number(count || 1), 0),
          9,
        ),
      ]);
    }
  });

  test('a megagram is not a milligram', () => {
    expect(convert(1, 'Mg', 'kg')).toBeCloseTo(1000, 9);
    expect(convert(1, 'mg', 'kg')).toBeCloseTo(1e-6, 15);
  });

  test('mt and MT, metric tons to some and a million to others, are refused; t and Mt are what they are', () => {
    for (const unit of ['mt/yr', 'MT a-1']) expect(() => parseUnit(unit)).toThrow(/"mt" may be a metric ton or a million of them: write t or Mt/i);
    expect(convert(1, 't/yr', 'Mt/yr')).toBeCloseTo(1e-6, 12);
  });

  test.each(['ug/Nm3', 'mg Nm-3', 'µg/Nm³', 'ug/nm3', 'ug/NM**3'])('%s is of normal cubic metres, not of nanometres, and refused', (unit) => {
    expect(() => parseUnit(unit, 'obs.csv: NO2')).toThrow(
      expect.objectContaining({
        code: 'UNIT_UNKNOWN',
        message: expect.stringMatching(
          /^obs\.csv: NO2: unit ".*": "nm\S*3" is a normal cubic metre, .* set those in observations\.gasReference$/i,
        ) as string,
      }) as Error,
    );
  });

  test('an unknown part is named', () => {
    expect(() => parseUnit('furlong/s')).toThrow(
      new UnitError('UNIT_UNKNOWN', 'unit "furlong/s": "furlong" is not known: write it as in "ug m-3", "ppb", "moles/s", "g/s", "kg m-2 s-1"'),
    );
    expect(() => parseUnit('KG/(M*furlong)')).toThrow('"furlong" is not known');
    expect(() => parseUnit('KG/(M*S')).toThrow('"(M" is not known');
    expect(() => parseUnit('kgN/m2/s')).toThrow('"kgN" is not known');
  });
});

describe('conversion', () => {
  test('worked by hand', () => {
    // 1 mol of an ideal gas at 273.15 K and 101325 Pa fills 22.41397 L, so 1 ppb of NO2 is 46.005/22.41397 = 2.052515 µg m-3.
    expect(convert(1, 'ppb', 'ug m-3', { molarMass: MOLAR_MASS.NO2, ...state })).toBeCloseTo(2.052515, 5);
    expect(convert(2.052515, 'ug m-3', 'ppb', { molarMass: MOLAR_MASS.NO2, ...state })).toBeCloseTo(1, 5);
    expect(convert(2, 'moles/s', 'g/s', { molarMass: 64.058 })).toBeCloseTo(128.116, 9);
    expect(convert(128.116, 'g/s', 'moles/s', { molarMass: 64.058 })).toBeCloseTo(2, 12);
    expect(convert(0, 'degC', 'K')).toBeCloseTo(273.15, 12);
    expect(convert(300, 'K', 'degC')).toBeCloseTo(26.85, 12);
    expect(convert(1, 'Mt a-1', 'kg s-1')).toBeCloseTo(1e9 / (365 * 86400), 9);
    expect(convert(1, 'ppmV', 'ppbV')).toBeCloseTo(1000, 9);
    expect(convert(1, 'mg m-3', 'ug m-3')).toBeCloseTo(1000, 9);
    expect(convert(1, 'cm', 'mm')).toBeCloseTo(10, 12);
    expect(convert(1, 'ppm', 'mol m-3', state)).toBeCloseTo(1e-6 * (101325 / (8.314462618 * 273.15)), 15);
  });

  test('arrays in place, and there and back', () => {
    const values = Float64Array.of(1, 2, Number.NaN);
    expect(convert(values, 'ppb', 'ug m-3', { molarMass: 48, ...state })).toBe(values);
    convert(values, 'ug m-3', 'ppb', { molarMass: 48, ...state });
    expect(values[0]).toBeCloseTo(1, 12);
    expect(values[1]).toBeCloseTo(2, 12);
    expect(values[2]).toBeNaN();
  });

  test('arrays of whole numbers would be cut, and are refused as they are', () => {
    const whole = Int32Array.of(1500);
    expect(() => convert(whole as unknown as Float32Array, 'ppb', 'ppm')).toThrow(
      expect.objectContaining({
        code: 'CALL_INVALID',
        message: 'convert: values: expected a Float32Array or a Float64Array but received Int32Array: mend the call',
      }) as Error,
    );
    expect([...whole]).toEqual([1500]);
  });

  test.each<[string, string, string, Parameters<typeof convert>[3], string]>([
    [
      'UNIT_MOLAR_MASS',
      'moles/s',
      'g/s',
      {},
      'emis.nc: NO: it is in "moles/s" but "g/s" was asked for: that needs a molar mass: set molarMass (g mol-1)',
    ],
    [
      'UNIT_GAS_STATE',
      'ug m-3',
      'ppb',
      { molarMass: 46 },
      'emis.nc: NO: it is in "ug m-3" but "ppb" was asked for: that needs the gas\'s temperature (K) and pressure (Pa): set gasReference',
    ],
    [
      'UNIT_MISMATCH',
      'moles/s',
      'ppb',
      { molarMass: 46, ...state },
      'emis.nc: NO: it is in "moles/s" but "ppb" was asked for: one cannot become the other: set the unit that the values are really in',
    ],
    [
      'UNIT_MISMATCH',
      'KG/KG',
      'ppb',
      { molarMass: 46, ...state },
      'emis.nc: NO: it is in "KG/KG" but "ppb" was asked for: one cannot become the other: set the unit that the values are really in',
    ],
  ])('%s', (code, from, to, context, message) => {
    expect(() => convert(1, from, to, { ...context, subject: 'emis.nc: NO' })).toThrow(expect.objectContaining({ code, message }) as Error);
  });
});
