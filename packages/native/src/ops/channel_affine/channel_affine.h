#pragma once
#include <cstddef>
#include <cstdint>

#include "runtime/context.h"

/**
 * A scale and a shift per channel: output[i,c] = scale[c]·input[i,c] + shift[c]; gradInput = scale[c]·gradOutput.
 * Normalisation of inputs and outputs; scale and shift are constants and get no gradient.
 *
 * `output` and `gradOutput` may be channels of a larger array.
 */
namespace retroplume {

struct ChannelAffineParams {
  int64_t pixels, channels;
  int64_t outputStride;  // from one pixel of output and gradOutput to the next
};

template <class T>
struct ChannelAffineForward {
  ChannelAffineParams params;
  const T* input;
  const T* scale;
  const T* shift;
  T* output;  // may be the input
};

template <class T>
struct ChannelAffineBackward {
  ChannelAffineParams params;
  const T* scale;
  const T* gradOutput;
  T* gradInput;  // may be gradOutput
};

template <class T>
void channelAffineForwardReference(const ChannelAffineForward<T>& call, const Context& context);
template <class T>
void channelAffineBackwardReference(const ChannelAffineBackward<T>& call, const Context& context);

/** Scratch bytes that the fast kernels need. */
std::size_t channelAffineScratch(const ChannelAffineParams& params);

}  // namespace retroplume
