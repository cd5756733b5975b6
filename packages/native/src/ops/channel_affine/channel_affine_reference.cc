#include "ops/channel_affine/channel_affine.h"

namespace retroplume {

template <class T>
void channelAffineForwardReference(const ChannelAffineForward<T>& call, const Context&) {
  const auto& [pixels, C] = call.params;
  for (int64_t i = 0; i < pixels * C; ++i) call.output[i] = call.scale[i % C] * call.input[i] + call.shift[i % C];
}

template <class T>
void channelAffineBackwardReference(const ChannelAffineBackward<T>& call, const Context&) {
  const auto& [pixels, C] = call.params;
  for (int64_t i = 0; i < pixels * C; ++i) call.gradInput[i] = call.scale[i % C] * call.gradOutput[i];
}

template void channelAffineForwardReference(const ChannelAffineForward<float>&, const Context&);
template void channelAffineForwardReference(const ChannelAffineForward<double>&, const Context&);
template void channelAffineBackwardReference(const ChannelAffineBackward<float>&, const Context&);
template void channelAffineBackwardReference(const ChannelAffineBackward<double>&, const Context&);

}  // namespace retroplume
