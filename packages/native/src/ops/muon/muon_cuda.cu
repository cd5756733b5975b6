#include <utility>

#include "ops/muon/muon.h"
#include "runtime/cuda/reduce.h"

/**
 * All matrices of an instruction go through each kernel together, so that a step is 17 launches and not some 700: `begin` and `finish` with a block a
 * matrix, the products with a block for each tile of 32 x 32 of each result. A matrix is X, [larger, smaller]; it, A and the factor lie in scratch
 * memory, which with a few hundred kilobytes a matrix stays in the second-level cache. Products are exact (float32) whatever was asked for: they are
 * a hundredth of a step's.
 */
namespace retroplume::cuda {

namespace {

constexpr int kTile = 32, kSlab = 32, kSide = 16, kThreads = kSide * kSide, kPadded = kTile + 1;
constexpr int kBeginThreads = 512;

struct Matrix {
  int offset, rows, columns;  // in the arrays of the instruction
  int x, y, gram, factor;     // in scratch memory
  int tile;                   // the first of its tiles in the kernel at hand
  __device__ __forceinline__ int smaller() const { return rows < columns ? rows : columns; }
  __device__ __forceinline__ int larger() const { return rows < columns ? columns : rows; }
  __device__ __forceinline__ int place(int l, int s) const { return offset + (rows < columns ? s * columns + l : l * columns + s); }
};

struct Matrices {
  int count;
  Matrix at[kMostMuonMatrices];
};

struct Constants {
  float momentum, rest, l2, scale;
};

/** M, and X = U / ‖U‖. */
__global__ void __launch_bounds__(kBeginThreads) muon_begin_kernel(Matrices matrices, Constants p, Global<const float> parameter,
                                                                   Global<const float> gradient, Global<float> moment, Global<float> scratch) {
  SharedMemory memory;
  const Shared<double> warps = memory.take<double>(kMostWarps);
  const Matrix& matrix = matrices.at[blockIdx.x];
  const int S = matrix.smaller(), elements = matrix.larger() * S;
  double squares = 0;
  for (int e = static_cast<int>(threadIdx.x); e < elements; e += kBeginThreads) {
    const int i = matrix.place(e / S, e % S);
    const float g = gradient[i] + p.l2 * parameter[i];
    const float m = p.momentum * moment[i] + p.rest * g, u = p.momentum * m + p.rest * g;
    moment[i] = m;
    scratch[matrix.x + e] = u;
    squares += static_cast<double>(u) * u;
  }
  squares = blockSum(squares, warps);
  if (squares == 0) return;
  const float factor = static_cast<float>(1 / sqrt(squares));
  for (int e = static_cast<int>(threadIdx.x); e < elements; e += kBeginThreads) scratch[matrix.x + e] = factor * scratch[matrix.x + e];
}

__global__ void __launch_bounds__(kBeginThreads)
    muon_finish_kernel(Matrices matrices, Constants p, Global<const float> learningRate, Global<const float> scratch, Global<float> parameter) {
  const Matrix& matrix = matrices.at[blockIdx.x];
  const int S = matrix.smaller(), elements = matrix.larger() * S;
  const float step = learningRate[0] * p.scale * sqrtf(static_cast<float>(matrix.larger()));
  for (int e = static_cast<int>(threadIdx.x); e < elements; e += kBeginThreads) {
    const int i = matrix.place(e / S, e % S);
    parameter[i] = parameter[i] - step * scratch[matrix.x + e];
  }
}

/** Element (row, column) of a matrix, 0 outside of it. */
struct Operand {
  int begin, rowStride, columnStride, rows, columns;
  __device__ __forceinline__ float fetch(const Global<float>& scratch, int row, int column) const {
    return row < rows && column < columns ? scratch[begin + row * rowStride + column * columnStride] : 0.0f;
  }
};

/** sum[i][j] = (left · right)[row + kSide·i][column + kSide·j] of a block's tile, with row, column the thread's place in it. */
__device__ __forceinline__ void tileProduct(const Global<float>& scratch, const Operand& left, const Operand& right, int firstRow, int firstColumn,
                                            float (&sum)[2][2]) {
  SharedMemory memory;
  const Shared<float> a = memory.take<float>(kSlab * kPadded), b = memory.take<float>(kSlab * kPadded);  // [product][row], [product][column]
  const int thread = static_cast<int>(threadIdx.x), row = thread / kSide, column = thread % kSide;
  // Of the two indices of the left operand the one along which it lies in memory runs with the threads.
  const bool byRows = left.columnStride == 1;
  for (int first = 0; first < left.columns; first += kSlab) {
    for (int e = thread; e < kSlab * kTile; e += kThreads) {
      const int fast = e % kTile, slow = e / kTile;
      if (byRows)
        a[fast * kPadded + slow] = left.fetch(scratch, firstRow + slow, first + fast);
      else
        a[slow * kPadded + fast] = left.fetch(scratch, firstRow + fast, first + slow);
      b[slow * kPadded + fast] = right.fetch(scratch, first + slow, firstColumn + fast);
    }
    __syncthreads();
    for (int k = 0; k < kSlab; ++k) {
      const float x[2] = {a[k * kPadded + row], a[k * kPadded + row + kSide]}, y[2] = {b[k * kPadded + column], b[k * kPadded + column + kSide]};
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 2; ++j) sum[i][j] += x[i] * y[j];
      }
    }
    __syncthreads();
  }
}

