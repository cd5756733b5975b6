/**
 * Perceptual colour maps, made where the eye is uniform: OKLCh, with lightness linear in the value, so that equal steps of the value look equal, a
 * grey print keeps the order, and readers who see fewer colours lose nothing.
 * @see Ottosson (2020), "A perceptual color space for image processing" (OKLab): the two matrices below
 * @see Crameri, Shephard & Heron (2020), Nat. Commun. 11, 5444, doi:10.1038/s41467-020-19160-7: why rainbow maps mislead
 */

export type Rgb = readonly [number, number, number];

/** Colours of a map; index 0 (transparent in PNGs) is kept for "missing", so at most 255. */
const COLOURS = 129; // odd: a diverging map then has a colour that is exactly its middle

function gammaEncode(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

/** Linear sRGB of an OKLCh colour; may leave 0…1 where the screen cannot show it. */
function oklchToLinear(lightness: number, chroma: number, hueDegrees: number): [number, number, number] {
  const hue = (hueDegrees * Math.PI) / 180;
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** sRGB 0…255; chroma is lowered until the screen can show the colour: lightness, which carries the value, is kept. */
export function oklch(lightness: number, chroma: number, hueDegrees: number): Rgb {
  for (let fitted = chroma; ; fitted -= 0.002) {
    const linear = oklchToLinear(lightness, Math.max(0, fitted), hueDegrees);
    if (fitted <= 0 || linear.every((channel) => channel >= -1e-4 && channel <= 1.0001)) {
      const [red, green, blue] = linear.map((channel) => Math.round(255 * gammaEncode(Math.min(1, Math.max(0, channel))))) as [
        number,
        number,
        number,
      ];
      return [red, green, blue];
    }
  }
}

function build(colourAt: (fraction: number) => Rgb): Rgb[] {
  return Array.from({ length: COLOURS }, (_, index) => colourAt(index / (COLOURS - 1)));
}

/** Pale yellow through orange and magenta to deep violet: nothing emitted is nearly white, as on paper. */
export const SEQUENTIAL: readonly Rgb[] = build((fraction) =>
  oklch(0.98 - 0.7 * fraction, 0.02 + 0.17 * Math.sin(Math.PI * Math.min(1, 0.08 + 0.8 * fraction)), 100 - 165 * fraction),
);

/** Blue (decrease) through near-white to red (increase), symmetric in lightness: no sign looks stronger than the other. */
export const DIVERGING: readonly Rgb[] = build((fraction) => {
  const side = 2 * fraction - 1;
  return oklch(0.97 - 0.55 * Math.abs(side), 0.2 * Math.abs(side) ** 0.8, side < 0 ? 255 : 28);
});

/** White paper to dark blue, one hue: counts in scatter plots. */
export const DENSITY: readonly Rgb[] = build((fraction) => oklch(0.9 - 0.58 * fraction, 0.05 + 0.08 * Math.sin(Math.PI * fraction), 250));

/** Where there is no value: grey, and darker than the colours of little and of no change. */
export const GROUND: Rgb = [212, 209, 201];

export function cssColour([red, green, blue]: Rgb): string {
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}
