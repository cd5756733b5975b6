#include "ops/all_reduce/all_reduce.h"

#include "runtime/collective.h"
#include "runtime/registry.h"

namespace retroplume {

namespace {

template <class T>
BoundKernel bind(InstructionReader<T>& reader) {
  AllReduce<T> call{};
  call.elements = reader.integer("elements");
  call.mean = reader.flag("mean");
  call.data = reader.output("data", {call.elements});
  reader.requireRanks();
  BoundKernel kernel;
  kernel.run = [call](const Context& context) { allReduceReference(call, context); };
  kernel.flops = 1.0 * call.elements;
  // MPI reads the host's memory.
  kernel.onHost = HostOperand{call.data, static_cast<std::size_t>(call.elements) * sizeof(T), [call](void* copy, const Context& context) {
                                allReduceReference(AllReduce<T>{call.elements, call.mean, static_cast<T*>(copy)}, context);
                              }};
  return kernel;
}

}  // namespace

template <class T>
void allReduceReference(const AllReduce<T>& call, const Context& context) {
  sumOverRanks(*context.ranks, call.data, call.elements);
  if (!call.mean) return;
  const T share = static_cast<T>(1.0 / context.ranks->size);
  for (int64_t i = 0; i < call.elements; ++i) call.data[i] *= share;
}

void registerAllReduce(Registry& registry) { registry.add("allReduce", bind<float>, bind<double>); }

}  // namespace retroplume
