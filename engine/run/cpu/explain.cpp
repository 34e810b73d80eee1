#include <algorithm>

#include "run/cpu/cpu_plan.h"
#include "search_limits.h"

namespace reel::cpu {

namespace {

/// Whether anything is fused over the shape of an operand, so that a call of it would have been as well.
bool has_neighbours(const plan::Plan& plan, const Shape& shape) {
  return plan.fuses && std::any_of(plan.fusions.begin(), plan.fusions.end(),
                                   [&](const plan::Fusion& fusion) { return fusion.space == shape; });
}

/// Why a call is no part of a fusion, where that is for a limit alone.
std::string limit_of(const plan::Call& call) {
  const auto* kernels = call.operation->kernels.of<CpuKernels>();
  const auto& operands = call.request.operands;
  if (!kernels || operands.empty()) return "";
  if (kernels->map && operands.size() > limits::most_map_operands)
    return call.operation->name + " of " + std::to_string(operands.size()) +
           " operands is computed by itself: maps of at most " + std::to_string(limits::most_map_operands) +
           " are fused";
  const auto& shape = operands[0].type.shape;
  if (kernels->rows && shape.rank() > 0 && shape[shape.rank() - 1] > limits::widest_row &&
      call.request.attributes.integers("axes") == Axes{shape.rank() - 1})
    return call.operation->name + " along rows of " + std::to_string(shape[shape.rank() - 1]) +
           " elements is computed by itself: rows of at most " + std::to_string(limits::widest_row) +
           " are reduced in a fusion";
  return "";
}

}  // namespace

std::string explain(const CpuPlan& plan) {
  const auto who = [&](std::size_t i) {
    const auto& instruction = plan.instructions[i];
    const bool is_loop = instruction.kind == Instruction::Kind::loop;
    const bool is_cluster = instruction.kind == Instruction::Kind::cluster;
    const auto how = is_cluster ? plan.clusters[instruction.index].how() : "";
    return (how.empty() ? "" : " | " + how) + (instruction.divided && !is_loop ? " | divided" : "") +
           (instruction.barrier ? " | waits" : "");
  };
  auto met = plan.plan.limits;
  met.insert(met.end(), plan.limits.begin(), plan.limits.end());
  for (const auto& call : plan.plan.calls)
    if (auto limit = limit_of(call);
        !limit.empty() && has_neighbours(plan.plan, call.request.operands[0].type.shape))
      met.push_back(std::move(limit));
  const auto where = [&](std::size_t i) {
    const auto& operand = plan.operands[i];
    return plan::address_text(plan.plan, operand.base, operand.offset,
                              {plan.strides.data() + operand.first_stride, operand.stride_count});
  };
  return plan::explain(plan.plan, who, "; threads: " + std::to_string(plan.threads), where) +
         limits::to_string(met);
}

}  // namespace reel::cpu
