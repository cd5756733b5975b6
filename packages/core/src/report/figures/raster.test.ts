import { svgToPng } from './raster';

describe('svgToPng', () => {
  const draw = (text: string): Buffer =>
    svgToPng(`<svg xmlns="http://www.w3.org/2000/svg" width="120" height="20"><text x="2" y="14" font-size="12">${text}</text></svg>`);

  it('draws text from the font of the package, with the signs that units need', () => {
    const empty = draw('');
    const signs = ['kg m⁻² s⁻¹', 'µg m⁻³', 'NOₓ', 'PM₂.₅', '−30 %', '+15', '→', '°E'];
    const images = signs.map(draw);
    for (const image of images) expect(image.equals(empty)).toBe(false);
    // a sign that the font lacks would be drawn as the empty box that this character gets
    const box = draw('\u{10FFFF}');
    for (const sign of ['⁻', '²', '³', '¹', 'µ', 'ₓ', '₂', '₅', '−', '→', '°']) expect(draw(sign).equals(box)).toBe(false);
  });
});
