#include "runtime/cuda/divisor.h"

#include <cstdio>
#include <random>

/** Both divisors against the processor's division: next to multiples of the divisor, at the ends of their range, and at random. */
namespace retroplume {

namespace {

int failures = 0;

void expectQuotient(int64_t index, int64_t by) {
  const bool right =
      Divisor(by).quotient(index) == index / by && (index >> 31 != 0 || IndexDivisor(by).quotient(static_cast<int>(index)) == index / by);
  if (right) return;
  ++failures;
  std::printf("FAIL %lld / %lld\n", static_cast<long long>(index), static_cast<long long>(by));
}

}  // namespace

int run() {
  constexpr int64_t kEnd = int64_t{1} << 31;
  for (int64_t by : {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{7}, int64_t{232}, int64_t{65536}, kEnd / 2, kEnd / 2 + 1, kEnd - 1, kEnd, kEnd + 1,
                     2 * kEnd + 1}) {
    for (int64_t index : {int64_t{0}, int64_t{1}, by - 1, by, by + 1, 2 * by - 1, kEnd - 1, kEnd, 5 * kEnd + 3}) expectQuotient(index, by);
    for (int64_t multiple = by; multiple < kEnd; multiple += by * (1 + kEnd / 1000 / by))
      expectQuotient(multiple - 1, by), expectQuotient(multiple, by);
  }
  std::mt19937_64 random(1);
  for (int n = 0; n < 200000; ++n) expectQuotient(static_cast<int64_t>(random() >> 33), 1 + static_cast<int64_t>(random() >> (33 + random() % 31)));
  if (failures == 0) std::printf("ok\n");
  return failures == 0 ? 0 : 1;
}

}  // namespace retroplume

int main() { return retroplume::run(); }
