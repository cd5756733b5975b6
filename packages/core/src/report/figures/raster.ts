/** SVG to PNG without a browser, with one font that travels with the package: the same image on a workstation and on a bare cluster node. */
import { createRequire } from 'node:module';

const load = createRequire(__filename);

/**
 * DejaVu Sans from the npm package dejavu-fonts-ttf (free licence: Bitstream Vera and public domain). Without a font file resvg leaves text out
 * without a word, so system fonts are not relied on.
 */
const FONT_FILES = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => load.resolve(`dejavu-fonts-ttf/ttf/${name}`));

/** Pixels of the image per pixel of the drawing: 2 prints well at a third of a page's width. */
const ZOOM = 2;

export function svgToPng(svg: string): Buffer {
  // Loaded with the first image, as the library of the charts.
  const { Resvg } = load('@resvg/resvg-js') as typeof import('@resvg/resvg-js');
  const image = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: ZOOM },
    background: '#ffffff',
    font: { fontFiles: FONT_FILES, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}
