#pragma once
#include "runtime/context.h"

/** Work shared among threads. */
namespace retroplume::RETROPLUME_ISA {

/** One of the threads that run a body. */
struct Worker {
  int thread, threads;
  Team* team;
  /** Waits until all have come here. */
  void barrier() const {
    if (threads > 1) meet(*team);
  }
};

/** Calls body(Worker) on `threads` threads at once. */
template <class Body>
[[gnu::always_inline]] inline void inParallel(const Context& context, int threads, const Body& body) {
  struct Job {
    const Body& body;
    Team* team;
  } job{body, context.team};
  if (threads == 1) return body(Worker{0, 1, nullptr});
  share(
      *context.team, threads,
      [](void* state, int thread, int count) {
        const Job& own = *static_cast<Job*>(state);
        own.body(Worker{thread, count, own.team});
      },
      &job);
}

/** On all of the context's. */
template <class Body>
[[gnu::always_inline]] inline void inParallel(const Context& context, const Body& body) {
  inParallel(context, context.threads, body);
}

}  // namespace retroplume::RETROPLUME_ISA
