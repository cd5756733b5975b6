#include "mpi/ranks.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace retroplume::mpi {

namespace {

void check(int status) {
  if (status == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(status, text, &length);
  throw MpiError(std::string(text, length));
}

MPI_Datatype typeOf(const float*) { return MPI_FLOAT; }
MPI_Datatype typeOf(const double*) { return MPI_DOUBLE; }

/** Elements up to which every rank adds up everything itself: one exchange instead of two. */
constexpr int64_t kGathered = 2048;

/** Bytes that MPI is asked to move at once: its counts are of 31 bits. */
constexpr int64_t kPiece = int64_t{1} << 30;

/**
 * Waits for the others: busily at first, giving way to any other thread, for what comes soon; then asleep, longer the longer it lasts, so that ranks
 * that wait for one at work leave it the processor.
 */
void wait(MPI_Request request) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  for (;;) {
    int done = 0;
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
    if (done) return;
    const auto waited = Clock::now() - began;
    if (waited < std::chrono::milliseconds(20))
      sched_yield();
    else
      std::this_thread::sleep_for(std::min<Clock::duration>(waited / 50, std::chrono::milliseconds(10)));
  }
}

}  // namespace

Ranks::Ranks() {
  int provided = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided));
  if (provided < MPI_THREAD_SERIALIZED) throw MpiError("this MPI allows calls from one thread only (MPI_THREAD_SERIALIZED is needed)");
  check(MPI_Comm_dup(MPI_COMM_WORLD, &comm_));
  check(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
  check(MPI_Comm_rank(comm_, &collective_.rank));
  check(MPI_Comm_size(comm_, &collective_.size));
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
  check(MPI_Comm_rank(node, &localRank_));
  check(MPI_Comm_size(node, &localSize_));
  check(MPI_Comm_free(&node));
  collective_.state = this;
  collective_.sumFloat = [](void* state, float* data, int64_t count) {
    return guarded(state, [&](Ranks& ranks) { ranks.sumOf<float>({data}, count); });
  };
  collective_.sumDouble = [](void* state, double* data, int64_t count) {
    return guarded(state, [&](Ranks& ranks) { ranks.sumOf<double>({data}, count); });
  };
  collective_.gatherDouble = [](void* state, const double* mine, int64_t count, const double** all) {
    return guarded(state, [&](Ranks& ranks) { *all = ranks.gather(mine, count); });
  };
}

template <class Body>
const char* Ranks::guarded(void* state, Body body) {
  Ranks& ranks = *static_cast<Ranks*>(state);
  try {
    body(ranks);
    return nullptr;
  } catch (const std::exception& error) {
    ranks.failure_ = error.what();
    return ranks.failure_.c_str();
  }
}

void Ranks::requireLive() const {
  if (comm_ == MPI_COMM_NULL) throw MpiError("the ranks have parted (MPI_Finalize)");
}

/** Memory that is kept from one call to the next. */
template <class T>
T* Ranks::room(int64_t elements) {
  const std::size_t doubles = (static_cast<std::size_t>(elements) * sizeof(T) + sizeof(double) - 1) / sizeof(double);
  if (room_.size() < doubles) room_.resize(doubles);
  return reinterpret_cast<T*>(room_.data());
}

