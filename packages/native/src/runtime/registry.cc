#include "runtime/registry.h"

#include "ops/ops.h"
#include "runtime/error.h"

namespace retroplume {

const KernelEntry& Registry::find(const std::string& name, const std::string& where) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw NativeError("OP_UNKNOWN", where + ": expected a kernel of kernelNames() but received \"" + name + "\"");
  return found->second;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

Registry makeRegistry() {
  Registry registry;
  registerConv2d(registry);
  registerUpconv2x2(registry);
  registerMaxpool2x2(registry);
  registerLstm(registry);
  registerBatchNorm(registry);
  registerBatchNormPrelu(registry);
  registerPrelu(registry);
  registerChannelAffine(registry);
  registerMultiplySteps(registry);
  registerMuon(registry);
  registerUnary(registry);
  registerDropout(registry);
  registerArithmetic(registry);
  registerStridedCopy(registry);
  registerLoss(registry);
  registerOptimiser(registry);
  registerAllReduce(registry);
  return registry;
}

}  // namespace retroplume
