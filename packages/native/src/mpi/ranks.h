#pragma once
#include <mpi.h>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/collective.h"

namespace retroplume::mpi {

/** MPI reported a failure, in its own words. */
class MpiError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/**
 * The processes that one launcher (mpirun, srun) has started: one object a process, from MPI_Init to MPI_Finalize. Every call below but `abort` is
 * collective, and calls never overlap: they may come from any thread, one after the other (MPI_THREAD_SERIALIZED). MPI only moves data; sums are made
 * here, in the order of ranks and in double, so that they are the same bits on every rank, in every repeat and with every MPI.
 */
class Ranks {
 public:
  /** @throws MpiError */
  Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return collective_.rank; }
  int size() const { return collective_.size; }
  /** This process among those of its node, and how many they are. */
  int localRank() const { return localRank_; }
  int localSize() const { return localSize_; }

  /** The first of `parts`, arrays of `count`, as many on all ranks, becomes the sum over all ranks, in their order and that of each's parts. */
  void sum(const std::vector<float*>& parts, int64_t count) { sumOf(parts, count); }
  void sum(const std::vector<double*>& parts, int64_t count) { sumOf(parts, count); }
  /** What each rank gives, as long on all of them, [size, count]; valid until the next call. */
  const double* gather(const double* mine, int64_t count);
  /** What each rank gives, of any length. */
  std::vector<std::vector<char>> gatherBytes(const std::vector<char>& mine);
  /** `bytes` of rank 0 replace those of all others. */
  void broadcast(std::vector<char>& bytes);
  void barrier();
  /** On the thread that made the object; no call may follow. */
  void finalize();
  /** Ends the processes of all ranks with this exit code. */
  [[noreturn]] static void abort(int exitCode);
  /** Of the MPI that is linked; needs no rank. */
  static std::string library();

  const Collective& collective() const { return collective_; }

 private:
  template <class T>
  void sumOf(const std::vector<T*>& parts, int64_t count);
  template <class T>
  T* room(int64_t elements);
  void requireLive() const;
  void broadcastRaw(void* data, int64_t bytes);
  template <class Body>
  static const char* guarded(void* state, Body body);

  MPI_Comm comm_ = MPI_COMM_NULL;
  int localRank_ = 0, localSize_ = 1;
  std::mutex mutex_;
  std::vector<double> room_;
  std::string failure_;
  Collective collective_{};
};

}  // namespace retroplume::mpi
