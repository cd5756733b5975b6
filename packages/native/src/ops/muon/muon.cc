#include "ops/muon/muon.h"

#include <string>

#include "ops/muon/muon_scratch.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

/** Scratch memory of a device is at most four times as large, and its kernels count in 32 bits. */
constexpr int64_t kMostElements = int64_t{1} << 29;

/** Of all iterations: A, A² and X·(…) in each. */
double flopsOf(const MuonMatrix& matrix) {
  const double L = static_cast<double>(matrix.larger()), S = static_cast<double>(matrix.smaller());
  return kMuonIterations * (2 * L * S * S + 2 * S * S * S + 2 * L * S * S);
}

template <class T>
BoundKernel bindMuon(InstructionReader<T>& reader) {
  Muon<T> call{};
  call.count = static_cast<int>(reader.integer("count"));
  if (call.count > kMostMuonMatrices)
    reader.fail("PARAM_INVALID", "expected at most " + std::to_string(kMostMuonMatrices) + " matrices but received " + std::to_string(call.count));
  double flops = 0;
  for (int k = 0; k < call.count; ++k) {
    const std::string which = std::to_string(k);
    MuonMatrix& matrix = call.matrices[k];
    matrix.offset = roundUp(call.elements, kMuonAlignment);
    matrix.rows = reader.integer(("rows" + which).c_str());
    matrix.columns = reader.integer(("columns" + which).c_str());
    const int64_t elements = elementsOf({matrix.rows, matrix.columns});
    call.elements = matrix.offset + elements;
    if (elements < 0 || call.elements > kMostElements) reader.fail("PARAM_INVALID", "expected matrices of at most 2^29 elements in all");
    flops += flopsOf(matrix) + 12.0 * static_cast<double>(elements);
  }
  call.momentum = reader.real("momentum");
  call.scale = reader.real("scale");
  call.l2 = reader.real("l2", 0);
  call.parameter = reader.output("parameter", {call.elements});
  call.gradient = reader.input("gradient", {call.elements});
  call.moment = reader.output("moment", {call.elements});
  call.learningRate = reader.input("learningRate", {1});
  std::size_t scratch = 0;
  if constexpr (std::is_same_v<T, float>) scratch = muonScratch(call);
  return bindCall(reader, muonReference<T>, &CpuKernels::muon, call, flops, scratch);
}

}  // namespace

std::size_t muonScratch(const Muon<float>& call) {
  int64_t floats = 0;
  for (int k = 0; k < call.count; ++k) floats += MuonScratch(call.matrices[k]).total;
  return static_cast<std::size_t>(floats) * sizeof(float);
}

void registerMuon(Registry& registry) { registry.add("muon", bindMuon<float>, bindMuon<double>); }

}  // namespace retroplume
