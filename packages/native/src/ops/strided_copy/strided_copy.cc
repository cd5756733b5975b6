#include "ops/strided_copy/strided_copy.h"

#include "ops/ops.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

/** Elements from a view's first to its last, both included; -1 where that does not fit. */
int64_t reach(const int64_t size[5], const int64_t stride[5]) {
  int64_t last = 0;
  for (int k = 0; k < 5; ++k) {
    int64_t extent;
    if (__builtin_mul_overflow(size[k] - 1, stride[k], &extent) || __builtin_add_overflow(last, extent, &last)) return -1;
  }
  return last + 1;
}

template <class T>
BoundKernel bind(InstructionReader<T>& reader) {
  StridedCopy<T> call{};
  StridedCopyParams& p = call.params;
  double elements = 1;
  for (int k = 0; k < 5; ++k) {
    const std::string index = std::to_string(k);
    p.size[k] = reader.integer(("d" + index).c_str(), 1, 1);
    p.inputStride[k] = reader.integer(("is" + index).c_str(), 0, 0);
    p.outputStride[k] = reader.integer(("os" + index).c_str(), 0, 0);
    elements *= static_cast<double>(p.size[k]);
  }
  p.accumulate = reader.flag("accumulate");
  call.input = reader.input("input", {reach(p.size, p.inputStride)});
  call.output = reader.output("output", {reach(p.size, p.outputStride)});
  return bindCall(reader, stridedCopyReference<T>, &CpuKernels::stridedCopy, call, p.accumulate ? elements : 0);
}

}  // namespace

void registerStridedCopy(Registry& registry) { registry.add("stridedCopy", bind<float>, bind<double>); }

}  // namespace retroplume
