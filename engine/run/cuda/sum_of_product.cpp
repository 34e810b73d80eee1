#include "run/cuda/sum_of_product.h"

#include <reel/structural.h>

namespace reel::cuda {

namespace {

using Kind = plan::Work::Kind;

/// Whether all that a pass does is to add two arrays.
bool is_sum(const plan::Fusion& fusion) {
  return fusion.members.size() == 1 && fusion.members[0].operation == &add_operation() &&
         fusion.outputs.size() == 1 && fusion.outputs[0].value == 2 &&
         fusion.members[0].operands[0] != fusion.members[0].operands[1];
}

}  // namespace

SumsOfProducts::SumsOfProducts(const plan::Plan& plan)
    : plan_(plan), uses_(plan.buffers.size(), 0), ends_loop_(plan.work.size() + 1, false) {
  const auto count = [&](const plan::Address& address) {
    if (address.base == plan::arena_base) ++uses_[static_cast<std::size_t>(address.buffer)];
  };
  for (const auto& operand : plan.operands) count(operand);
  for (const auto& output : plan.outputs)
    if (!output.is_written) count(output.from);
  for (const auto& update : plan.updates) count(update.value);
  for (const auto& work : plan.work)
    if (work.kind == Kind::loop) ends_loop_[static_cast<std::size_t>(work.end)] = true;
}

/// Whether memory that is written may be some that is read.
bool SumsOfProducts::may_overlap(const plan::Address& written, const plan::Address& read) const {
  if (written.base != read.base) return false;
  if (written.base != plan::arena_base) return true;
  const auto &a = plan_.buffers[static_cast<std::size_t>(written.buffer)],
             &b = plan_.buffers[static_cast<std::size_t>(read.buffer)];
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

std::optional<SumOfProduct> SumsOfProducts::at(std::size_t i) const {
  if (i + 1 >= plan_.work.size() || ends_loop_[i + 1]) return std::nullopt;
  const auto &work = plan_.work[i], &next = plan_.work[i + 1];
  if (work.kind != Kind::kernel || work.input_count != 2 || next.kind != Kind::fusion ||
      next.input_count != 2 || next.cached != work.cached || !is_sum(plan_.fusions[next.index]))
    return std::nullopt;
  const auto &product = plan_.operand(work, 2), &sum = plan_.operand(next, 2);
  const bool is_first = plan_.operand(next, 0).same_as(product);
  const auto& addend = plan_.operand(next, is_first ? 1 : 0);
  if ((!is_first && !plan_.operand(next, 1).same_as(product)) || product.base != plan::arena_base ||
      uses_[static_cast<std::size_t>(product.buffer)] != 2)
    return std::nullopt;
  if (addend.layout.type != product.layout.type || sum.layout.type != product.layout.type)
    return std::nullopt;
  for (std::uint32_t k = 0; k < 2; ++k)
    if (may_overlap(sum, plan_.operand(work, k))) return std::nullopt;
  SumOfProduct found{addend, sum, plan_.calls[work.index].request, plan_.calls[work.index].request};
  found.with_sum.result = sum.layout;
  found.with_addend.result = addend.layout;
  return found;
}

}  // namespace reel::cuda
