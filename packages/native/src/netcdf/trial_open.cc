#include "trial_open.h"

#include <fcntl.h>
#include <netcdf.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <set>
#include <tuple>
#include <utility>

#include "dataset.h"

namespace retroplume::netcdf {
namespace {

/// Far more than the header of any file takes, or a slab of values, on a busy machine and a slow disk.
constexpr unsigned kSeconds = 60;

/// A file as it is now: device, number, bytes, and when its bytes and what the file system says of it were last changed.
using State = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;

State stateOf(const std::string& path) {
  struct stat s{};
  if (stat(path.c_str(), &s) != 0) return {};
  return {s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec};
}

/// All that a reader asks of a file before its values; throws what netCDF says.
void describe(const std::string& path) {
  Dataset dataset(path, false, Dataset::Trial::none);
  dataset.format();
  dataset.dimensions();
  dataset.attributes(Dataset::kGlobal);
  for (const Variable& variable : dataset.variables()) dataset.attributes(variable.name);
  for (const Group& group : dataset.groups()) {
    for (const Variable& variable : group.variables) dataset.attributes(group.name + "/" + variable.name);
  }
}

/// Values read at once: whole rows of the first dimension, as many as make up some megabytes.
constexpr size_t kSlabBytes = 8 << 20;

/// All values of a variable of numbers, a slab after the other.
void readThrough(const Dataset& dataset, const std::string& name) {
  const std::vector<size_t> shape = dataset.shapeOf(name);
  const size_t bytes = sizeOf(dataset.typeOf(name));
  if (bytes == 0) return;
  size_t row = bytes;
  for (size_t i = 1; i < shape.size(); ++i) row *= shape[i];
  const size_t rows = shape.empty() ? 1 : shape[0];
  const size_t atOnce = row == 0 ? rows : std::max<size_t>(1, kSlabBytes / row);
  std::vector<char> values(row * std::min(rows, atOnce));
  for (size_t first = 0; first < rows && row > 0; first += atOnce) {
    alarm(kSeconds);
    std::vector<size_t> start(shape.size(), 0), count = shape;
    if (!shape.empty()) {
      start[0] = first;
      count[0] = std::min(atOnce, rows - first);
    }
    dataset.read(name, start, count, dataset.typeOf(name), values.data());
  }
}

void readValues(const std::string& path, const std::vector<std::string>& variables) {
  const Dataset dataset(path, false, Dataset::Trial::none);
  for (const std::string& name : variables) readThrough(dataset, name);
}

/// In the forked process, which has this thread only: what is inherited of Node is not touched.
[[noreturn]] void runChild(const std::function<void()>& task, int answer) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(signal, SIG_DFL);
  // What asks a run to stop comes to all of its processes; an end of this one would be taken for a damaged file.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) std::signal(signal, SIG_IGN);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  alarm(kSeconds);
  const int silence = open("/dev/null", O_WRONLY);  // the C library tells of a broken heap on stderr
  if (silence >= 0) dup2(silence, STDERR_FILENO);
  renewLockAfterFork();
  int status = NC_NOERR;
  try {
    task();
  } catch (const NetcdfError& error) {
    status = error.status;
  } catch (...) {
    status = NC_EHDFERR;
  }
  const ssize_t written = write(answer, &status, sizeof status);
  _exit(written == static_cast<ssize_t>(sizeof status) ? 0 : 1);
}

/// Runs the task in a forked process; see trialOpen.
int tryApart(const std::function<void()>& task) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return NC_NOERR;
  const pid_t child = fork();
  if (child == 0) runChild(task, ends[1]);
  close(ends[1]);
  int status = NC_EHDFERR;
  if (child < 0) {
    status = NC_NOERR;
  } else {
    ssize_t held = 0;
    int answer = 0;
    do held = read(ends[0], &answer, sizeof answer);
    while (held < 0 && errno == EINTR);
    if (held == static_cast<ssize_t>(sizeof answer)) status = answer;
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(ends[0]);
  return status;
}

}  // namespace

bool isHdf5(const std::string& path) {
  char head[8] = {};
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return false;
  const size_t held = std::fread(head, 1, sizeof head, file);
  std::fclose(file);
  return held == sizeof head && std::memcmp(head, "\x89HDF\r\n\x1a\n", sizeof head) == 0;
}

int trialOpen(const std::string& path) {
  // A process of the size of a training takes tens of milliseconds to fork, and a run opens some files hundreds of times.
  static std::set<State> sound;
  const State state = stateOf(path);
  if (sound.count(state) != 0) return NC_NOERR;
  const int status = tryApart([&] { describe(path); });
  if (status == NC_NOERR) sound.insert(state);
  return status;
}

int trialRead(const std::string& path, const std::vector<std::string>& variables) {
  static std::set<std::pair<State, std::string>> sound;
  const State state = stateOf(path);
  std::vector<std::string> untried;
  for (const std::string& name : variables) {
    if (sound.count({state, name}) == 0) untried.push_back(name);
  }
  if (untried.empty()) return NC_NOERR;
  const int status = tryApart([&] { readValues(path, untried); });
  if (status == NC_NOERR) {
    for (const std::string& name : untried) sound.insert({state, name});
  }
  return status;
}

}  // namespace retroplume::netcdf
