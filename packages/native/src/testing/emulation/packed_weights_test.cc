#include "runtime/packed_weights.h"

#include <cstdio>
#include <vector>

#include "runtime/device/device.h"

/** Kernels that multiply by the negative of their weights, which they pack, in the memory of the host: what they read, and how often it is packed. */
namespace retroplume {

namespace {

int failures = 0;

void expect(bool right, const char* what) {
  if (right) return;
  ++failures;
  std::printf("FAIL %s\n", what);
}

/** An arena of weights at 0 to 3 and 4 to 7, of which two kernels take four each. */
struct Fixture {
  std::vector<float> arena = std::vector<float>(8, 1.0f);
  std::vector<char> scratch = std::vector<char>(1024);
  float results[2] = {0, 0};
  int packed[2] = {0, 0};
  BoundKernel kernels[2] = {kernel(0), kernel(1)};
  PackedWeights weights;

  Context context() { return {1, scratch.data(), nullptr}; }
  BoundKernel kernel(int index) {
    BoundKernel bound;
    bound.scratchBytes = 64;
    bound.run = [this, index](const Context& context) {
      // Its own scratch memory is another.
      static_cast<float*>(context.scratch)[0] = 100.0f;
      const auto* packed = static_cast<const float*>(context.packed);
      results[index] = packed[0] + packed[1] + packed[2] + packed[3];
    };
    bound.packing = Packing{{{4 * index, 4}}, 4 * sizeof(float), [this, index](void* to, const Context&) {
                              ++packed[index];
                              for (int i = 0; i < 4; ++i) static_cast<float*>(to)[i] = -arena[4 * index + i];
                            }};
    return bound;
  }
  void serve(const std::vector<Span>& written) { weights.serve({&kernels[0], &kernels[1]}, written, nullptr); }
  void run(int64_t begin, int64_t end) {
    weights.refresh(begin, end, context());
    for (int64_t i = begin; i < end; ++i) kernels[i].run(context());
  }
  bool gave(float first, float second) const { return results[0] == first && results[1] == second; }
  bool packedTimes(int first, int second) const { return packed[0] == first && packed[1] == second; }
};

void packsOnce() {
  Fixture all;
  all.serve({{8, 100}});
  expect(all.kernels[0].scratchBytes == 64 && all.weights.bytes() >= 8 * sizeof(float), "kept weights take memory of their own");
  all.run(0, 1);
  expect(all.gave(-4, 0) && all.packedTimes(1, 0), "only what runs is packed");
  all.run(0, 2);
  all.run(0, 2);
  expect(all.gave(-4, -4) && all.packedTimes(1, 1), "weights that stay are packed once");
}

void packsWhatChanged() {
  Fixture all;
  all.serve({});
  all.run(0, 2);
  all.arena[4] = 5;
  all.weights.changed({4, 1});
  all.run(0, 1);
  all.run(0, 2);
  all.run(0, 2);
  expect(all.gave(-4, -8) && all.packedTimes(1, 2), "what was written is packed anew, and nothing else");
  all.weights.changed({8, 10});
  all.weights.changed({2, 0});
  all.run(0, 2);
  expect(all.packedTimes(1, 2), "a write beside the weights packs nothing");
  all.weights.changed({3, 2});
  all.run(0, 2);
  expect(all.packedTimes(2, 3), "a write over the edge of both packs both");
}

void packsStagedAtEveryRun() {
  Fixture all;
  all.serve({});
  all.weights.staged({8, 4});
  all.run(0, 2);
  all.run(0, 2);
  expect(all.packedTimes(1, 1), "what is staged beside the weights packs nothing");
  all.weights.staged({7, 4});
  for (float weight : {2.0f, 3.0f}) {
    all.arena[7] = weight;
    all.run(0, 2);
    expect(all.results[1] == -3 - weight, "staged weights are packed before every run");
  }
}

void packsWithTheInstruction() {
  Fixture all;
  all.serve({{6, 1}});
  expect(all.kernels[0].scratchBytes == 64 && all.kernels[1].scratchBytes >= 64 + 4 * sizeof(float), "weights that change take scratch memory");
  for (float weight : {2.0f, 3.0f}) {
    all.arena[6] = weight;
    all.run(0, 2);
    expect(all.gave(-4, -3 - weight), "weights that an instruction writes are packed at every run");
  }
  expect(all.packedTimes(1, 2), "and the others once");
}

}  // namespace

int run() {
  packsOnce();
  packsWhatChanged();
  packsStagedAtEveryRun();
  packsWithTheInstruction();
  if (failures == 0) std::printf("ok\n");
  return failures == 0 ? 0 : 1;
}

}  // namespace retroplume

int main() { return retroplume::run(); }
