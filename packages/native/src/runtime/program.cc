#include "runtime/program.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "runtime/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace retroplume {

namespace {

#if defined(__SANITIZE_ADDRESS__)
/**
 * In a build with the address sanitizer an instruction sees of the arena its operands alone, and of the scratch memory what it asked for: both hold
 * more, and what a kernel reads or writes beside its operands would otherwise be memory like any other. `slack` bytes behind each may be read
 * (Buffer).
 */
BoundKernel fenced(BoundKernel kernel, const Buffer& arena, const Buffer& scratch, std::size_t elementBytes,
                   const std::vector<LocatedOperand>& operands) {
  kernel.run = [run = std::move(kernel.run), &arena, &scratch, elementBytes, operands, own = kernel.scratchBytes](const Context& context) {
    constexpr std::size_t slack = 64;
    const auto visible = [](const Buffer& of, std::size_t begin, std::size_t bytes) {
      ASAN_UNPOISON_MEMORY_REGION(static_cast<char*>(of.data()) + begin, std::min(of.bytes(), begin + bytes + slack) - begin);
    };
    ASAN_POISON_MEMORY_REGION(arena.data(), arena.bytes());
    ASAN_POISON_MEMORY_REGION(scratch.data(), scratch.bytes());
    for (const auto& [name, span, written] : operands) {
      if (span.length > 0) visible(arena, span.offset * elementBytes, span.length * elementBytes);
    }
    if (own > 0) visible(scratch, 0, own);
    run(context);
    ASAN_UNPOISON_MEMORY_REGION(arena.data(), arena.bytes());
    ASAN_UNPOISON_MEMORY_REGION(scratch.data(), scratch.bytes());
  };
  return kernel;
}
#endif

std::string describe(const InstructionSpec& spec, std::size_t index) {
  return "instruction " + std::to_string(index) + " " + spec.op + (spec.label.empty() ? "" : " (" + spec.label + ")");
}

template <class T>
bool isFinite(const WrittenOperand<T>& operand, Device* device) {
  const Rows& rows = operand.rows;
  std::vector<T> copy;
  const T* first = operand.data;
  if (device != nullptr && rows.count > 0) {
    copy.resize(rows.span());
    download(*device, copy.data(), first, copy.size() * sizeof(T));
    first = copy.data();
  }
  for (int64_t row = 0; row < rows.runs(); ++row) {
    const T* data = first + rows.at(row);
    if (!std::all_of(data, data + rows.length, [](T value) { return std::isfinite(value); })) return false;
  }
  return true;
}

template <class T>
class TypedProgram final : public Program {
 public:
  TypedProgram(const Registry& registry, const ProgramSpec& spec, const ProgramOptions& options) : Program(spec, options, sizeof(T)) {
    const CpuKernels* fast = options.fastKernels && !options.doublePrecision ? &cpuKernels(options.isa) : nullptr;
    const CudaKernels* cuda = options.device ? &options.device->kernels() : nullptr;
    std::vector<Span> changing;
    for (std::size_t i = 0; i < spec.instructions.size(); ++i) {
      const InstructionSpec& instruction = spec.instructions[i];
      const std::string where = describe(instruction, i);
      const KernelEntry& entry = registry.find(instruction.op, where);
      InstructionReader<T> reader(instruction, where, static_cast<T*>(arena_.data()), arenaElements_, options.threads, fast, cuda, options.products,
                                  options.ranks);
      BoundKernel kernel = bind(entry, reader);
      reader.finish();
#if defined(__SANITIZE_ADDRESS__)
      if (!options.device) kernel = fenced(std::move(kernel), arena_, scratch_, sizeof(T), reader.located());
#endif
      for (const LocatedOperand& operand : reader.located()) {
        if (operand.written) changing.push_back(operand.span);
      }
      instructions_.push_back({instruction.op, instruction.label, std::move(kernel), reader.bytes()});
      written_.push_back(reader.written());
    }
    std::vector<BoundKernel*> kernels;
    for (Bound& instruction : instructions_) kernels.push_back(&instruction.kernel);
    packedWeights_.serve(kernels, changing, options.device);
    std::size_t scratchBytes = 0;
    for (const Bound& instruction : instructions_) scratchBytes = std::max(scratchBytes, instruction.kernel.scratchBytes);
    scratch_ = Buffer(scratchBytes, options.device);
  }