constexpr int kProductBytes = 2 * kSlab * kPadded * static_cast<int>(sizeof(float));

/** The matrix that this block has a tile of. */
__device__ __forceinline__ const Matrix& ownMatrix(const Matrices& matrices) {
  int k = 0;
  while (k + 1 < matrices.count && static_cast<int>(blockIdx.x) >= matrices.at[k + 1].tile) ++k;
  return matrices.at[k];
}

/** Calls body(row, column, sum) for the elements of this block's tile of a result, [rows, columns], that lie in it. */
template <class Body>
__device__ __forceinline__ void computeTile(const Global<float>& scratch, const Matrix& matrix, const Operand& left, const Operand& right,
                                            Body body) {
  const int across = (right.columns + kTile - 1) / kTile, tile = static_cast<int>(blockIdx.x) - matrix.tile;
  const int firstRow = tile / across * kTile, firstColumn = tile % across * kTile;
  float sum[2][2] = {};
  tileProduct(scratch, left, right, firstRow, firstColumn, sum);
  const int row = firstRow + static_cast<int>(threadIdx.x) / kSide, column = firstColumn + static_cast<int>(threadIdx.x) % kSide;
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      const int r = row + kSide * i, c = column + kSide * j;
      if (r < left.rows && c < right.columns) body(r, c, sum[i][j]);
    }
  }
}

/** A = XᵀX. */
__global__ void __launch_bounds__(kThreads) muon_gram_kernel(Matrices matrices, Global<float> scratch) {
  const Matrix& matrix = ownMatrix(matrices);
  const int L = matrix.larger(), S = matrix.smaller();
  computeTile(scratch, matrix, {matrix.x, 1, S, S, L}, {matrix.x, S, 1, L, S},
              [&](int r, int c, float sum) { scratch[matrix.gram + r * S + c] = sum; });
}

/** a·1 + b·A + c·A². */
__global__ void __launch_bounds__(kThreads) muon_factor_kernel(Matrices matrices, Global<float> scratch) {
  const Matrix& matrix = ownMatrix(matrices);
  const int S = matrix.smaller();
  const Operand gram{matrix.gram, S, 1, S, S};
  computeTile(scratch, matrix, gram, gram, [&](int r, int c, float sum) {
    const float first = static_cast<float>(kMuonCubic) * scratch[matrix.gram + r * S + c];
    scratch[matrix.factor + r * S + c] = (r == c ? static_cast<float>(kMuonLinear) : 0.0f) + first + static_cast<float>(kMuonQuintic) * sum;
  });
}

