#include "ops/places/places.h"
#include "runtime/cuda/elementwise.h"

/** A thread an element: each touches a sector of its own, some thousand of them, which is less than starting the kernel takes. */
namespace retroplume::cuda {

namespace {

__global__ void __launch_bounds__(kElementThreads)
    gather_kernel(int64_t count, Global<const float> array, Global<const int32_t> places, Global<float> values) {
  forEachElement(count, [&](int64_t i) { values[i] = array[places[i]]; });
}

__global__ void __launch_bounds__(kElementThreads)
    scatter_kernel(int64_t count, Global<const float> values, Global<const int32_t> places, Global<float> array) {
  forEachElement(count, [&](int64_t i) { array[places[i]] = values[i]; });
}

}  // namespace

void gatherOnDevice(const GatherOnDevice& call, const Context& context) {
  launch(context, gather_kernel, elementBlocks(call.count), kElementThreads, 0, call.count, Global<const float>(call.array, call.length),
         Global<const int32_t>(call.places, call.count), Global<float>(call.values, call.count));
}

void scatterOnDevice(const ScatterOnDevice& call, const Context& context) {
  launch(context, scatter_kernel, elementBlocks(call.count), kElementThreads, 0, call.count, Global<const float>(call.values, call.count),
         Global<const int32_t>(call.places, call.count), Global<float>(call.array, call.length));
}

}  // namespace retroplume::cuda
