/**
 * A minimal PNG writer: 8-bit palette images, colour 0 transparent. Enough for gridded fields and densities, and about a third of the size of RGBA.
 * @see W3C, Portable Network Graphics (PNG) Specification, third edition: chunks IHDR, PLTE, tRNS, IDAT, IEND; CRC-32 of ISO 3309
 */
import { deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(data: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of data) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/**
 * @param indices - `[height, width]`, top row first; 0 is transparent, n is colour `palette[n - 1]`
 * @param palette - at most 255 colours `[red, green, blue]` in 0…255
 */
export function encodePalettePng(
  indices: Uint8Array,
  width: number,
  height: number,
  palette: readonly (readonly [number, number, number])[],
): Buffer {
  if (indices.length !== width * height || palette.length > 255 || width < 1 || height < 1) {
    throw new RangeError(
      `encodePalettePng: expected ${width} x ${height} indices and at most 255 colours but received ${indices.length} and ${palette.length}`,
    );
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, palette, deflate, adaptive filters, not interlaced
  const lines = Buffer.alloc((width + 1) * height); // filter byte 0 (none) before each line
  for (let line = 0; line < height; line++) lines.set(indices.subarray(line * width, (line + 1) * width), line * (width + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from([0, 0, 0, ...palette.flat()])),
    chunk('tRNS', Uint8Array.of(0)),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** As a `data:` address, for use inside the page. */
export function pngDataUrl(png: Buffer): string {
  return `data:image/png;base64,${png.toString('base64')}`;
}
