#include <algorithm>
#include <cmath>

#include "ops/lstm/lstm.h"

namespace retroplume {

namespace {

template <class T>
T sigmoid(T z) {
  return T(1) / (T(1) + std::exp(-z));
}

/** z[j] += Σ_i x[i] · weight[i, j] */
template <class T>
void addProduct(const T* x, const T* weight, int64_t rows, int64_t columns, T* z) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) z[j] += x[i] * weight[i * columns + j];
  }
}

/** x[i] = Σ_j weight[i, j] · z[j] + (accumulate ? x[i] : 0) */
template <class T>
void productTransposed(const T* z, const T* weight, int64_t rows, int64_t columns, bool accumulate, T* x) {
  for (int64_t i = 0; i < rows; ++i) {
    T sum = 0;
    for (int64_t j = 0; j < columns; ++j) sum += weight[i * columns + j] * z[j];
    x[i] = accumulate ? x[i] + sum : sum;
  }
}

/** weight[i, j] += x[i] · z[j] */
template <class T>
void addOuter(const T* x, const T* z, int64_t rows, int64_t columns, T* weight) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) weight[i * columns + j] += x[i] * z[j];
  }
}

/** Gates and cell states of one cell's steps, `stride` cells apart. */
template <class T>
struct Trace {
  T* gates;       // [T, stride, 4D], or null
  T* cellStates;  // [T, stride, D], or null
  int64_t stride;
};

/** All steps of one cell; `output` may be null. */
template <class Call, class T>
void forwardCell(const Call& call, int64_t n, int64_t cell, T* output, const Trace<T>& trace, T* work) {
  const auto& [N, steps, cells, C, D, allStates, layout, keptCells, packed, accumulate] = call.params;
  T *z = work, *h = work + 4 * D, *c = h + D;
  for (int64_t d = 0; d < D; ++d) {
    h[d] = call.initialHidden ? call.initialHidden[d] : T(0);
    c[d] = call.initialCell ? call.initialCell[d] : T(0);
  }
  for (int64_t t = 0; t < steps; ++t) {
    std::copy_n(call.bias, 4 * D, z);
    addProduct(call.input + ((n * steps + t) * cells + cell) * C, call.weightInput, C, 4 * D, z);
    addProduct(h, call.weightHidden, D, 4 * D, z);
    for (int64_t d = 0; d < D; ++d) {
      const T i = sigmoid(z[d]), f = sigmoid(z[D + d]), g = std::tanh(z[2 * D + d]), o = sigmoid(z[3 * D + d]);
      c[d] = f * c[d] + i * g;
      h[d] = o * std::tanh(c[d]);
      z[d] = i, z[D + d] = f, z[2 * D + d] = g, z[3 * D + d] = o;
    }
    if (trace.gates) std::copy_n(z, 4 * D, trace.gates + t * trace.stride * 4 * D);
    if (trace.cellStates) std::copy_n(c, D, trace.cellStates + t * trace.stride * D);
    if (output && allStates) std::copy_n(h, D, output + t * D);
  }
  if (output && !allStates) std::copy_n(h, D, output);
}