template <class T>
void Ranks::sumOf(const std::vector<T*>& parts, int64_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  requireLive();
  const int64_t n = size();
  const auto begin = [&](int64_t share) { return count * share / n; };
  const bool gathered = count <= kGathered;
  // This rank adds up elements [first, last), of which it has to get every rank's.
  const int64_t first = gathered ? 0 : begin(rank()), last = gathered ? count : begin(rank() + 1), own = last - first;
  std::vector<int> counts(n), places(n), gotCounts(n, static_cast<int>(own)), gotPlaces(n);
  for (int64_t share = 0; share < n; ++share) {
    counts[share] = static_cast<int>(begin(share + 1) - begin(share));
    places[share] = static_cast<int>(begin(share));
    gotPlaces[share] = static_cast<int>(share * own);
  }
  const auto type = typeOf(parts[0]);
  T* all = room<T>(static_cast<int64_t>(parts.size()) * n * own);  // [parts, ranks, own]
  std::vector<MPI_Request> requests(parts.size());
  for (std::size_t p = 0; p < parts.size(); ++p) {
    T* got = all + p * n * own;
    if (gathered)
      check(MPI_Iallgather(parts[p], static_cast<int>(count), type, got, static_cast<int>(count), type, comm_, &requests[p]));
    else
      check(MPI_Ialltoallv(parts[p], counts.data(), places.data(), type, got, gotCounts.data(), gotPlaces.data(), type, comm_, &requests[p]));
  }
  for (const MPI_Request request : requests) wait(request);
  for (int64_t i = 0; i < own; ++i) {
    double total = 0;
    for (int64_t rank = 0; rank < n; ++rank)
      for (std::size_t p = 0; p < parts.size(); ++p) total += all[(p * n + rank) * own + i];
    parts[0][first + i] = static_cast<T>(total);
  }
  if (gathered) return;
  MPI_Request request;
  check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, parts[0], counts.data(), places.data(), type, comm_, &request));
  wait(request);
}

const double* Ranks::gather(const double* mine, int64_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  requireLive();
  double* all = room<double>(size() * count);
  MPI_Request request;
  check(MPI_Iallgather(mine, static_cast<int>(count), MPI_DOUBLE, all, static_cast<int>(count), MPI_DOUBLE, comm_, &request));
  wait(request);
  return all;
}

std::vector<std::vector<char>> Ranks::gatherBytes(const std::vector<char>& mine) {
  std::lock_guard<std::mutex> lock(mutex_);
  requireLive();
  const auto length = static_cast<int64_t>(mine.size());
  std::vector<int64_t> lengths(size());
  MPI_Request request;
  check(MPI_Iallgather(&length, 1, MPI_INT64_T, lengths.data(), 1, MPI_INT64_T, comm_, &request));
  wait(request);
  std::vector<int> counts(size()), places(size());
  int64_t total = 0;
  for (int r = 0; r < size(); ++r) {
    counts[r] = static_cast<int>(lengths[r]);
    places[r] = static_cast<int>(total);
    total += lengths[r];
  }
  if (total > kPiece) throw MpiError("more than a gibibyte is gathered at once");
  std::vector<char> all(total);
  check(MPI_Iallgatherv(mine.data(), static_cast<int>(length), MPI_BYTE, all.data(), counts.data(), places.data(), MPI_BYTE, comm_, &request));
  wait(request);
  std::vector<std::vector<char>> result;
  for (int r = 0; r < size(); ++r) result.emplace_back(all.begin() + places[r], all.begin() + places[r] + counts[r]);
  return result;
}

void Ranks::broadcast(std::vector<char>& bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  requireLive();
  auto length = static_cast<int64_t>(bytes.size());
  broadcastRaw(&length, sizeof(length));
  bytes.resize(length);
  broadcastRaw(bytes.data(), length);
}

void Ranks::broadcastRaw(void* data, int64_t bytes) {
  for (int64_t begin = 0; begin < bytes; begin += kPiece) {
    MPI_Request request;
    check(MPI_Ibcast(static_cast<char*>(data) + begin, static_cast<int>(std::min(kPiece, bytes - begin)), MPI_BYTE, 0, comm_, &request));
    wait(request);
  }
}

void Ranks::barrier() {
  std::lock_guard<std::mutex> lock(mutex_);
  requireLive();
  MPI_Request request;
  check(MPI_Ibarrier(comm_, &request));
  wait(request);
}

void Ranks::finalize() {
  std::lock_guard<std::mutex> lock(mutex_);
  requireLive();
  check(MPI_Comm_free(&comm_));
  check(MPI_Finalize());
}

void Ranks::abort(int exitCode) {
  MPI_Abort(MPI_COMM_WORLD, exitCode);
  std::abort();
}

std::string Ranks::library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  return std::string(text, length);
}

}  // namespace retroplume::mpi
