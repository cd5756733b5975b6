#include "runtime/registry.h"

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

#define OP(Name) void register##Name(Registry& registry);
#include "ops/kernel_list.h"

Registry makeRegistry() {
  Registry registry;
#define OP(Name) register##Name(registry);
#include "ops/kernel_list.h"
  return registry;
}

}  // namespace retroplume
