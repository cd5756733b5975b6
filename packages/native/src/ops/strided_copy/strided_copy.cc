#include "ops/strided_copy/strided_copy.h"

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

/** Elements that come from or go to memory for a view: of what lies in gaps only the rest of sectors of 32 bytes. */
template <class T>
double moved(const int64_t size[5], const int64_t stride[5]) {
  // Dimensions from the innermost on that lie end to end make a run; those that are broadcast move nothing.
  int64_t run = 1;
  double runs = 1;
  for (int k = 4; k >= 0; --k) {
    if (stride[k] == 0 || size[k] == 1) continue;
    if (runs == 1 && stride[k] == run) {
      run *= size[k];
    } else {
      runs *= static_cast<double>(size[k]);
    }
  }
  constexpr int64_t kSector = 32 / sizeof(T);
  const double whole = static_cast<double>(reach(size, stride)), sectors = runs * static_cast<double>((run + kSector - 1) / kSector * kSector);
  return runs == 1 || whole < sectors ? whole : sectors;
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
  reader.moves(moved<T>(p.size, p.inputStride) + (p.accumulate ? 2 : 1) * moved<T>(p.size, p.outputStride));
  return bindCall(reader, stridedCopyReference<T>, &CpuKernels::stridedCopy, call, p.accumulate ? elements : 0);
}

}  // namespace

void registerStridedCopy(Registry& registry) { registry.add("stridedCopy", bind<float>, bind<double>); }

}  // namespace retroplume
