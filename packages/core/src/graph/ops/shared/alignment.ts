/** Arrays in a contiguous region begin at multiples of this many elements: 64 bytes of float32. */
export const ALIGNMENT = 16;
export const alignUp = (elements: number): number => Math.ceil(elements / ALIGNMENT) * ALIGNMENT;
