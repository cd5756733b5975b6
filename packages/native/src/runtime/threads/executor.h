#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/threads/team.h"

namespace retroplume {

/**
 * One thread that runs jobs in the order in which they came, with a team that it shares their work with. All programs of a JavaScript environment
 * share it: a second one would double the threads of the machine.
 */
class Executor {
 public:
  Executor();
  /** Sets `stopping`, drops the jobs that have not begun, and waits for the one that has. */
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void enqueue(std::function<void()> job);
  /** Runs the job on the executor's thread after those before it, and returns when it is done, or throws what the job threw. */
  void runAndWait(const std::function<void()>& job);
  const std::atomic<bool>& stopping() const { return stopping_; }
  /** For the jobs alone, which run one after the other. */
  Team& team() { return team_; }

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::atomic<bool> stopping_{false};
  Team team_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace retroplume
