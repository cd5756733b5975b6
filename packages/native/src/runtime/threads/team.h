#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace retroplume {

/**
 * The threads that kernels share their work among. Whoever calls `run` is thread 0; the others wait for work, and all wait for each other at
 * barriers.
 *
 * Why not OpenMP: a step has two hundred such waits, mostly of microseconds. GNU's threads either sleep at once, and waking one takes 0.1 to 0.5 ms
 * in a virtual machine, as long as a small kernel; or they spin for milliseconds, and where other programs want the processor too, every wait costs
 * a time slice in which the thread that is waited for might have run. Here they spin while they are let. A thread that was last seen on the same
 * processor as another of the team sleeps instead: the one that it waits for may be behind it there, and who wakes is taken to an idle processor,
 * where there is one. A thread that finds itself interrupted is not alone on its processor, and for a while all of them sleep at once.
 */
class Team {
 public:
  /** What one thread does of a job: `state` is the job's. */
  using Body = void (*)(void* state, int thread, int threads);

  Team() = default;
  /** No job may be under way. */
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /**
   * Calls body(state, thread, threads) for every thread 0 … threads − 1 at once and returns when all are done. Not for two callers at the same time,
   * nor from inside a job. The body must not throw.
   */
  void run(int threads, Body body, void* state);

  /** Inside a job: returns when all its threads have come here. */
  void barrier();

 private:
  // Nanoseconds. Patience: how long a thread spins, longer than JavaScript takes between two steps. Interruption: between two looks at the clock,
  // where nothing but another program takes so long. Crowded: for how long nobody spins after one.
  static constexpr int64_t kPatience = 3'000'000, kInterruption = 1'000'000, kCrowded = 20'000'000;

  void grow(int threads);
  void work(int thread, uint64_t seen);
  /** Returns once `done`, which only changes to true, before a call of wakeSleepers. */
  template <class Done>
  void waitUntil(Done done);
  /** Notes the processor that this thread is on. */
  void sit();
  /** Whether another thread of the job was last seen on the processor that this one sits on. */
  bool besideAnother() const;
  void wakeSleepers();

  std::vector<std::thread> workers_;

  // The job: written before generation_ is raised, read after that was seen; how many threads it has also by who waits for it.
  Body body_ = nullptr;
  void* state_ = nullptr;
  std::atomic<int> threads_{0};

  // Each on a cache line of its own: they are looked at without pause.
  alignas(64) std::atomic<uint64_t> generation_{0};
  alignas(64) std::atomic<int> busy_{0};         // workers that have not ended the job
  alignas(64) std::atomic<int> arrived_{0};      // at the barrier
  alignas(64) std::atomic<uint64_t> passed_{0};  // barriers
  alignas(64) std::atomic<bool> stopping_{false};
  std::atomic<int64_t> crowdedUntil_{0};

  // On which processor each thread was last seen, plus 1; of more threads nothing is known.
  static constexpr int kSeats = 256;
  std::atomic<int> seats_[kSeats]{};

  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace retroplume
