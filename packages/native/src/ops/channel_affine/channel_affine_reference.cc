#include "ops/channel_affine/channel_affine.h"

namespace retroplume {

template <class T>
void channelAffineForwardReference(const ChannelAffineForward<T>& call, const Context&) {
  const auto& [pixels, C, stride] = call.params;
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < C; ++c) call.output[i * stride + c] = call.scale[c] * call.input[i * C + c] + call.shift[c];
  }
}

template <class T>
void channelAffineBackwardReference(const ChannelAffineBackward<T>& call, const Context&) {
  const auto& [pixels, C, stride] = call.params;
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < C; ++c) call.gradInput[i * C + c] = call.scale[c] * call.gradOutput[i * stride + c];
  }
}

template void channelAffineForwardReference(const ChannelAffineForward<float>&, const Context&);
template void channelAffineForwardReference(const ChannelAffineForward<double>&, const Context&);
template void channelAffineBackwardReference(const ChannelAffineBackward<float>&, const Context&);
template void channelAffineBackwardReference(const ChannelAffineBackward<double>&, const Context&);

}  // namespace retroplume
