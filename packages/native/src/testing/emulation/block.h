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
  void readShared(int offset, int bytes);
  void writeShared(int offset, int bytes);

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
  static void enter(unsigned high, unsigned low);
  /** Runs threads that have not begun, on a new fibre, until one waits or all are through. */
  void begin();
  void yield(State state, const char* waitsFor);
  bool releaseWarps();
  bool releaseBlock();
  int warp() const { return static_cast<int>(current) / kWarp; }
  bool ordered(const Access& before) const;
  Access now() const { return {static_cast<int>(current), blockTime_, warpTime_[warp()], warp()}; }

  std::vector<Thread> threads_;
  unsigned begun_ = 0;
  std::vector<std::unique_ptr<unsigned char[]>> stacks_;
  std::jmp_buf scheduler_;
  const std::function<void()>* kernel_ = nullptr;
  std::exception_ptr error_;
  std::vector<unsigned char> shared_;
  std::vector<SharedWord> words_;
  int blockTime_ = 0;
  std::vector<int> warpTime_;
  std::vector<int> exchanges_;               // of each thread
  std::vector<unsigned char> exchanged_[2];  // by turns
};

/** The block that runs on this thread of the host. */
Block& block();

/** Runs every block of a grid, the last one first, so that nothing can rely on their order. @throws EmulationError */
void runGrid(Dim3 grid, unsigned threads, int sharedBytes, const std::function<void()>& kernel);

}  // namespace retroplume::emulation