/** y = x·(…). */
__global__ void __launch_bounds__(kThreads) muon_product_kernel(Matrices matrices, Global<float> scratch) {
  const Matrix& matrix = ownMatrix(matrices);
  const int L = matrix.larger(), S = matrix.smaller();
  computeTile(scratch, matrix, {matrix.x, S, 1, L, S}, {matrix.factor, S, 1, S, S},
              [&](int r, int c, float sum) { scratch[matrix.y + r * S + c] = sum; });
}

int tilesOf(int64_t rows, int64_t columns) { return static_cast<int>((rows + kTile - 1) / kTile * ((columns + kTile - 1) / kTile)); }

/** Numbers the tiles of all results. @returns their number */
template <class Tiles>
unsigned number(Matrices& matrices, const Muon<float>& call, Tiles tiles) {
  int next = 0;
  for (int k = 0; k < call.count; ++k) {
    matrices.at[k].tile = next;
    next += tiles(call.matrices[k]);
  }
  return static_cast<unsigned>(next);
}

int64_t scratchFloats(const MuonMatrix& matrix) { return 2 * matrix.elements() + 2 * matrix.smaller() * matrix.smaller(); }

}  // namespace

std::size_t muonScratch(const Muon<float>& call) {
  int64_t floats = 0;
  for (int k = 0; k < call.count; ++k) floats += scratchFloats(call.matrices[k]);
  return static_cast<std::size_t>(floats) * sizeof(float);
}

void muon(const Muon<float>& call, const Context& context) {
  Matrices matrices{};
  matrices.count = call.count;
  int64_t next = 0;
  for (int k = 0; k < call.count; ++k) {
    const MuonMatrix& from = call.matrices[k];
    const auto at = [](int64_t place) { return static_cast<int>(place); };
    const int64_t gram = next + 2 * from.elements();
    matrices.at[k] = {at(from.offset),
                      at(from.rows),
                      at(from.columns),
                      at(next),
                      at(next + from.elements()),
                      at(gram),
                      at(gram + from.smaller() * from.smaller()),
                      0};
    next += scratchFloats(from);
  }
  const Constants constants{static_cast<float>(call.momentum), static_cast<float>(1 - call.momentum), static_cast<float>(call.l2),
                            static_cast<float>(call.scale)};
  const Global<float> scratch(static_cast<float*>(context.scratch), next);
  const auto blocks = static_cast<unsigned>(call.count);
  launch(context, muon_begin_kernel, dim3(blocks), kBeginThreads, kBlockSumBytes<double>, matrices, constants,
         Global<const float>(call.parameter, call.elements), Global<const float>(call.gradient, call.elements),
         Global<float>(call.moment, call.elements), scratch);
  for (int step = 0; step < kMuonIterations; ++step) {
    const unsigned squares = number(matrices, call, [](const MuonMatrix& m) { return tilesOf(m.smaller(), m.smaller()); });
    launch(context, muon_gram_kernel, dim3(squares), kThreads, kProductBytes, matrices, scratch);
    launch(context, muon_factor_kernel, dim3(squares), kThreads, kProductBytes, matrices, scratch);
    const unsigned products = number(matrices, call, [](const MuonMatrix& m) { return tilesOf(m.larger(), m.smaller()); });
    launch(context, muon_product_kernel, dim3(products), kThreads, kProductBytes, matrices, scratch);
    for (int k = 0; k < call.count; ++k) std::swap(matrices.at[k].x, matrices.at[k].y);
  }
  launch(context, muon_finish_kernel, dim3(blocks), kBeginThreads, 0, matrices, constants, Global<const float>(call.learningRate, 1),
         Global<const float>(static_cast<float*>(context.scratch), next), Global<float>(call.parameter, call.elements));
}

}  // namespace retroplume::cuda
