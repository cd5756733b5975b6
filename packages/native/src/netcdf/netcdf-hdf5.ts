/**
 * Whether an HDF5 file is as long as its superblock says.
 *
 * HDF5 refuses files that are too short. Where bytes were put in, it follows addresses into the wrong place and may crash the process: such a file must
 * not be opened. A file whose base address is not 0 (something stands before it) is not judged.
 *
 * @see HDF5 File Format Specification 3.0, "Format Signature and Superblock" (docs.hdfgroup.org/hdf5/latest/_f_m_t3.html)
 */
import { fstatSync, readSync } from 'node:fs';
import { lookInto } from './netcdf-head';

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** Where the addresses begin (base, another, end of file), by version of the superblock. */
const ADDRESSES: Record<number, number> = { 0: 24, 1: 28, 2: 12, 3: 12 };

/** @returns undefined when the lengths agree or the file is no HDF5 file; otherwise bytes found and promised */
export function hdf5Mismatch(path: string): { found: number; needed: number } | undefined {
  return lookInto(path, (descriptor) => {
    const head = Buffer.alloc(64);
    const held = readSync(descriptor, head, 0, head.length, 0);
    if (held < head.length || !head.subarray(0, 8).equals(SIGNATURE)) return undefined;
    const version = head[8];
    const start = ADDRESSES[version];
    const width = version < 2 ? head[13] : head[9];
    if (start === undefined || (width !== 4 && width !== 8)) return undefined; // HDF5 refuses it
    const address = (i: number): number => {
      const at = start + i * width;
      return width === 8 ? Number(head.readBigUInt64LE(at)) : head.readUInt32LE(at);
    };
    const [base, end] = [address(0), address(2)];
    const found = fstatSync(descriptor).size;
    return base === 0 && end !== found ? { found, needed: end } : undefined;
  });
}
