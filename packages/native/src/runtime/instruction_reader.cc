#include "runtime/instruction_reader.h"

#include <cmath>

#include "runtime/error.h"

namespace retroplume {

namespace {

std::string text(double value) {
  const bool whole = value == std::floor(value) && std::abs(value) <= 9007199254740992.0;
  return whole ? std::to_string(static_cast<long long>(value)) : std::to_string(value);
}

}  // namespace

int64_t elementsOf(std::initializer_list<int64_t> dimensions) {
  int64_t total = 1;
  for (int64_t d : dimensions) {
    if (__builtin_mul_overflow(total, d, &total)) return -1;
  }
  return total;
}

template <class T>
InstructionReader<T>::InstructionReader(const InstructionSpec& spec, std::string where, T* arena, int64_t arenaElements, int threads,
                                        const CpuKernels* fast, const CudaKernels* cuda, Products products, const Collective* ranks)
    : spec_(spec),
      where_(std::move(where)),
      arena_(arena),
      arenaElements_(arenaElements),
      threads_(threads),
      fast_(fast),
      cuda_(cuda),
      products_(products),
      ranks_(ranks) {}

template <class T>
void InstructionReader<T>::fail(const std::string& code, const std::string& what) const {
  throw NativeError(code, where_ + ": " + what);
}

template <class T>
void InstructionReader<T>::requireRanks() const {
  if (ranks_ == nullptr) fail("RANKS_MISSING", "expected options.ranks, which it works on together with other processes");
}

template <class T>
void InstructionReader<T>::requireHost(const std::string& what) const {
  if (cuda_ != nullptr) fail("DEVICE_OP_MISSING", "expected device cpu: " + what + " has no CUDA kernel");
}

template <class T>
T* InstructionReader<T>::locate(const char* name, int64_t length, bool required, bool written) {
  usedOperands_.insert(name);
  const auto found = spec_.operands.find(name);
  if (found == spec_.operands.end()) {
    if (required) fail("OPERAND_MISSING", std::string("expected operand \"") + name + "\" but it is not given");
    return nullptr;
  }
  const double offset = found->second;
  const bool inside = length >= 0 && offset >= 0 && offset == std::floor(offset) && offset <= static_cast<double>(arenaElements_) &&
                      length <= arenaElements_ - static_cast<int64_t>(offset);
  if (!inside) {
    fail("OPERAND_OUT_OF_ARENA", std::string("expected operand \"") + name + "\" within the arena of " + std::to_string(arenaElements_) +
                                     " elements but received offset " + text(offset) + " and length " + std::to_string(length));
  }
  bytes_ += static_cast<double>(length) * sizeof(T);
  located_.push_back({name, {static_cast<int64_t>(offset), length}, written});
  return arena_ + static_cast<int64_t>(offset);
}

template <class T>
T* InstructionReader<T>::locateRows(const char* name, const Rows& rows, bool required, bool written) {
  if (rows.stride < rows.length) {
    fail("PARAM_INVALID", std::string("expected a stride of at least ") + std::to_string(rows.length) + " for operand \"" + name +
                              "\" but received " + std::to_string(rows.stride));
  }
  const int64_t before = rows.count < 1 ? -1 : elementsOf({rows.count - 1, rows.stride});
  const int64_t images = elementsOf({rows.images - 1, rows.imageStride});
  int64_t length = -1;
  if (before < 0 || images < 0 || __builtin_add_overflow(before, rows.length, &length) || __builtin_add_overflow(length, images, &length))
    length = -1;
  if (length >= 0 && rows.images > 1 && rows.imageStride < before + rows.length) {
    fail("PARAM_INVALID", std::string("expected images of at least ") + std::to_string(before + rows.length) + " elements for operand \"" + name +
                              "\" but received " + std::to_string(rows.imageStride));
  }
  T* data = locate(name, length, required, written);
  if (data == nullptr) return nullptr;
  bytes_ -= (static_cast<double>(length) - static_cast<double>(rows.runs()) * rows.length) * sizeof(T);
  return data;
}

template <class T>
const T* InstructionReader<T>::input(const char* name, std::initializer_list<int64_t> dimensions) {
  return locate(name, elementsOf(dimensions), true, false);
}

template <class T>
const T* InstructionReader<T>::optionalInput(const char* name, std::initializer_list<int64_t> dimensions) {
  return locate(name, elementsOf(dimensions), false, false);
}

template <class T>
T* InstructionReader<T>::output(const char* name, std::initializer_list<int64_t> dimensions) {
  const int64_t length = elementsOf(dimensions);
  T* data = locate(name, length, true, true);
  written_.push_back({name, data, {1, length, length}});
  return data;
}

template <class T>
const T* InstructionReader<T>::inputRows(const char* name, const Rows& rows) {
  return locateRows(name, rows, true, false);
}

template <class T>
const T* InstructionReader<T>::optionalInputRows(const char* name, const Rows& rows) {
  return locateRows(name, rows, false, false);
}

template <class T>
T* InstructionReader<T>::outputRows(const char* name, const Rows& rows) {
  T* data = locateRows(name, rows, true, true);
  written_.push_back({name, data, rows});
  return data;
}

template <class T>
T* InstructionReader<T>::optionalOutput(const char* name, std::initializer_list<int64_t> dimensions) {
  const int64_t length = elementsOf(dimensions);
  T* data = locate(name, length, false, true);
  if (data != nullptr) written_.push_back({name, data, {1, length, length}});
  return data;
}

template <class T>
T* InstructionReader<T>::optionalMemory(const char* name, std::initializer_list<int64_t> dimensions) {
  return locate(name, elementsOf(dimensions), false, true);
}

template <class T>
const double* InstructionReader<T>::param(const char* name, bool required) {
  usedParams_.insert(name);
  const auto found = spec_.params.find(name);
  if (found != spec_.params.end()) return &found->second;
  if (required) fail("PARAM_MISSING", std::string("expected parameter \"") + name + "\" but it is not given");
  return nullptr;
}

template <class T>
int64_t InstructionReader<T>::integer(const char* name, int64_t minimum) {
  const double value = *param(name, true);
  if (!(value >= static_cast<double>(minimum) && value < 2147483648.0 && value == std::floor(value))) {
    fail("PARAM_INVALID",
         std::string("expected parameter \"") + name + "\" to be an integer of at least " + std::to_string(minimum) + " but received " + text(value));
  }
  return static_cast<int64_t>(value);
}

template <class T>
int64_t InstructionReader<T>::integer(const char* name, int64_t minimum, int64_t fallback) {
  return param(name, false) == nullptr ? fallback : integer(name, minimum);
}

template <class T>
double InstructionReader<T>::real(const char* name) {
  const double value = *param(name, true);
  if (!std::isfinite(value))
    fail("PARAM_INVALID", std::string("expected parameter \"") + name + "\" to be finite but received " + std::to_string(value));
  return value;
}

template <class T>
double InstructionReader<T>::real(const char* name, double fallback) {
  return param(name, false) == nullptr ? fallback : real(name);
}

template <class T>
int InstructionReader<T>::choice(const char* name, int count) {
  const int64_t value = integer(name, 0, 0);
  if (value >= count) {
    fail("PARAM_INVALID",
         std::string("expected parameter \"") + name + "\" in 0 to " + std::to_string(count - 1) + " but received " + std::to_string(value));
  }
  return static_cast<int>(value);
}

template <class T>
void InstructionReader<T>::finish() const {
  for (const auto& [name, offset] : spec_.operands) {
    if (usedOperands_.count(name) == 0) fail("OPERAND_UNKNOWN", "has no operand \"" + name + "\": remove it");
  }
  for (const auto& [name, value] : spec_.params) {
    if (usedParams_.count(name) == 0) fail("PARAM_UNKNOWN", "has no parameter \"" + name + "\": remove it");
  }
}

template class InstructionReader<float>;
template class InstructionReader<double>;

}  // namespace retroplume