template <class T>
void backwardCell(const LstmBackward<T>& call, int64_t n, int64_t cell, const Trace<const T>& trace, T* work) {
  const auto& [N, steps, cells, C, D, allStates, layout, keptCells, packed, accumulate] = call.params;
  T *dz = work, *dh = work + 4 * D, *dc = dh + D, *hBefore = dc + D, *cBefore = hBefore + D;
  const T* gradOutput = call.gradOutput + call.params.output.at(n * cells + cell);
  std::fill_n(dh, 2 * D, T(0));
  for (int64_t t = steps - 1; t >= 0; --t) {
    const int64_t at = (n * steps + t) * cells + cell;
    const T *gates = trace.gates + t * trace.stride * 4 * D, *cellStates = trace.cellStates + t * trace.stride * D;
    const T* before = t > 0 ? cellStates - trace.stride * D : call.initialCell;
    for (int64_t d = 0; d < D; ++d) {
      const T i = gates[d], f = gates[D + d], g = gates[2 * D + d], o = gates[3 * D + d];
      const T tanhC = std::tanh(cellStates[d]);
      cBefore[d] = before ? before[d] : T(0);
      hBefore[d] = t > 0 ? gates[3 * D + d - trace.stride * 4 * D] * std::tanh(cBefore[d]) : call.initialHidden ? call.initialHidden[d] : T(0);
      if (allStates)
        dh[d] += gradOutput[t * D + d];
      else if (t == steps - 1)
        dh[d] += gradOutput[d];
      dc[d] += dh[d] * o * (T(1) - tanhC * tanhC);
      dz[d] = dc[d] * g * i * (T(1) - i);
      dz[D + d] = dc[d] * cBefore[d] * f * (T(1) - f);
      dz[2 * D + d] = dc[d] * i * (T(1) - g * g);
      dz[3 * D + d] = dh[d] * tanhC * o * (T(1) - o);
      dc[d] *= f;
    }
    if (call.gradInput) {
      productTransposed(dz, call.weightInput + call.gradBegin * 4 * D, call.gradChannels, 4 * D, accumulate, call.gradInput + at * call.gradChannels);
    }
    if (call.gradWeightInput) addOuter(call.input + at * C, dz, C, 4 * D, call.gradWeightInput);
    if (call.gradWeightHidden) addOuter(hBefore, dz, D, 4 * D, call.gradWeightHidden);
    for (int64_t j = 0; call.gradBias && j < 4 * D; ++j) call.gradBias[j] += dz[j];
    productTransposed(dz, call.weightHidden, D, 4 * D, false, dh);
  }
  for (int64_t d = 0; call.gradInitialHidden && d < D; ++d) call.gradInitialHidden[d] += dh[d];
  for (int64_t d = 0; call.gradInitialCell && d < D; ++d) call.gradInitialCell[d] += dc[d];
}

/** The trace of one cell in arrays [N, T, K, …]; nothing for those past the first K. */
template <class T>
Trace<T> traceOf(const LstmParams& p, T* gates, T* cellStates, int64_t n, int64_t cell) {
  if (cell >= p.keptCells) return {};
  const int64_t at = n * p.steps * p.keptCells + cell;
  return {gates ? gates + at * 4 * p.hidden : nullptr, cellStates ? cellStates + at * p.hidden : nullptr, p.keptCells};
}

template <class T>
void clear(T* data, int64_t count) {
  if (data) std::fill_n(data, count, T(0));
}

}  // namespace

template <class T>
void lstmForwardReference(const LstmForward<T>& call, const Context& context) {
  const LstmParams& p = call.params;
  for (int64_t n = 0; n < p.batch; ++n) {
    for (int64_t cell = 0; cell < p.cells; ++cell) {
      T* output = call.output + p.output.at(n * p.cells + cell);
      forwardCell(call, n, cell, output, traceOf(p, call.gates, call.cellStates, n, cell), static_cast<T*>(context.scratch));
    }
  }
}

template <class T>
void lstmBackwardReference(const LstmBackward<T>& call, const Context& context) {
  const int64_t C = call.params.inChannels, D = call.params.hidden;
  if (!call.params.accumulate) {
    clear(call.gradWeightInput, C * 4 * D);
    clear(call.gradWeightHidden, D * 4 * D);
    clear(call.gradBias, 4 * D);
    clear(call.gradInitialHidden, D);
    clear(call.gradInitialCell, D);
  }
  T *work = static_cast<T*>(context.scratch), *gates = work + 8 * D, *cellStates = gates + 4 * D * call.params.steps;
  for (int64_t n = 0; n < call.params.batch; ++n) {
    for (int64_t cell = 0; cell < call.params.cells; ++cell) {
      if (cell < call.params.keptCells) {
        backwardCell(call, n, cell, traceOf(call.params, call.gates, call.cellStates, n, cell), work);
      } else {
        forwardCell<LstmBackward<T>, T>(call, n, cell, nullptr, {gates, cellStates, 1}, work);
        backwardCell<T>(call, n, cell, {gates, cellStates, 1}, work);
      }
    }
  }
}

template void lstmForwardReference(const LstmForward<float>&, const Context&);
template void lstmForwardReference(const LstmForward<double>&, const Context&);
template void lstmBackwardReference(const LstmBackward<float>&, const Context&);
template void lstmBackwardReference(const LstmBackward<double>&, const Context&);

}  // namespace retroplume
