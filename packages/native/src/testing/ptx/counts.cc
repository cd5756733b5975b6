#include "testing/ptx/counts.h"

#include <algorithm>
#include <cstdio>

namespace retroplume::ptx {

int sectorsOf(const uint64_t* addresses, int count) {
  uint64_t sectors[kWarp];
  for (int i = 0; i < count; ++i) sectors[i] = addresses[i] / 32;
  if (!std::is_sorted(sectors, sectors + count)) std::sort(sectors, sectors + count);
  return static_cast<int>(std::unique(sectors, sectors + count) - sectors);
}

int wavefrontsOf(const uint64_t* addresses, const int* lanes, int count, int bytes) {
  constexpr int kBanks = 32;
  const int words = std::max(1, bytes / 4), group = kWarp / words;
  int total = 0;
  for (int begin = 0; begin < count;) {
    uint64_t found[kBanks][kWarp];
    int inBank[kBanks] = {}, most = 0, at = begin;
    for (; at < count && lanes[at] / group == lanes[begin] / group; ++at) {
      for (int i = 0; i < words; ++i) {
        const uint64_t word = addresses[at] / 4 + i, bank = word % kBanks;
        uint64_t* end = found[bank] + inBank[bank];
        if (std::find(found[bank], end, word) != end) continue;
        *end = word;
        most = std::max(most, ++inBank[bank]);
      }
    }
    total += most;
    begin = at;
  }
  return total;
}

KernelCounts& Counts::of(const std::shared_ptr<const Kernel>& kernel) {
  KernelCounts& counts = kernels_[kernel->name];
  if (counts.kernel == nullptr) {
    counts.kernel = kernel;
    counts.instructions.resize(kernel->code.size());
  }
  return counts;
}

void Counts::write(const std::string& path) const {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return;
  std::fprintf(file, "kernel\tinstruction\ttext\tlaunches\tblocks\texecuted\tlanes\tglobalBytes\tsectors\tsharedBytes\twavefronts\n");
  for (const auto& [name, counts] : kernels_) {
    for (std::size_t i = 0; i < counts.instructions.size(); ++i) {
      const Count& count = counts.instructions[i];
      if (count.executed == 0) continue;
      std::string text = counts.kernel->code[i].text;
      std::replace(text.begin(), text.end(), '\t', ' ');
      std::fprintf(file, "%s\t%zu\t%s\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\t%lu\n", name.c_str(), i, text.c_str(), counts.launches, counts.blocks,
                   count.executed, count.lanes, count.globalBytes, count.sectors, count.sharedBytes, count.wavefronts);
    }
  }
  std::fclose(file);
}

}  // namespace retroplume::ptx
