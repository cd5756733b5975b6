#pragma once
#include <cstddef>
#include <cstdint>

/** Before a function that kernels of the host and of a device call. */
#if defined(__CUDACC__)
#define RETROPLUME_HOST_DEVICE __host__ __device__
#else
#define RETROPLUME_HOST_DEVICE [[gnu::always_inline]]
#endif

namespace retroplume {

class Team;
struct Collective;

/** Team::run and Team::barrier, for kernels: code that is compiled for several instruction sets must not see the standard library's inline functions.
 */
void share(Team& team, int threads, void (*body)(void* state, int thread, int threads), void* state);
void meet(Team& team);

/** How the device multiplies matrices: exactly, or on tensor cores with factors rounded to 10 (tf32) or 7 bits (bf16); sums are float32 always. */
enum class Products : int { float32, tf32, bf16 };

/** What a kernel may use while it runs: its threads, and scratch memory of the size that it asked for when it was bound (64-byte aligned). */
struct Context {
  int threads;
  void* scratch;
  Team* team;              // not read where `threads` is 1
  void* stream = nullptr;  // of a device, for its kernels
  int sharedBytes = 0;     // that one block can have on it
  Products products = Products::float32;
  const Collective* ranks = nullptr;  // that compute one batch together; null: this process alone
  const void* packed = nullptr;       // the call's weights, where the device's kernel packs them
};

/** Half-open range of work items. */
struct Range {
  int64_t begin;
  int64_t end;
};

// Called from code compiled for several instruction sets: always inlined, since the linker would keep any one copy.
/** The `index`-th of `parts` nearly equal shares of `count` items: fixed by its arguments, so that reductions over shares are reproducible. */
[[gnu::always_inline]] inline Range shareOf(int64_t count, int parts, int index) { return {count * index / parts, count * (index + 1) / parts}; }

}  // namespace retroplume
