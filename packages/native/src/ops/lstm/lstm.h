#pragma once
#include <cstddef>
#include <cstdint>

#include "ops/cell_layout.h"
#include "runtime/context.h"

/**
 * One LSTM shared by all grid cells, over T steps (Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, with forget gate).
 * For each sample and cell, with x_t the C inputs and h, c the D hidden and cell states; gate columns in the order i, f, g, o:
 *
 *   z_t = bias + x_t · weightInput + h_{t−1} · weightHidden                                  [4D]
 *   i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o);   g = tanh(z_g)
 *   c_t = f ∘ c_{t−1} + i ∘ g;   h_t = o ∘ tanh(c_t);   h_{−1} = initialHidden, c_{−1} = initialCell (0 where not given)
 *
 * `output` holds all h_t time-major (channel t·D + d) or the last alone, and may be channels of a larger array, and rows of its images. `gates` (i,
 * f, g, o after their activation) and `cells` (c_t) are what the backward pass needs: for the first `keptCells` cells of each sample it takes them
 * from the forward pass, of the others it computes them again. Their layout is the kernels' own: the reference's is as written below, the fast one's
 * that of TraceLayout (lstm_tile.h), a device's that of LstmTrace (lstm_cuda.h). Of `packed` memory only a device that rounds factors of products
 * makes use; all others keep nothing then.
 *
 * Backward in time, with dh the gradient of h_t (from gradOutput and from step t+1) and dc that of c_t (from step t+1):
 *
 *   dc += dh ∘ o ∘ (1 − tanh²(c_t))
 *   dz_i = dc ∘ g ∘ i(1−i);  dz_f = dc ∘ c_{t−1} ∘ f(1−f);  dz_g = dc ∘ i ∘ (1−g²);  dz_o = dh ∘ tanh(c_t) ∘ o(1−o)
 *   gradInput_t = dz · weightInputᵀ;  dh_{t−1} = dz · weightHiddenᵀ;  dc_{t−1} = dc ∘ f
 *   gradWeightInput += x_tᵀ · dz;  gradWeightHidden += h_{t−1}ᵀ · dz;  gradBias += dz          (sums over samples, cells, steps)
 *   gradInitialHidden, gradInitialCell = what reaches t = −1, summed over samples and cells
 *
 * h_{t−1} is o ∘ tanh(c) of the stored step, so that `output` is not needed with the last state alone.
 */
namespace retroplume {

struct LstmParams {
  int64_t batch, steps, cells, inChannels, hidden;  // N, T, P, C, D
  bool allStates;
  CellLayout output;  // of output or gradOutput
  int64_t keptCells;  // K: cells of each sample whose gates and cell states are kept, the first ones
  bool packed;        // the memory of gates and cell states has room for sixteen bits of each number
  bool accumulate;

  [[gnu::always_inline]] int64_t outputChannels() const { return allStates ? steps * hidden : hidden; }
  /** Elements of output or gradOutput, from the first to the last. */
  int64_t outputSpan() const { return output.span(batch, outputChannels()); }
};

template <class T>
struct LstmForward {
  LstmParams params;
  const T* input;          // [N, T, P, C]
  const T* weightInput;    // [C, 4D]
  const T* weightHidden;   // [D, 4D]
  const T* bias;           // [4D]
  const T* initialHidden;  // [D] or null: 0
  const T* initialCell;    // [D] or null: 0
  T* output;               // [N, P, T·D] or [N, P, D]
  T* gates;                // [N, T, K, 4D], in memory for D rounded up to whole vectors (packed: half of it), or null
  T* cellStates;           // [N, T, K, D], likewise
};

template <class T>
struct LstmBackward {
  LstmParams params;
  int64_t gradBegin, gradChannels;  // the channels of the input that gradInput holds
  const T* input;
  const T* weightInput;
  const T* weightHidden;
  const T* bias;  // null if the gates of all cells are given
  const T* initialHidden;
  const T* initialCell;
  const T* gates;  // [N, T, K, 4D] and [N, T, K, D] of the forward pass, null if K is 0
  const T* cellStates;
  const T* gradOutput;
  T* gradInput;  // [N, T, P, gradChannels]; what is null is not computed
  T* gradWeightInput;
  T* gradWeightHidden;
  T* gradBias;
  T* gradInitialHidden;
  T* gradInitialCell;
};

/** The call; or, where its kernels do not pack what they keep and the memory for it has no room for more, the same keeping nothing. */
template <class Call>
Call lstmWithRoom(Call call, bool packs) {
  if (call.params.packed && !packs) {
    call.params.keptCells = 0;
    call.gates = call.cellStates = nullptr;
  }
  return call;
}

template <class T>
void lstmForwardReference(const LstmForward<T>& call, const Context& context);
template <class T>
void lstmBackwardReference(const LstmBackward<T>& call, const Context& context);

/** Scratch bytes that the kernels, reference and fast, need at most. */
std::size_t lstmForwardScratch(const LstmParams& params, int threads);
std::size_t lstmBackwardScratch(const LstmParams& params, int threads);

}  // namespace retroplume
