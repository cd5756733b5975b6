#include "runtime/threads/team.h"

#include <algorithm>
#include <chrono>
#ifdef __linux__
#include <sched.h>
#endif

#include "runtime/context.h"

namespace retroplume {

namespace {

/** Looks between two looks at the clock: some microseconds. */
constexpr int kLooks = 100;

inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");  // a dozen nanoseconds; `yield` takes none where a core has one thread
#endif
}

/** Of the team: whoever calls `run` is 0. */
thread_local int ownIndex = 0;

int64_t nanoseconds() { return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

Team::~Team() {
  stopping_ = true;
  wakeSleepers();
  for (std::thread& worker : workers_) worker.join();
}

template <class Done>
void Team::waitUntil(Done done) {
  const auto look = [&done] {
    for (int i = 0; i < kLooks; ++i) {
      if (done()) return true;
      relax();
    }
    return false;
  };
  if (look()) return;
  sit();
  int64_t now = nanoseconds();
  const int64_t end = besideAnother() ? now : now + kPatience;
  while (now < end && now > crowdedUntil_) {
    if (look()) return;
    const int64_t before = now;
    now = nanoseconds();
    if (now - before > kInterruption) crowdedUntil_ = now + kCrowded;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  // Counted before the last look, as wakeSleepers looks at the count after the change: one of the two sees the other.
  ++sleepers_;
  wake_.wait(lock, done);
  --sleepers_;
}

void Team::sit() {
#ifdef __linux__
  if (ownIndex >= kSeats) return;
  const int here = sched_getcpu() + 1;
  // Others read it all the time: written when it changes only.
  if (seats_[ownIndex].load(std::memory_order_relaxed) != here) seats_[ownIndex].store(here, std::memory_order_relaxed);
#endif
}

bool Team::besideAnother() const {
  const int here = ownIndex < kSeats ? seats_[ownIndex].load(std::memory_order_relaxed) : 0;
  if (here == 0) return false;
  const int threads = std::min(threads_.load(), kSeats);
  for (int thread = 0; thread < threads; ++thread) {
    if (thread != ownIndex && seats_[thread].load(std::memory_order_relaxed) == here) return true;
  }
  return false;
}

void Team::wakeSleepers() {
  if (sleepers_ == 0) return;
  // Whoever is between its last look and its sleep holds the mutex.
  {
    const std::lock_guard<std::mutex> lock(mutex_);
  }
  wake_.notify_all();
}

void Team::run(int threads, Body body, void* state) {
  if (threads == 1) return body(state, 0, 1);
  grow(threads);
  sit();
  body_ = body;
  state_ = state;
  threads_ = threads;
  busy_ = static_cast<int>(workers_.size());
  ++generation_;
  wakeSleepers();
  body(state, 0, threads);
  waitUntil([this] { return busy_ == 0; });
}

void Team::grow(int threads) {
  while (static_cast<int>(workers_.size()) < threads - 1) {
    const int thread = static_cast<int>(workers_.size()) + 1;
    workers_.emplace_back([this, thread, seen = generation_.load()] { work(thread, seen); });
  }
}

void Team::work(int thread, uint64_t seen) {
  ownIndex = thread;
  for (;; ++seen) {
    waitUntil([this, seen] { return generation_ != seen || stopping_; });
    if (stopping_) return;
    sit();
    // A worker that the job has no share for says so all the same: the next job is not set up before.
    if (thread < threads_) body_(state_, thread, threads_);
    if (--busy_ == 0) wakeSleepers();
  }
}

void Team::barrier() {
  const uint64_t before = passed_;
  if (++arrived_ == threads_) {
    arrived_ = 0;
    ++passed_;
    wakeSleepers();
  } else {
    waitUntil([this, before] { return passed_ != before; });
  }
}

void share(Team& team, int threads, Team::Body body, void* state) { team.run(threads, body, state); }
void meet(Team& team) { team.barrier(); }

}  // namespace retroplume
