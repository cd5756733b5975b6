// One thread that runs jobs in order. OpenMP keeps a team for each thread that opens a parallel region: one executor a model means one team a model,
// whereas libuv's pool would make four.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace retroplume {

class Executor {
 public:
  Executor() : thread_([this] { loop(); }) {}
  // Finishes the jobs that were posted.
  ~Executor() {
    post(nullptr);
    thread_.join();
  }
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void post(std::function<void()> job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

 private:
  void loop() {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_.wait(lock, [this] { return !jobs_.empty(); });
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      if (!job) return;
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  std::thread thread_;  // last: it must start after the rest exists
};

}  // namespace retroplume
