#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ops/cuda_kernels.h"
#include "runtime/context.h"

namespace retroplume {

/** An instruction as the host wrote it. Offsets are in elements of the arena. */
struct InstructionSpec {
  std::string op;
  std::string label;
  std::map<std::string, double> operands;
  std::map<std::string, double> params;
};

/** Product of dimensions, or -1 where it does not fit 63 bits: larger than any arena. */
int64_t elementsOf(std::initializer_list<int64_t> dimensions);

/** Where an operand lies that is part of a larger array: `count` runs of `length` elements, `stride` elements from one to the next; of images, so
 * many of each, one image `imageStride` elements after the other. A `count` below 0: larger than any arena. */
struct Rows {
  int64_t count, length, stride;
  int64_t images = 1, imageStride = 0;
  int64_t runs() const { return images * count; }
  /** Elements from the first to the last. */
  int64_t span() const { return count == 0 ? 0 : (images - 1) * imageStride + (count - 1) * stride + length; }
  int64_t at(int64_t run) const { return run / count * imageStride + run % count * stride; }
};

/** An operand that an instruction writes, for the search of the first non-finite value. */
template <class T>
struct WrittenOperand {
  std::string name;
  const T* data;
  Rows rows;
};

/** Memory of a device that the host has to work on: `run` gets a copy of it, which goes back. */
struct HostOperand {
  void* data;
  std::size_t bytes;
  std::function<void(void* copy, const Context&)> run;
};

/** Elements [offset, offset + length) of the arena. */
struct Span {
  int64_t offset, length;
  int64_t end() const { return offset + length; }
  bool meets(const Span& other) const { return std::max(offset, other.offset) < std::min(end(), other.end()); }
};

/** An operand as an instruction has it. */
struct LocatedOperand {
  std::string name;
  Span span;
  bool written;
};

/** What a device's kernel makes of its weights, and reads from context.packed when it runs. */
struct Packing {
  std::vector<Span> weights;
  std::size_t bytes;
  std::function<void(void* to, const Context&)> pack;
};

/** An instruction ready to run: pointers are bound, nothing is looked up or allocated any more. */
struct BoundKernel {
  std::function<void(const Context&)> run;
  double flops = 0;
  std::size_t scratchBytes = 0;
  std::optional<HostOperand> onHost = std::nullopt;  // on a device, instead of `run`
  std::optional<Packing> packing = std::nullopt;
};

/**
 * Reads one instruction's operands and parameters, checks every one against the arena, and remembers which were asked for, so that a
 * misspelt or superfluous name is refused too. Used once an instruction, when a program is made.
 */
template <class T>
class InstructionReader {
 public:
  InstructionReader(const InstructionSpec& spec, std::string where, T* arena, int64_t arenaElements, int threads, const CpuKernels* fast,
                    const CudaKernels* cuda, Products products, const Collective* ranks);

  /** Pointer to an operand of the product of `dimensions` elements. @throws NativeError OPERAND_MISSING, OPERAND_OUT_OF_ARENA */
  const T* input(const char* name, std::initializer_list<int64_t> dimensions);
  T* output(const char* name, std::initializer_list<int64_t> dimensions);
  /** As above; null where the operand is not given. */
  const T* optionalInput(const char* name, std::initializer_list<int64_t> dimensions);
  T* optionalOutput(const char* name, std::initializer_list<int64_t> dimensions);
  /** As optionalOutput, for memory whose layout is the kernel's own: not all of it need be written, so it is not searched for NaN. */
  T* optionalMemory(const char* name, std::initializer_list<int64_t> dimensions);
  /** As `input` and `output`, for an operand that is part of a larger array. */
  const T* inputRows(const char* name, const Rows& rows);
  const T* optionalInputRows(const char* name, const Rows& rows);
  T* outputRows(const char* name, const Rows& rows);

  /** An integer in [minimum, 2^31). @throws NativeError PARAM_MISSING, PARAM_INVALID */
  int64_t integer(const char* name, int64_t minimum = 1);
  int64_t integer(const char* name, int64_t minimum, int64_t fallback);
  double real(const char* name);
  double real(const char* name, double fallback);
  /** A parameter that selects one of `count` variants, 0 … count−1; 0 if not given. */
  int choice(const char* name, int count);
  bool flag(const char* name) { return choice(name, 2) != 0; }

  /** @throws NativeError OPERAND_UNKNOWN, PARAM_UNKNOWN if the instruction holds a name that nothing asked for */
  void finish() const;
  [[noreturn]] void fail(const std::string& code, const std::string& what) const;

  /** The fast kernels to choose from; null where the reference kernels were asked for. */
  const CpuKernels* fast() const { return fast_; }
  /** Those of the device; null where the program runs on the CPU. */
  const CudaKernels* cuda() const { return cuda_; }
  /** How factors of matrix products are rounded. */
  Products products() const { return products_; }
  int threads() const { return threads_; }
  /** For an instruction that several ranks make together. @throws NativeError RANKS_MISSING where the program has none */
  void requireRanks() const;
  /** For what only the CPU's kernels can do. @throws NativeError DEVICE_OP_MISSING on a device */
  void requireHost(const std::string& what) const;
  /** Bytes of all operands read so far: the least traffic that the instruction can have. */
  double bytes() const { return bytes_; }
  /** What operands with gaps move, in elements, instead of all between their ends. */
  void moves(double elements) { bytes_ = elements * sizeof(T); }
  const std::vector<WrittenOperand<T>>& written() const { return written_; }
  const std::vector<LocatedOperand>& located() const { return located_; }

 private:
  /** Null where the operand is not given; `length` below 0: larger than any arena. */
  T* locate(const char* name, int64_t length, bool required, bool written);
  T* locateRows(const char* name, const Rows& rows, bool required, bool written);
  const double* param(const char* name, bool required);

  const InstructionSpec& spec_;
  std::string where_;
  T* arena_;
  int64_t arenaElements_;
  int threads_;
  const CpuKernels* fast_;
  const CudaKernels* cuda_;
  Products products_;
  const Collective* ranks_;
  double bytes_ = 0;
  std::vector<WrittenOperand<T>> written_;
  std::vector<LocatedOperand> located_;
  std::set<std::string> usedOperands_;
  std::set<std::string> usedParams_;
};

extern template class InstructionReader<float>;
extern template class InstructionReader<double>;

}  // namespace retroplume
