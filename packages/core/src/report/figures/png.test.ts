import { inflateSync } from 'node:zlib';
import { encodePalettePng, pngDataUrl } from './png';

describe('palette PNG', () => {
  const png = encodePalettePng(Uint8Array.of(0, 1, 2, 2, 1, 0), 3, 2, [
    [255, 0, 0],
    [0, 0, 255],
  ]);

  /** type → data of each chunk */
  function chunks(file: Buffer): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
      found.set(file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
    }
    return found;
  }

  it('holds size, palette, transparency and pixels as the standard says', () => {
    const parts = chunks(png);
    expect([...parts.keys()]).toEqual(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
    expect([...parts.get('IHDR')!]).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
    expect([...parts.get('PLTE')!]).toEqual([0, 0, 0, 255, 0, 0, 0, 0, 255]);
    expect([...parts.get('tRNS')!]).toEqual([0]);
    expect([...inflateSync(parts.get('IDAT')!)]).toEqual([0, 0, 1, 2, 0, 2, 1, 0]);
  });

  it('ends with the one IEND that every PNG has, checksum AE 42 60 82', () => {
    expect(png.subarray(-12).toString('hex')).toBe('0000000049454e44ae426082');
  });

  it('refuses what does not fit', () => {
    expect(() => encodePalettePng(new Uint8Array(5), 3, 2, [])).toThrow(RangeError);
    expect(pngDataUrl(png)).toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
  });
});
