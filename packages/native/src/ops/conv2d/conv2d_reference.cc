#include <algorithm>

#include "ops/activation/activation_reference.h"
#include "ops/conv2d/conv2d.h"

namespace retroplume {

namespace {

/** Calls visit(cell, neighbour, tap) for every cell of the grid and every kernel tap whose neighbour lies inside the grid. */
template <class Visit>
void forEachTap(const Conv2dParams& p, Visit visit) {
  const int64_t pad = (p.kernel - 1) / 2;
  for (int64_t n = 0; n < p.batch; ++n) {
    for (int64_t i = 0; i < p.height; ++i) {
      for (int64_t j = 0; j < p.width; ++j) {
        for (int64_t k = 0; k < p.kernel; ++k) {
          for (int64_t l = 0; l < p.kernel; ++l) {
            const int64_t row = i + k - pad, column = j + l - pad;
            if (row < 0 || row >= p.height || column < 0 || column >= p.width) continue;
            visit((n * p.height + i) * p.width + j, (n * p.height + row) * p.width + column, k * p.kernel + l);
          }
        }
      }
    }
  }
}

int64_t cellCount(const Conv2dParams& p) { return p.batch * p.height * p.width; }

}  // namespace

template <class T>
void conv2dForwardReference(const Conv2dForward<T>& call, const Context&) {
  const Conv2dParams& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  for (int64_t cell = 0; cell < cellCount(p); ++cell) {
    for (int64_t o = 0; o < O; ++o) call.output[p.output.at(cell) + o] = call.bias ? call.bias[o] : T(0);
  }
  forEachTap(p, [&](int64_t cell, int64_t neighbour, int64_t tap) {
    for (int64_t c = 0; c < C; ++c) {
      const T x = call.input[neighbour * p.inputStride + c];
      for (int64_t o = 0; o < O; ++o) call.output[p.output.at(cell) + o] += call.weight[(tap * C + c) * O + o] * x;
    }
  });
  for (int64_t cell = 0; cell < cellCount(p); ++cell) {
    for (int64_t o = 0; o < O; ++o) {
      T& z = call.output[p.output.at(cell) + o];
      z = activated(z, p.activation, call.slope + o);
    }
  }
}

template <class T>
void conv2dBackwardInputReference(const Conv2dBackwardInput<T>& call, const Context&) {
  const Conv2dParams& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  for (int64_t cell = 0; cell < cellCount(p) && !p.accumulate; ++cell) std::fill_n(call.gradInput + cell * p.inputStride, C, T(0));
  forEachTap(p, [&](int64_t cell, int64_t neighbour, int64_t tap) {
    for (int64_t c = 0; c < C; ++c) {
      T sum = 0;
      for (int64_t o = 0; o < O; ++o) sum += call.weight[(tap * C + c) * O + o] * call.gradOutput[cell * O + o];
      call.gradInput[neighbour * p.inputStride + c] += sum;
    }
  });
  differentiate(call.derivative, cellCount(p), C, p.inputStride, call.gradInput);
}

template <class T>
void conv2dBackwardWeightReference(const Conv2dBackwardWeight<T>& call, const Context&) {
  const Conv2dParams& p = call.params;
  const int64_t C = p.inChannels, O = p.outChannels;
  if (!p.accumulate) {
    std::fill_n(call.gradWeight, p.kernel * p.kernel * C * O, T(0));
    if (call.gradBias) std::fill_n(call.gradBias, O, T(0));
  }
  forEachTap(p, [&](int64_t cell, int64_t neighbour, int64_t tap) {
    for (int64_t c = 0; c < C; ++c) {
      const T x = call.input[neighbour * p.inputStride + c];
      for (int64_t o = 0; o < O; ++o) call.gradWeight[(tap * C + c) * O + o] += x * call.gradOutput[cell * O + o];
    }
  });
  if (!call.gradBias) return;
  for (int64_t cell = 0; cell < cellCount(p); ++cell) {
    for (int64_t o = 0; o < O; ++o) call.gradBias[o] += call.gradOutput[cell * O + o];
  }
}

template void conv2dForwardReference(const Conv2dForward<float>&, const Context&);
template void conv2dForwardReference(const Conv2dForward<double>&, const Context&);
template void conv2dBackwardInputReference(const Conv2dBackwardInput<float>&, const Context&);
template void conv2dBackwardInputReference(const Conv2dBackwardInput<double>&, const Context&);
template void conv2dBackwardWeightReference(const Conv2dBackwardWeight<float>&, const Context&);
template void conv2dBackwardWeightReference(const Conv2dBackwardWeight<double>&, const Context&);

}  // namespace retroplume
