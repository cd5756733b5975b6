#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/buffer.h"
#include "runtime/cpu_features.h"
#include "runtime/device/device.h"
#include "runtime/device/device_places.h"
#include "runtime/packed_weights.h"
#include "runtime/registry.h"

namespace retroplume {

struct ProgramSpec {
  int64_t arenaElements = 0;
  std::vector<InstructionSpec> instructions;
  std::map<std::string, std::pair<int64_t, int64_t>> phases;
};

struct ProgramOptions {
  bool doublePrecision = false;  // always on the reference kernels
  bool fastKernels = true;
  Isa isa = Isa::baseline;
  int threads = 1;
  std::shared_ptr<Device> device;  // null: the CPU; else in single precision, with the device's kernels
  Products products = Products::float32;
  const Collective* ranks = nullptr;  // that run the same program together
};

/** Where the first NaN or infinity appeared. */
struct NonFinite {
  int64_t instruction;
  std::string label;
  std::string operand;
};

/** What an instruction writes of the arena: `rows.count` runs from element `offset` on. */
struct WrittenRange {
  std::string operand;
  int64_t offset;
  Rows rows;
};

/** One instruction's cost; seconds are wall time of one execution. */
struct InstructionProfile {
  std::string op;
  std::string label;
  double seconds, flops, bytes;
};

/** Elements of a range of the arena: none twice. */
struct Places {
  const int32_t* at;
  int64_t count;
};

/** Half-open range of instructions. */
struct Phase {
  int64_t begin, end;
};

/**
 * A flat list of kernel calls over one arena, bound once. It owns the arena and the scratch memory; both live as long as it does.
 * Not for several threads at once: the executor runs one job after the other.
 */
class Program {
 public:
  virtual ~Program() = default;

  /** Instructions of a phase; all of them where `name` is empty. @throws NativeError PHASE_UNKNOWN */
  Phase phase(const std::string& name) const;
  int64_t instructions() const { return static_cast<int64_t>(instructions_.size()); }
  const std::string& op(int64_t instruction) const { return instructions_[instruction].op; }
  const std::string& label(int64_t instruction) const { return instructions_[instruction].label; }
  /** Floating-point operations of an instruction, and the bytes of its operands. */
  std::pair<double, double> work(int64_t instruction) const { return {instructions_[instruction].kernel.flops, instructions_[instruction].bytes}; }
  virtual std::vector<WrittenRange> written(int64_t instruction) const = 0;
  std::size_t bytes() const { return arena_.bytes() + scratch_.bytes() + packedWeights_.bytes(); }
  bool doublePrecision() const { return options_.doublePrecision; }
  /** null: the CPU */
  Device* device() const { return options_.device.get(); }

  /** What CUDA said when a stretch could not be recorded, which was launched instruction by instruction then; empty: none. */
  const std::string& notRecorded() const { return notRecorded_; }

  /** Stops early, between two instructions, once `stop` is set. */
  void run(Phase phase, Team& team, const std::atomic<bool>& stop);
  std::vector<InstructionProfile> profile(Phase phase, Team& team, const std::atomic<bool>& stop);
  /** Mean seconds of one execution of an instruction out of `repeats`, one after the other: for benches, since each of them counts in the arena. */
  double secondsOf(int64_t instruction, int repeats, Team& team);
  virtual std::optional<NonFinite> runChecked(Phase phase, Team& team, const std::atomic<bool>& stop) = 0;

