#pragma once
#include <csetjmp>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/**
 * A CUDA thread block on one thread of the host: its threads run one after the other, each until it meets a barrier; a fibre that ends one without
 * goes on with the next. Wrong use throws EmulationError:
 * a barrier that not all threads reach, an exchange within a warp in which a lane is missing, an index past an array's end, a read of shared memory
 * that nobody has written, and two threads at one word of shared memory, one of them writing, without a barrier between them.
 */
namespace retroplume::emulation {

struct Dim3 {
  unsigned x, y, z;
  constexpr Dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

constexpr int kWarp = 32;

/** Who touched a word of shared memory last, and when. Times count the barriers of the block and of the thread's warp. */
struct Access {
  int thread = -1;  // −1: nobody; −2: several
  int blockTime = -1;
  int warpTime = -1;
  int warp = -1;
};

struct SharedWord {
  Access write, read;
  bool arriving = false;  // of an asynchronous copy
};

class Block {
 public:
  Block(Dim3 grid, Dim3 index, unsigned threads, int sharedBytes);
  /** Runs all threads to their end. @throws EmulationError */
  void run(const std::function<void()>& kernel);

  Dim3 grid, index;
  unsigned threads;
  unsigned current = 0;  // thread that runs

  void barrier();
  void warpBarrier();
  /** All lanes of a warp hand in `bytes` bytes; returns those of all 32, lane after lane, at a distance of kExchangeBytes. */
  const unsigned char* exchange(const void* value, int bytes, const char* what);
  static constexpr int kExchangeBytes = 64;

  unsigned char* shared() { return shared_.data(); }
  int sharedBytes() const { return static_cast<int>(shared_.size()); }
  /** Notes an access to `bytes` bytes of shared memory. @throws EmulationError */
  void readShared(int offset, int bytes) {
    if (offset < 0 || offset + bytes > sharedBytes()) failPast("reads");
    for (int w = offset / 4; w < (offset + bytes + 3) / 4; ++w) {
      SharedWord& word = words_[w];
      if (word.arriving || word.write.thread == -1 || !ordered(word.write)) failRead(w);
      const Access before = word.read;
      word.read = now_;
      if (before.thread != now_.thread && !ordered(before)) {
        word.read.thread = -2;
        if (before.warp != now_.warp) word.read.warp = -2;
      }
    }
  }
  void writeShared(int offset, int bytes) {
    if (offset < 0 || offset + bytes > sharedBytes()) failPast("writes");
    for (int w = offset / 4; w < (offset + bytes + 3) / 4; ++w) {
      SharedWord& word = words_[w];
      if (word.arriving || !ordered(word.read) || !ordered(word.write)) failWrite(w);
      word.write = now_;
      word.read = {};
    }
  }

  void copyAsync(int offset, const float* from, int floats);  // null: zeros
  void commitCopies();
  void waitCopies(int remaining);

  [[noreturn]] void fail(const std::string& what) const;

 private:
  enum class State { ready, barrier, warp, finished };
  struct Copy {
    int offset, floats;
    float values[4];
  };
  struct Thread {
    std::jmp_buf place;  // where it waits
    State state = State::ready;
    const char* waitsFor = "";
    std::vector<Copy> open;                 // not yet committed
    std::vector<std::vector<Copy>> groups;  // committed, oldest first
  };
  /** A stack, and where on it a block's next threads begin. */
  struct Fibre {
    std::unique_ptr<unsigned char[]> stack;
    std::jmp_buf home;
  };
  /** Of blocks that are through: a new stack costs calls of the kernel's and page faults. */
  static std::vector<std::unique_ptr<Fibre>>& idleFibres();
  static void enter(unsigned high, unsigned low);
  /** Runs threads that have not begun, on another fibre, until one waits or all are through. */
  void begin();
  void runThreads();
  void yield(State state, const char* waitsFor);
  bool releaseWarps();
  bool releaseBlock();
  int warp() const { return static_cast<int>(current) / kWarp; }
  bool ordered(const Access& before) const {
    return before.blockTime < now_.blockTime || before.thread == now_.thread || (before.warp == now_.warp && before.warpTime < now_.warpTime);
  }
  [[noreturn]] void failPast(const char* what) const;
  [[noreturn]] void failRead(int word) const;
  [[noreturn]] void failWrite(int word) const;
  /** The thread that is to run next. */
  void choose(unsigned thread) {
    current = thread;
    now_ = {static_cast<int>(thread), blockTime_, warpTime_[warp()], warp()};
  }

  std::vector<Thread> threads_;
  unsigned begun_ = 0;
  std::vector<std::unique_ptr<Fibre>> fibres_;
  std::jmp_buf scheduler_;
  const std::function<void()>* kernel_ = nullptr;
  std::exception_ptr error_;
  std::vector<unsigned char> shared_;
  std::vector<SharedWord> words_;
  int blockTime_ = 0;
  Access now_;  // of the thread that runs
  std::vector<int> warpTime_;
  std::vector<int> exchanges_;               // of each thread
  std::vector<unsigned char> exchanged_[2];  // by turns
};

/** The block that runs on this thread of the host; inline, for every access of a kernel asks for it. */
inline thread_local Block* running = nullptr;
inline Block& block() { return *running; }

/** Runs every block of a grid, the last one first, so that nothing can rely on their order. @throws EmulationError */
void runGrid(Dim3 grid, unsigned threads, int sharedBytes, const std::function<void()>& kernel);

}  // namespace retroplume::emulation
