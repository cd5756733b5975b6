import { cssColour, DENSITY, DIVERGING, GROUND, oklch, SEQUENTIAL } from './palette';

/** OKLab lightness of an sRGB colour (0…1). */
function perceivedLightness([red, green, blue]: readonly [number, number, number]): number {
  const [r, g, b] = [red, green, blue].map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

const steps = (palette: readonly (readonly [number, number, number])[]): number[] =>
  palette.slice(1).map((colour, index) => perceivedLightness(colour) - perceivedLightness(palette[index]));

describe('palettes', () => {
  it('knows the ends of OKLab: black, white, and the red of its author’s table', () => {
    expect(oklch(0, 0, 0)).toEqual([0, 0, 0]);
    expect(oklch(1, 0, 0)).toEqual([255, 255, 255]);
    expect(oklch(0.62796, 0.25768, 29.234)).toEqual([255, 0, 0]); // sRGB red in OKLCh
    expect(perceivedLightness([255, 0, 0])).toBeCloseTo(0.62796, 4);
  });

  it.each([
    ['sequential', SEQUENTIAL],
    ['density', DENSITY],
  ])('%s: lightness falls in equal steps', (_, palette) => {
    const all = steps(palette);
    const mean = all.reduce((sum, step) => sum + step, 0) / all.length;
    expect(mean).toBeLessThan(-0.003);
    // 8-bit channels round each colour by up to half a level, about 0.002 of lightness
    for (const step of all) expect(Math.abs(step - mean)).toBeLessThan(0.004);
  });

  it('diverging: lightest in the middle, equally dark at both ends, blue below and red above', () => {
    const middle = (DIVERGING.length - 1) / 2;
    const lightness = DIVERGING.map(perceivedLightness);
    expect(Math.max(...lightness)).toBeCloseTo(lightness[middle], 3);
    for (let side = 0; side <= middle; side++) expect(Math.abs(lightness[middle - side] - lightness[middle + side])).toBeLessThan(0.006);
    const [low, high] = [DIVERGING[0], DIVERGING[DIVERGING.length - 1]];
    expect(low[2]).toBeGreaterThan(low[0] + 60);
    expect(high[0]).toBeGreaterThan(high[2] + 60);
  });

  it('tells a cell without a value from one with little or no change', () => {
    const ground = perceivedLightness(GROUND);
    for (const nothing of [SEQUENTIAL[0], DIVERGING[(DIVERGING.length - 1) / 2]]) expect(perceivedLightness(nothing) - ground).toBeGreaterThan(0.1);
    const [red, green, blue] = GROUND;
    expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(15); // no colour of either sign
  });

  it('writes css', () => {
    expect(cssColour([0, 10, 255])).toBe('#000aff');
  });
});
