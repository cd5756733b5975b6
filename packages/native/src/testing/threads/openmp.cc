// What the transport model needs of OpenMP, of the standard library's threads: parallel regions, barriers, loops that are shared out piece by piece.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace {

struct Loop {
  long next, end, step, piece;
};

/** The threads of one parallel region. */
class Team {
 public:
  explicit Team(int size) : size(size) {}

  void barrier() {
    std::unique_lock<std::mutex> lock(mutex_);
    const int before = passed_;
    if (++arrived_ < size) return wake_.wait(lock, [&] { return passed_ != before; });
    arrived_ = 0;
    ++passed_;
    wake_.notify_all();
  }

  /** The next piece of the `index`-th loop, which begins as `fresh`; false: there is none. */
  bool take(int index, const Loop& fresh, long* begin, long* end) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Loop& loop = loops_.emplace(index, fresh).first->second;
    if (loop.next >= loop.end) return false;
    *begin = loop.next;
    *end = loop.next = std::min(loop.end, loop.next + loop.step * loop.piece);
    return true;
  }

  const int size;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  int arrived_ = 0, passed_ = 0;
  std::map<int, Loop> loops_;
};

thread_local Team* team = nullptr;
thread_local int thread = 0, loops = 0;

}  // namespace

extern "C" {

int omp_get_num_threads() { return team ? team->size : 1; }
int omp_get_thread_num() { return thread; }

void GOMP_barrier() { team->barrier(); }

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned) {
  Team own(static_cast<int>(threads));
  const auto run = [&](int index) {
    team = &own, thread = index, loops = 0;
    body(data);
    team = nullptr, thread = 0;
  };
  std::vector<std::thread> others;
  for (int i = 1; i < own.size; ++i) others.emplace_back(run, i);
  run(0);
  for (std::thread& other : others) other.join();
}

bool GOMP_loop_nonmonotonic_dynamic_start(long begin, long end, long step, long piece, long* first, long* last) {
  return team->take(++loops, {begin, end, step, piece}, first, last);
}
bool GOMP_loop_nonmonotonic_dynamic_next(long* first, long* last) { return team->take(loops, {}, first, last); }
void GOMP_loop_end() { team->barrier(); }
void GOMP_loop_end_nowait() {}

}  // extern "C"
