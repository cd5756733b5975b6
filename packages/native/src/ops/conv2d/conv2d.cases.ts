/** Shapes over which the fast kernels are compared with the reference: tiles that do not divide, borders wider than the grid, batch 1. */
export interface Conv2dCase {
  name: string;
  batch: number;
  height: number;
  width: number;
  inChannels: number;
  outChannels: number;
  kernel: number;
  /** 0 none, 1 relu, 2 prelu */
  activation?: number;
}

const shape = (name: string, sizes: [number, number, number, number, number, number], activation?: number): Conv2dCase => ({
  name,
  batch: sizes[0],
  height: sizes[1],
  width: sizes[2],
  inChannels: sizes[3],
  outChannels: sizes[4],
  kernel: sizes[5],
  activation,
});

export const conv2dCases: Conv2dCase[] = [
  shape('ordinary 3x3', [2, 12, 16, 16, 24, 3]),
  shape('odd everything', [1, 7, 13, 5, 3, 3]),
  shape('many channels in', [1, 6, 17, 130, 24, 3]),
  shape('channels fill several tiles', [1, 5, 9, 48, 96, 3]),
  shape('channels one past a tile', [1, 6, 11, 17, 33, 3]),
  shape('one channel in and out', [2, 5, 6, 1, 1, 3]),
  shape('one channel out', [1, 6, 21, 5, 1, 7], 2),
  shape('one channel in', [1, 6, 21, 1, 5, 7]),
  shape('rows longer than a strip of the weight gradient', [1, 3, 150, 27, 40, 5]),
  shape('long rows, taps joined', [1, 4, 131, 4, 64, 5]),
  shape('pointwise', [2, 9, 14, 40, 17, 1]),
  shape('pointwise to 4', [1, 8, 31, 64, 4, 1]),
  shape('5x5', [1, 9, 10, 6, 7, 5]),
  shape('7x7', [1, 11, 20, 27, 32, 7]),
  shape('kernel wider than the grid', [1, 2, 3, 4, 5, 7]),
  shape('single cell', [1, 1, 1, 8, 8, 3]),
  shape('single column', [1, 40, 1, 8, 8, 3]),
  shape('tiles of Winograd reach over the border', [2, 9, 21, 19, 26, 3]),
  shape('several blocks of tiles', [1, 31, 33, 40, 24, 3]),
  shape('sums over many cells', [1, 40, 41, 5, 33, 3]),
  shape('sixteens of channels to columns that fill a tile in part', [2, 9, 19, 32, 24, 3], 2),
  shape('sixteens of channels to wide tiles', [1, 10, 17, 48, 64, 3]),
  shape('sixteen channels to as many', [2, 7, 33, 16, 16, 3], 1),
  shape('sixteen channels to no four', [1, 6, 7, 16, 6, 3], 2),
  shape('relu', [1, 6, 8, 9, 10, 3], 1),
  shape('prelu', [2, 6, 19, 9, 20, 3], 2),
];
