#include "runtime/packed_weights.h"

#include <algorithm>

namespace retroplume {

namespace {

/** Each begins where vectors may be loaded and a line of a cache begins. */
std::size_t wholeLines(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

bool meetsAny(const std::vector<Span>& spans, const Span& with) {
  return std::any_of(spans.begin(), spans.end(), [&](const Span& span) { return span.meets(with); });
}

using Run = std::function<void(const Context&)>;

Run withPacked(Run run, const void* packed) {
  return [run = std::move(run), packed](const Context& context) {
    Context own = context;
    own.packed = packed;
    run(own);
  };
}

Run packingFirst(Run run, Packing packing) {
  return [run = std::move(run), packing = std::move(packing)](const Context& context) {
    packing.pack(context.scratch, context);
    Context own = context;
    own.packed = context.scratch;
    own.scratch = static_cast<char*>(context.scratch) + wholeLines(packing.bytes);
    run(own);
  };
}

}  // namespace

void PackedWeights::serve(const std::vector<BoundKernel*>& kernels, const std::vector<Span>& written, const std::shared_ptr<Device>& device) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    BoundKernel& kernel = *kernels[i];
    if (!kernel.packing) continue;
    const Packing& packing = *kernel.packing;
    if (std::any_of(written.begin(), written.end(), [&](const Span& span) { return meetsAny(packing.weights, span); })) {
      kernel.scratchBytes += wholeLines(packing.bytes);
      kernel.run = packingFirst(std::move(kernel.run), packing);
    } else {
      kept_.push_back({static_cast<int64_t>(i), packing, bytes});
      bytes += wholeLines(packing.bytes);
    }
  }
  if (kept_.empty()) return;
  memory_ = Buffer(bytes, device);
  for (const Kept& kept : kept_) {
    Run& run = kernels[kept.instruction]->run;
    run = withPacked(std::move(run), static_cast<char*>(memory_.data()) + kept.offset);
  }
}

void PackedWeights::changed(const Span& span) {
  for (Kept& kept : kept_) kept.stale = kept.stale || meetsAny(kept.packing.weights, span);
}

void PackedWeights::staged(const Span& span) {
  for (const Kept& kept : kept_) {
    if (meetsAny(kept.packing.weights, span)) staged_ = true;
  }
}

void PackedWeights::refresh(int64_t begin, int64_t end, const Context& context) {
  for (Kept& kept : kept_) {
    if (kept.instruction < begin || kept.instruction >= end || !(kept.stale || staged_)) continue;
    kept.packing.pack(static_cast<char*>(memory_.data()) + kept.offset, context);
    kept.stale = false;
  }
}

}  // namespace retroplume