  /** Writes or reads `count` elements from element `begin` on; called for one part after another. */
  using Fill = std::function<void(void* part, std::size_t begin, std::size_t count)>;
  using Take = std::function<void(const void* part, std::size_t begin, std::size_t count)>;
  /** `fill` writes `length` elements for the arena at `offset`. @throws NativeError RANGE_OUT_OF_ARENA if they are not all in it */
  void write(double offset, double length, const Fill& fill);
  /**
   * As `write`, but while a run may be under way: what `fill` writes is there when the next run begins that is submitted after this. Only on a
   * device.
   * @throws NativeError RANGE_OUT_OF_ARENA, STAGING_UNSUPPORTED
   */
  void stage(double offset, double length, const Fill& fill);
  /**
   * As `stage`, of what the device makes itself: `launch` starts kernels that write `length` elements to the memory that it is given, after what was
   * staged otherwise.
   * @throws NativeError RANGE_OUT_OF_ARENA, STAGING_UNSUPPORTED
   */
  void stageWork(double offset, double length, std::function<void(void*)> launch);
  /** First element of a range of the arena, on the device if there is one. @throws NativeError RANGE_OUT_OF_ARENA */
  const void* range(double offset, double length) const { return at(offset, length); }
  /** When a run is submitted: what was staged until now belongs to it. The run calls `takeStaged` with the result before it begins. */
  int handOverStaged() { return staging_ ? staging_->handOver() : -1; }
  void takeStaged(int set) {
    if (set >= 0) staging_->apply(set);
  }
  /** `take` reads `length` elements of the arena at `offset`. @throws NativeError RANGE_OUT_OF_ARENA */
  void read(double offset, double length, const Take& take) const;
  /**
   * The elements at `places` of the `length` at `offset`, to memory of the program's precision.
   *
   * @throws NativeError RANGE_OUT_OF_ARENA, PLACES_INVALID if the places do not ascend or leave the range
   */
  void readAt(double offset, double length, const Places& places, void* values);
  /** Those become `values`, and the others of the range 0. @throws as `readAt` */
  void writeAt(double offset, double length, const Places& places, const void* values);

 protected:
  struct Bound {
    std::string op;
    std::string label;
    BoundKernel kernel;
    double bytes;
  };

  Program(const ProgramSpec& spec, const ProgramOptions& options, std::size_t elementBytes);
  Context context(Team& team) const {
    const Device* on = device();
    return {options_.threads, scratch_.data(), &team, on ? on->stream() : nullptr, on ? on->sharedBytes() : 0, options_.products, options_.ranks};
  }
  /** On a device, before instructions of `phase` are launched. */
  void beginRun(Phase phase, Team& team);
  /** One instruction; on a device one of the host gets a copy of its memory there. */
  void execute(int64_t instruction, Team& team);
  /** Of a phase on the device, the instructions from `begin` on that it can start as one, or the one that the host has to run. */
  Phase stretch(int64_t begin, int64_t end) const;
  /**
   * Null where CUDA refuses: what another thread does to the device, or what the driver does when it first loads a kernel, may end a recording. A
   * kernel that cannot run says so when it is launched, and the next run records anew.
   */
  std::unique_ptr<DeviceGraph> recorded(const std::function<void()>& launch);
  /** First element of the arena at `offset`, on the device if there is one. @throws NativeError RANGE_OUT_OF_ARENA */
  void* at(double offset, double length) const;
  /** @throws NativeError STAGING_UNSUPPORTED */
  DeviceStaging& staging();
  DevicePlaces& devicePlaces();

  ProgramOptions options_;
  int64_t arenaElements_;
  std::size_t elementBytes_;
  Buffer arena_;
  Buffer scratch_;
  PackedWeights packedWeights_;
  std::vector<Bound> instructions_;
  std::map<std::string, std::pair<int64_t, int64_t>> phases_;
  std::unique_ptr<DeviceStaging> staging_;  // once something is staged
  std::unique_ptr<DevicePlaces> places_;    // on a device, once some are asked for
  std::string notRecorded_;
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<DeviceGraph>> graphs_;  // of the stretches that have run on the device
};

/** @throws NativeError for anything in `spec` that is not valid */
std::unique_ptr<Program> makeProgram(const Registry& registry, const ProgramSpec& spec, const ProgramOptions& options);

}  // namespace retroplume
