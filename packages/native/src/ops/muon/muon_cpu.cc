#include "ops/muon/muon.h"
#include "ops/muon/muon_scratch.h"
#include "ops/simd/gemm_tile.h"
#include "ops/simd/parallel.h"

/**
 * On the register tiles of simd/gemm_tile.h. A matrix is held as X, [larger, smaller], in rows of whole vectors, lanes past the end 0. A = XᵀX and A²
 * (A is its own transpose) are outer products, X·(…) a product with packed panels.
 *
 * All matrices go from phase to phase together, a barrier after each. Threads take the tiles of all matrices in turn, and every tile is one thread's
 * sum, so that results do not depend on the number of threads.
 */
namespace retroplume::RETROPLUME_ISA {

namespace {

struct Work {
  MuonMatrix matrix;
  MuonScratch at;
  float* memory;
  float* x;  // the copy that holds X; `y` takes the next
  float* y;
};

/** M, U and X = U / ‖U‖ of one matrix. */
void begin(const Muon<float>& call, const Work& work) {
  const MuonMatrix& matrix = work.matrix;
  const float beta = static_cast<float>(call.momentum), rest = static_cast<float>(1 - call.momentum), l2 = static_cast<float>(call.l2);
  const int64_t L = matrix.larger(), S = matrix.smaller(), stride = work.at.stride;
  double squares = 0;
  for (int64_t l = 0; l < L; ++l) {
    float* row = work.x + l * stride;
    for (int64_t s = 0; s < S; ++s) {
      const int64_t i = matrix.place(l, s);
      const float g = call.gradient[i] + l2 * call.parameter[i];
      const float m = call.moment[i] = beta * call.moment[i] + rest * g;
      row[s] = beta * m + rest * g;
      squares += static_cast<double>(row[s]) * row[s];
    }
    for (int64_t s = S; s < stride; ++s) row[s] = 0;
  }
  if (squares == 0) return;
  const Vector factor = splat(static_cast<float>(1 / __builtin_sqrt(squares)));
  for (int64_t e = 0; e < L * stride; e += kLanes) store(work.x + e, load(work.x + e) * factor);
}

/** P of one matrix. */
void finish(const Muon<float>& call, const Work& work) {
  const MuonMatrix& matrix = work.matrix;
  const float step = *call.learningRate * static_cast<float>(call.scale * __builtin_sqrt(static_cast<double>(matrix.larger())));
  for (int64_t l = 0; l < matrix.larger(); ++l) {
    for (int64_t s = 0; s < matrix.smaller(); ++s) call.parameter[matrix.place(l, s)] -= step * work.x[l * work.at.stride + s];
  }
}

/** to = xᵀ·x for rows [first, first + rows) of the result; x: [count, stride]. */
void gramTile(const Work& work, const float* x, int64_t count, int64_t first, int rows, float* to) {
  const ColumnBlocks blocks(work.matrix.smaller());
  OuterTileCall tile{};
  tile.x = x + first;
  tile.xStride = tile.gStride = tile.toStride = work.at.stride;
  tile.count = count;
  tile.segments = 1;
  for (int m = 0; m < rows; ++m) {
    for (int64_t c = 0; c < work.at.stride; ++c) to[(first + m) * work.at.stride + c] = 0;
  }
  for (int64_t b = 0; b < blocks.count; ++b) {
    tile.g = x + blocks.begin(b) * kLanes;
    tile.to = to + first * work.at.stride + blocks.begin(b) * kLanes;
    runOuterTile(rows, blocks.size(b), tile);
  }
}

/** Rows of a·1 + b·A + c·A², packed. */
void factorTile(const Work& work, int64_t first, int rows) {
  const int64_t S = work.matrix.smaller(), stride = work.at.stride;
  const float* gram = work.memory + work.at.gram;
  float* square = work.memory + work.at.square;
  gramTile(work, gram, S, first, rows, square);
  for (int64_t r = first; r < first + rows; ++r) {
    for (int64_t c = 0; c < S; ++c) {
      float& value = square[r * stride + c];
      value = static_cast<float>(kMuonCubic) * gram[r * stride + c] + static_cast<float>(kMuonQuintic) * value;
    }
    square[r * stride + r] += static_cast<float>(kMuonLinear);
  }
  packPanel(square + first * stride, rows, S, stride, 1, first, S, work.memory + work.at.panel);
}

/** Rows of X·(…). */
void productTile(const Work& work, int64_t first, int rows) {
  const int64_t S = work.matrix.smaller();
  const ColumnBlocks blocks(S);
  ProductTileCall tile{};
  tile.x = work.x + first * work.at.stride;
  tile.stride = tile.outStride = work.at.stride;
  tile.length = S;
  for (int64_t b = 0; b < blocks.count; ++b) {
    tile.panel = work.memory + work.at.panel + blocks.begin(b) * kLanes * S;
    tile.out = work.y + first * work.at.stride + blocks.begin(b) * kLanes;
    runProductTile(rows, blocks.size(b), tile);
  }
}

/** Calls body(work, first row, rows) for this thread's tiles of the rows of all matrices, as many as rowsOf(matrix). */
template <class Rows, class Body>
[[gnu::always_inline]] inline void forEachTile(const Work* works, int count, const Worker& worker, Rows rowsOf, Body body) {
  int64_t turn = 0;
  for (int k = 0; k < count; ++k) {
    const int64_t rows = rowsOf(works[k].matrix), tiles = tileCount(rows, ColumnBlocks(works[k].matrix.smaller()).rowLimit());
    for (int64_t t = 0; t < tiles; ++t, ++turn) {
      if (turn % worker.threads != worker.thread) continue;
      const int64_t first = t * rows / tiles;
      body(works[k], first, static_cast<int>((t + 1) * rows / tiles - first));
    }
  }
}

}  // namespace

void muon(const Muon<float>& call, const Context& context) {
  inParallel(context, [&](const Worker& worker) {
    // Each thread has the same list of its own, and exchanges the copies of X in it after every iteration.
    Work works[kMostMuonMatrices];
    auto* memory = static_cast<float*>(context.scratch);
    for (int k = 0; k < call.count; ++k) {
      const MuonScratch at(call.matrices[k]);
      works[k] = {call.matrices[k], at, memory, memory + at.x, memory + at.y};
      memory += at.total;
    }
    const auto smaller = [](const MuonMatrix& matrix) { return matrix.smaller(); };
    const auto larger = [](const MuonMatrix& matrix) { return matrix.larger(); };
    for (int k = worker.thread; k < call.count; k += worker.threads) begin(call, works[k]);
    for (int step = 0; step < kMuonIterations; ++step) {
      worker.barrier();
      forEachTile(works, call.count, worker, smaller, [](const Work& work, int64_t first, int rows) {
        gramTile(work, work.x, work.matrix.larger(), first, rows, work.memory + work.at.gram);
      });
      worker.barrier();
      forEachTile(works, call.count, worker, smaller, factorTile);
      worker.barrier();
      forEachTile(works, call.count, worker, larger, productTile);
      for (int k = 0; k < call.count; ++k) {
        float* next = works[k].y;
        works[k].y = works[k].x;
        works[k].x = next;
      }
    }
    worker.barrier();
    for (int k = worker.thread; k < call.count; k += worker.threads) finish(call, works[k]);
  });
}

}  // namespace retroplume::RETROPLUME_ISA
