#include "testing/emulation/block.h"

#include <ucontext.h>

#include <algorithm>
#include <cstring>

#include "runtime/error.h"

namespace retroplume::emulation {

namespace {

constexpr std::size_t kStackBytes = 64 * 1024;

}  // namespace

Block::Block(Dim3 grid, Dim3 index, unsigned threads, int sharedBytes)
    : grid(grid), index(index), threads(threads), threads_(threads), shared_(sharedBytes, 0xff), words_((sharedBytes + 3) / 4) {
  const std::size_t warps = (threads + kWarp - 1) / kWarp;
  warpTime_.assign(warps, 0);
  exchanges_.assign(threads, 0);
  for (auto& each : exchanged_) each.resize(warps * kWarp * kExchangeBytes);
}

void Block::fail(const std::string& what) const {
  throw NativeError("EMULATION_FAILED", "thread " + std::to_string(current) + " of block (" + std::to_string(index.x) + ", " +
                                            std::to_string(index.y) + ", " + std::to_string(index.z) + "): " + what);
}

std::vector<std::unique_ptr<Block::Fibre>>& Block::idleFibres() {
  static thread_local std::vector<std::unique_ptr<Fibre>> idle;
  return idle;
}

void Block::enter(unsigned high, unsigned low) {
  auto* fibre = reinterpret_cast<Fibre*>(static_cast<uintptr_t>(high) << 32 | low);
  for (;;) {
    running->runThreads();
    if (_setjmp(fibre->home) == 0) _longjmp(running->scheduler_, 1);
  }
}

void Block::runThreads() {
  while (begun_ < threads && !error_) {
    choose(begun_++);
    try {
      (*kernel_)();
    } catch (...) {
      error_ = std::current_exception();
    }
    threads_[current].state = State::finished;
  }
}

void Block::yield(State state, const char* waitsFor) {
  Thread& thread = threads_[current];
  thread.state = state;
  thread.waitsFor = waitsFor;
  if (_setjmp(thread.place) == 0) _longjmp(scheduler_, 1);
}

void Block::run(const std::function<void()>& kernel) {
  kernel_ = &kernel;
  Block* outer = running;
  running = this;
  while (begun_ < threads && !error_) begin();
  while (!error_ && (releaseWarps() || releaseBlock())) {
    for (current = 0; current < threads && !error_; ++current) {
      if (threads_[current].state != State::ready) continue;
      choose(current);
      if (_setjmp(scheduler_) == 0) _longjmp(threads_[current].place, 1);
    }
  }
  running = outer;
  if (error_) std::rethrow_exception(error_);
  for (current = 0; current < threads; ++current) {
    if (threads_[current].state != State::finished) fail(std::string("waits at ") + threads_[current].waitsFor + " for threads that do not come");
  }
  // All are home; those of a block that failed hang somewhere in its kernel, and end with it.
  for (auto& fibre : fibres_) idleFibres().push_back(std::move(fibre));
}

void Block::begin() {
  auto& idle = idleFibres();
  const bool isNew = idle.empty();
  fibres_.push_back(isNew ? std::make_unique<Fibre>() : std::move(idle.back()));
  if (!isNew) idle.pop_back();
  Fibre& fibre = *fibres_.back();
  // Of an old one the place is known: jumps do not ask the kernel for signals' masks, as changes of contexts do.
  if (_setjmp(scheduler_) != 0) return;
  if (!isNew) _longjmp(fibre.home, 1);
  ucontext_t context;
  getcontext(&context);
  fibre.stack.reset(new unsigned char[kStackBytes]);
  context.uc_stack.ss_sp = fibre.stack.get();
  context.uc_stack.ss_size = kStackBytes;
  context.uc_link = nullptr;
  const auto address = reinterpret_cast<uintptr_t>(&fibre);
  makecontext(&context, reinterpret_cast<void (*)()>(&Block::enter), 2, static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  setcontext(&context);
}

bool Block::releaseWarps() {
  bool released = false;
  for (unsigned first = 0; first < threads; first += kWarp) {
    const unsigned last = std::min(first + kWarp, threads);
    const char* const name = threads_[first].waitsFor;
    const auto waits = [&](const Thread& t) { return t.state == State::warp && (t.waitsFor == name || std::strcmp(t.waitsFor, name) == 0); };
    if (!std::all_of(threads_.begin() + first, threads_.begin() + last, waits)) continue;
    if (std::strcmp(name, "__syncwarp") == 0) ++warpTime_[first / kWarp];
    for (unsigned t = first; t < last; ++t) threads_[t].state = State::ready;
    released = true;
  }
  return released;
}

bool Block::releaseBlock() {
  if (!std::all_of(threads_.begin(), threads_.end(), [](const Thread& t) { return t.state == State::barrier; })) return false;
  ++blockTime_;
  for (Thread& thread : threads_) thread.state = State::ready;
  return true;
}

void Block::barrier() { yield(State::barrier, "__syncthreads"); }
void Block::warpBarrier() { yield(State::warp, "__syncwarp"); }

const unsigned char* Block::exchange(const void* value, int bytes, const char* what) {
  // Two buffers: a lane that is first at the next exchange must not overwrite what others still read.
  auto& buffer = exchanged_[exchanges_[current]++ % 2];
  std::memcpy(buffer.data() + current * kExchangeBytes, value, bytes);
  yield(State::warp, what);
  return buffer.data() + static_cast<std::size_t>(warp()) * kWarp * kExchangeBytes;
}

void Block::failPast(const char* what) const { fail(std::string(what) + " shared memory past its " + std::to_string(sharedBytes()) + " bytes"); }

void Block::failRead(int word) const {
  const std::string at = "reads shared memory at byte " + std::to_string(4 * word);
  if (words_[word].arriving) fail(at + " while a copy is on its way there: waitCopies is missing");
  if (words_[word].write.thread == -1) fail(at + ", which nobody has written");
  fail(at + ", written by thread " + std::to_string(words_[word].write.thread) + " since the last barrier: a barrier is missing");
}

void Block::failWrite(int word) const {
  const std::string at = "writes shared memory at byte " + std::to_string(4 * word);
  if (words_[word].arriving) fail(at + " while a copy is on its way there");
  fail(at + ", " + (ordered(words_[word].read) ? "written" : "read") + " by another thread since the last barrier: a barrier is missing");
}

void Block::copyAsync(int offset, const float* from, int floats) {
  writeShared(offset, 4 * floats);
  Copy copy{offset, floats, {}};
  if (from != nullptr) std::copy_n(from, floats, copy.values);
  for (int i = 0; i < floats; ++i) words_[offset / 4 + i].arriving = true;
  threads_[current].open.push_back(copy);
}

void Block::commitCopies() {
  Thread& thread = threads_[current];
  thread.groups.push_back(std::move(thread.open));
  thread.open.clear();
}

void Block::waitCopies(int remaining) {
  auto& groups = threads_[current].groups;
  while (static_cast<int>(groups.size()) > remaining) {
    for (const Copy& copy : groups.front()) {
      std::memcpy(shared() + copy.offset, copy.values, 4 * copy.floats);
      for (int i = 0; i < copy.floats; ++i) {
        SharedWord& word = words_[copy.offset / 4 + i];
        word.arriving = false;
        word.write = now_;
      }
    }
    groups.erase(groups.begin());
  }
}

void runGrid(Dim3 grid, unsigned threads, int sharedBytes, const std::function<void()>& kernel) {
  for (int64_t n = int64_t{grid.x} * grid.y * grid.z - 1; n >= 0; --n) {
    const Dim3 index(static_cast<unsigned>(n % grid.x), static_cast<unsigned>(n / grid.x % grid.y), static_cast<unsigned>(n / grid.x / grid.y));
    Block(grid, index, threads, sharedBytes).run(kernel);
  }
}

}  // namespace retroplume::emulation
