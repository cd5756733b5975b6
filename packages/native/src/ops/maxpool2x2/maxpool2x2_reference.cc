#include <algorithm>
#include <cmath>

#include "ops/activation/activation_reference.h"
#include "ops/maxpool2x2/maxpool2x2.h"

namespace retroplume {

namespace {

/** Calls visit(winning cell of the input, cell of the output, channel) for every output value. */
template <class T, class Visit>
void forEachWinner(const Maxpool2x2Params& p, const T* input, Visit visit) {
  const int64_t outHeight = p.outHeight(), outWidth = p.outWidth(), C = p.channels;
  for (int64_t n = 0; n < p.batch; ++n) {
    for (int64_t i = 0; i < outHeight; ++i) {
      for (int64_t j = 0; j < outWidth; ++j) {
        for (int64_t c = 0; c < C; ++c) {
          int64_t winner = -1;
          for (int64_t row = 2 * i; row < std::min(2 * i + 2, p.height); ++row) {
            for (int64_t column = 2 * j; column < std::min(2 * j + 2, p.width); ++column) {
              const int64_t cell = (n * p.height + row) * p.width + column;
              const T x = input[cell * p.inputStride + c], best = input[(winner < 0 ? cell : winner) * p.inputStride + c];
              if (winner < 0 || x > best || (std::isnan(x) && !std::isnan(best))) winner = cell;
            }
          }
          visit(winner, (n * outHeight + i) * outWidth + j, c);
        }
      }
    }
  }
}

}  // namespace

template <class T>
void maxpool2x2ForwardReference(const Maxpool2x2Forward<T>& call, const Context&) {
  const Maxpool2x2Params& p = call.params;
  forEachWinner(p, call.input,
                [&](int64_t winner, int64_t out, int64_t c) { call.output[out * p.channels + c] = call.input[winner * p.inputStride + c]; });
}

template <class T>
void maxpool2x2BackwardReference(const Maxpool2x2Backward<T>& call, const Context&) {
  const Maxpool2x2Params& p = call.params;
  const int64_t cells = p.batch * p.height * p.width;
  for (int64_t cell = 0; cell < cells; ++cell) {
    for (int64_t c = 0; c < p.channels; ++c) {
      call.gradInput[cell * p.gradInputStride + c] = call.added ? call.added[cell * p.addedStride + c] : T(0);
    }
  }
  forEachWinner(p, call.input, [&](int64_t winner, int64_t out, int64_t c) {
    call.gradInput[winner * p.gradInputStride + c] += call.gradOutput[out * p.channels + c];
  });
  differentiate(call.derivative, cells, p.channels, p.gradInputStride, call.gradInput);
}

template void maxpool2x2ForwardReference(const Maxpool2x2Forward<float>&, const Context&);
template void maxpool2x2ForwardReference(const Maxpool2x2Forward<double>&, const Context&);
template void maxpool2x2BackwardReference(const Maxpool2x2Backward<float>&, const Context&);
template void maxpool2x2BackwardReference(const Maxpool2x2Backward<double>&, const Context&);

}  // namespace retroplume