  std::optional<NonFinite> runChecked(Phase phase, Team& team, const std::atomic<bool>& stop) override {
    beginRun(phase, team);
    for (int64_t i = phase.begin; i < phase.end && !stop; ++i) {
      execute(i, team);
      for (const auto& operand : written_[i]) {
        if (!isFinite(operand, device())) return NonFinite{i, instructions_[i].label, operand.name};
      }
    }
    return std::nullopt;
  }

  std::vector<WrittenRange> written(int64_t instruction) const override {
    std::vector<WrittenRange> ranges;
    for (const auto& operand : written_[instruction])
      ranges.push_back({operand.name, operand.data - static_cast<const T*>(arena_.data()), operand.rows});
    return ranges;
  }

 private:
  static BoundKernel bind(const KernelEntry& entry, InstructionReader<T>& reader) {
    if constexpr (std::is_same_v<T, float>) {
      return entry.bindFloat(reader);
    } else {
      return entry.bindDouble(reader);
    }
  }

  std::vector<std::vector<WrittenOperand<T>>> written_;
};

template <class Body>
double elapsed(Body body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Span spanOf(double offset, double length) { return {static_cast<int64_t>(offset), static_cast<int64_t>(length)}; }

std::size_t arenaBytes(int64_t elements, std::size_t elementBytes) {
  if (elements < 0 || elements > (int64_t{1} << 50)) {
    throw NativeError("ARENA_INVALID", "program: expected arenaElements of 0 or more but received " + std::to_string(elements));
  }
  return static_cast<std::size_t>(elements) * elementBytes;
}

}  // namespace

Program::Program(const ProgramSpec& spec, const ProgramOptions& options, std::size_t elementBytes)
    : options_(options),
      arenaElements_(spec.arenaElements),
      elementBytes_(elementBytes),
      arena_(arenaBytes(spec.arenaElements, elementBytes), options.device),
      phases_(spec.phases) {
  const auto count = static_cast<int64_t>(spec.instructions.size());
  for (const auto& [name, range] : phases_) {
    if (0 <= range.first && range.first <= range.second && range.second <= count) continue;
    throw NativeError("PHASE_INVALID", "program: expected phase \"" + name + "\" within the " + std::to_string(count) +
                                           " instructions but received [" + std::to_string(range.first) + ", " + std::to_string(range.second) + "]");
  }
}

Phase Program::phase(const std::string& name) const {
  if (name.empty()) return {0, static_cast<int64_t>(instructions_.size())};
  const auto found = phases_.find(name);
  if (found == phases_.end()) {
    std::string known;
    for (const auto& [other, range] : phases_) known += (known.empty() ? "" : ", ") + other;
    throw NativeError("PHASE_UNKNOWN", "program: expected one of the phases " + known + " but received \"" + name + "\"");
  }
  return {found->second.first, found->second.second};
}

void Program::execute(int64_t instruction, Team& team) {
  if (device() != nullptr) device()->select();
  const BoundKernel& kernel = instructions_[instruction].kernel;
  if (device() == nullptr || !kernel.onHost) return kernel.run(context(team));
  std::vector<char> copy(kernel.onHost->bytes);
  device()->synchronise();
  download(*device(), copy.data(), kernel.onHost->data, copy.size());
  kernel.onHost->run(copy.data(), context(team));
  upload(*device(), kernel.onHost->data, copy.data(), copy.size());
}

Phase Program::stretch(int64_t begin, int64_t end) const {
  if (instructions_[begin].kernel.onHost) return {begin, begin + 1};
  int64_t next = begin + 1;
  while (next < end && !instructions_[next].kernel.onHost) ++next;
  return {begin, next};
}

void Program::beginRun(Phase phase, Team& team) {
  if (device() == nullptr) return;
  device()->select();
  packedWeights_.refresh(phase.begin, phase.end, context(team));
}

void Program::run(Phase phase, Team& team, const std::atomic<bool>& stop) {
  beginRun(phase, team);
  if (device() != nullptr) {
    for (int64_t begin = phase.begin; begin < phase.end;) {
      const Phase part = stretch(begin, phase.end);
      begin = part.end;
      if (instructions_[part.begin].kernel.onHost) {
        execute(part.begin, team);
        continue;
      }
      auto& graph = graphs_[{part.begin, part.end}];
      const auto launchAll = [this, part, &team] {
        for (int64_t i = part.begin; i < part.end; ++i) instructions_[i].kernel.run(context(team));
      };
      if (!graph) graph = recorded(launchAll);
      if (graph)
        graph->launch();
      else
        launchAll();
    }
    return device()->synchronise();
  }
  for (int64_t i = phase.begin; i < phase.end && !stop; ++i) instructions_[i].kernel.run(context(team));
}

std::unique_ptr<DeviceGraph> Program::recorded(const std::function<void()>& launch) {
  try {
    return device()->record(launch);
  } catch (const NativeError& error) {
    if (error.code() != "CUDA_FAILED") throw;
    notRecorded_ = error.what();
    return nullptr;
  }
}

std::vector<InstructionProfile> Program::profile(Phase phase, Team& team, const std::atomic<bool>& stop) {
  beginRun(phase, team);
  std::vector<InstructionProfile> profile;
  for (int64_t i = phase.begin; i < phase.end && !stop; ++i) {
    const Bound& instruction = instructions_[i];
    const auto run = [&] { execute(i, team); };
    const double seconds = device() != nullptr && !instruction.kernel.onHost ? device()->time(run) : elapsed(run);
    profile.push_back({instruction.op, instruction.label, seconds, instruction.kernel.flops, instruction.bytes});
  }
  return profile;
}

double Program::secondsOf(int64_t instruction, int repeats, Team& team) {
  beginRun({instruction, instruction + 1}, team);
  const BoundKernel& kernel = instructions_[instruction].kernel;
  const auto all = [&] {
    for (int i = 0; i < repeats; ++i) kernel.run(context(team));
  };
  if (device() == nullptr) return elapsed(all) / repeats;
  if (kernel.onHost) return elapsed([&] { execute(instruction, team); });
  const std::unique_ptr<DeviceGraph> graph = device()->record(all);
  graph->launch();
  return device()->time([&graph] { graph->launch(); }) / repeats;
}

void* Program::at(double offset, double length) const {
  const bool whole = offset >= 0 && length >= 0 && offset == std::floor(offset) && length == std::floor(length);
  if (!whole || offset + length > static_cast<double>(arenaElements_)) {
    throw NativeError("RANGE_OUT_OF_ARENA", "program: expected a range within the arena of " + std::to_string(arenaElements_) +
                                                " elements but received offset " + std::to_string(offset) + " and length " + std::to_string(length));
  }
  return static_cast<char*>(arena_.data()) + static_cast<std::size_t>(offset) * elementBytes_;
}

void Program::write(double offset, double length, const Fill& fill) {
  void* to = at(offset, length);
  packedWeights_.changed(spanOf(offset, length));
  const auto count = static_cast<std::size_t>(length);
  if (device() == nullptr) return fill(to, 0, count);
  device()->upload(to, count * elementBytes_,
                   [&](void* part, std::size_t begin, std::size_t bytes) { fill(part, begin / elementBytes_, bytes / elementBytes_); });
}

void Program::stage(double offset, double length, const Fill& fill) {
  void* to = at(offset, length);
  const auto count = static_cast<std::size_t>(length);
  packedWeights_.staged(spanOf(offset, length));
  staging().write(to, count * elementBytes_, [&](void* memory) { fill(memory, 0, count); });
}

void Program::stageWork(double offset, double length, std::function<void(void*)> launch) {
  packedWeights_.staged(spanOf(offset, length));
  staging().defer([to = at(offset, length), launch = std::move(launch)] { launch(to); });
}

DeviceStaging& Program::staging() {
  if (device() == nullptr) {
    throw NativeError("STAGING_UNSUPPORTED", "program.stage: expected a program on a GPU: on the CPU write when no run is under way");
  }
  if (!staging_) staging_ = device()->makeStaging();
  return *staging_;
}

void Program::read(double offset, double length, const Take& take) const {
  const void* from = at(offset, length);
  const auto count = static_cast<std::size_t>(length);
  if (device() == nullptr) return take(from, 0, count);
  device()->download(from, count * elementBytes_,
                     [&](const void* part, std::size_t begin, std::size_t bytes) { take(part, begin / elementBytes_, bytes / elementBytes_); });
}

namespace {

void requireWithin(const Places& places, double length) {
  int64_t last = -1;
  for (int64_t i = 0; i < places.count; ++i) {
    if (places.at[i] <= last || places.at[i] >= length) {
      throw NativeError("PLACES_INVALID", "program: expected places that ascend from 0 to less than " + std::to_string(static_cast<int64_t>(length)) +
                                              " but received " + std::to_string(places.at[i]) + " at " + std::to_string(i));
    }
    last = places.at[i];
  }
}

template <class T>
void gather(const void* array, const Places& places, void* values) {
  for (int64_t i = 0; i < places.count; ++i) static_cast<T*>(values)[i] = static_cast<const T*>(array)[places.at[i]];
}

template <class T>
void scatter(void* array, std::size_t length, const Places& places, const void* values) {
  std::fill_n(static_cast<T*>(array), length, T{0});
  for (int64_t i = 0; i < places.count; ++i) static_cast<T*>(array)[places.at[i]] = static_cast<const T*>(values)[i];
}

}  // namespace

DevicePlaces& Program::devicePlaces() {
  if (!places_) places_ = std::make_unique<DevicePlaces>(options_.device);
  return *places_;
}

void Program::readAt(double offset, double length, const Places& places, void* values) {
  const void* from = at(offset, length);
  requireWithin(places, length);
  if (device() != nullptr) {
    devicePlaces().read(static_cast<const float*>(from), static_cast<int64_t>(length), places.at, places.count, static_cast<float*>(values));
  } else if (doublePrecision()) {
    gather<double>(from, places, values);
  } else {
    gather<float>(from, places, values);
  }
}

void Program::writeAt(double offset, double length, const Places& places, const void* values) {
  void* to = at(offset, length);
  packedWeights_.changed(spanOf(offset, length));
  requireWithin(places, length);
  const auto elements = static_cast<std::size_t>(length);
  if (device() != nullptr) {
    devicePlaces().write(static_cast<float*>(to), static_cast<int64_t>(length), places.at, places.count, static_cast<const float*>(values));
  } else if (doublePrecision()) {
    scatter<double>(to, elements, places, values);
  } else {
    scatter<float>(to, elements, places, values);
  }
}

std::unique_ptr<Program> makeProgram(const Registry& registry, const ProgramSpec& spec, const ProgramOptions& options) {
  if (options.device && (options.doublePrecision || !options.fastKernels)) {
    throw NativeError("OPTION_INVALID", "options.device: expected float32 and fast kernels with device cuda: the reference kernels run on the CPU");
  }
  if (options.doublePrecision) return std::make_unique<TypedProgram<double>>(registry, spec, options);
  return std::make_unique<TypedProgram<float>>(registry, spec, options);
}

}  // namespace retroplume
