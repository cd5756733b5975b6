import { change, chemical, duration, fixed, joined, percent, relativeChange, significant, unitText, utc } from './format';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('format', () => {
  it('prints what is missing as a dash, whichever way it is asked', () => {
    for (const missing of [NaN, undefined, null, Infinity]) {
      for (const print of [(x: typeof missing) => fixed(x, 2), significant, change, percent, duration]) expect(print(missing)).toBe('–');
    }
    expect(utc(new Date(NaN))).toBe('–');
  });

  it('prints numbers with a true minus and never a negative zero', () => {
    expect(fixed(-1.26, 1)).toBe('−1.3');
    expect(fixed(-0.001, 1)).toBe('0.0');
    expect([20.444, 0.012345, 1234, 0, -0.5].map((value) => significant(value))).toEqual(['20.4', '0.0123', '1234', '0', '−0.500']);
    expect(significant(3.2e-10)).toBe('3.20e−10');
  });

  it('prints fractions as per cent', () => {
    expect(plain(change(-0.204))).toBe('−20 %');
    expect(plain(change(0.0512, 1))).toBe('+5.1 %');
    expect(plain(change(0.0001))).toBe('0 %');
    expect(plain(percent(0.34))).toBe('34 %');
  });

  it('has no change relative to nothing', () => {
    expect(relativeChange(4, 3)).toBe(-0.25);
    expect(relativeChange(0, 3)).toBeUndefined();
    expect(relativeChange(NaN, 3)).toBeUndefined();
  });

  it('prints times as a person says them', () => {
    expect([3.21, 65, 3599.9, 3725].map(duration)).toEqual(['3.2 s', '1 min 05 s', '1 h 00 min', '1 h 02 min']);
    expect(utc(new Date(Date.UTC(2017, 0, 1)))).toBe('2017-01-01 00:00 UTC');
  });

  it('joins words as a sentence does', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(joined)).toEqual(['', 'a', 'a and b', 'a, b and c']);
  });

  it('sets units and formulas', () => {
    expect(unitText('kg m-2 s-1')).toBe('kg m⁻² s⁻¹');
    expect(unitText('ug m-3')).toBe('µg m⁻³');
    expect(unitText('ppb')).toBe('ppb');
    expect(chemical('NOx>NO2')).toBe('NOₓ → NO₂');
    expect(chemical('HCHO')).toBe('HCHO');
    expect(['NH3', 'PM2.5', 'PM25', 'PM10', 'C2H6', 'CO', 'dust1', 'SoilNO2'].map(chemical)).toEqual(
      ['NH₃', 'PM₂.₅', 'PM₂.₅', 'PM₁₀', 'C₂H₆', 'CO', 'dust1', 'SoilNO2'], // prettier-ignore
    );
  });
});
