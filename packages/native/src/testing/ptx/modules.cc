#include "testing/ptx/modules.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/error.h"
#include "testing/ptx/parser.h"

namespace retroplume::ptx {

Modules::Modules(const std::string& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    std::ifstream file(entry.path());
    if (entry.path().extension() == ".resources") {
      std::string architecture, name;
      Resources found;
      while (file >> architecture >> found.registers >> found.sharedBytes >> name) {
        // The most of all architectures.
        Resources& most = resources_[name];
        most = {std::max(most.registers, found.registers), std::max(most.sharedBytes, found.sharedBytes)};
      }
    }
    if (entry.path().extension() != ".ptx") continue;
    std::string head, text, name;
    for (std::string line; std::getline(file, line);) {
      const std::size_t at = line.find(".entry ");
      if (at != std::string::npos) {
        name = line.substr(at + 7, line.find('(') - at - 7);
        text.clear();
      } else if (line.find(".extern .shared") == 0) {
        head += line + '\n';
      }
      if (!name.empty()) text += line + '\n';
      if (line == "}" && !name.empty()) {
        texts_[name] = head + text;
        name.clear();
      }
    }
  }
}

std::shared_ptr<const Kernel> Modules::kernel(const std::string& name) {
  std::shared_ptr<const Kernel>& kernel = kernels_[name];
  if (kernel == nullptr) {
    const auto found = texts_.find(name);
    if (found == texts_.end()) throw NativeError("PTX_UNKNOWN", "no PTX of kernel " + name);
    kernel = std::make_shared<Kernel>(parseKernel(name, found->second));
  }
  return kernel;
}

}  // namespace retroplume::ptx
