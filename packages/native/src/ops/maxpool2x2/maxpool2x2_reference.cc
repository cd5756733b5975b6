#include <algorithm>
#include <cmath>

#include "ops/maxpool2x2/maxpool2x2.h"

namespace retroplume {

namespace {

/** Calls visit(index of the winner in the input, index in the output) for every output value. */
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
              const int64_t index = ((n * p.height + row) * p.width + column) * C + c;
              if (winner < 0 || input[index] > input[winner] || (std::isnan(input[index]) && !std::isnan(input[winner]))) winner = index;
            }
          }
          visit(winner, ((n * outHeight + i) * outWidth + j) * C + c);
        }
      }
    }
  }
}

}  // namespace

template <class T>
void maxpool2x2ForwardReference(const Maxpool2x2Forward<T>& call, const Context&) {
  forEachWinner(call.params, call.input, [&](int64_t winner, int64_t out) { call.output[out] = call.input[winner]; });
}

template <class T>
void maxpool2x2BackwardReference(const Maxpool2x2Backward<T>& call, const Context&) {
  const Maxpool2x2Params& p = call.params;
  std::fill_n(call.gradInput, p.batch * p.height * p.width * p.channels, T(0));
  forEachWinner(p, call.input, [&](int64_t winner, int64_t out) { call.gradInput[winner] = call.gradOutput[out]; });
}

template void maxpool2x2ForwardReference(const Maxpool2x2Forward<float>&, const Context&);
template void maxpool2x2ForwardReference(const Maxpool2x2Forward<double>&, const Context&);
template void maxpool2x2BackwardReference(const Maxpool2x2Backward<float>&, const Context&);
template void maxpool2x2BackwardReference(const Maxpool2x2Backward<double>&, const Context&);

}  // namespace retroplume
