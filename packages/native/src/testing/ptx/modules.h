#pragma once
#include <map>
#include <memory>
#include <string>

#include "testing/ptx/kernel.h"

namespace retroplume::ptx {

/** What a kernel takes of a processor, as ptxas found it (compile.sh writes it beside the object). */
struct Resources {
  int registers = 0, sharedBytes = 0;
};

/** The kernels of a folder of *.ptx and *.resources; each is parsed when it is asked for. */
class Modules {
 public:
  explicit Modules(const std::string& folder);
  /** By the name that the linker sees. @throws NativeError PTX_UNKNOWN */
  std::shared_ptr<const Kernel> kernel(const std::string& name);
  const Resources& resources(const std::string& name) const { return resources_.at(name); }

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::shared_ptr<const Kernel>> kernels_;
  std::map<std::string, Resources> resources_;
};

}  // namespace retroplume::ptx
