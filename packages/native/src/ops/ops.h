#pragma once

namespace retroplume {

class Registry;

// One function an op: adds the op's kernels to the registry. A new op is declared here and called in runtime/registry.cc.
void registerConv2d(Registry& registry);
void registerUpconv2x2(Registry& registry);
void registerMaxpool2x2(Registry& registry);
void registerLstm(Registry& registry);
void registerBatchNorm(Registry& registry);
void registerBatchNormPrelu(Registry& registry);
void registerPrelu(Registry& registry);
void registerChannelAffine(Registry& registry);
void registerMultiplySteps(Registry& registry);
void registerMuon(Registry& registry);
void registerUnary(Registry& registry);
void registerDropout(Registry& registry);
void registerArithmetic(Registry& registry);
void registerStridedCopy(Registry& registry);
void registerLoss(Registry& registry);
void registerOptimiser(Registry& registry);
void registerAllReduce(Registry& registry);

}  // namespace retroplume
