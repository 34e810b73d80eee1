#include "run/cuda/sum_of_product.h"

#include <reel/structural.h>

#include <algorithm>

namespace reel::cuda {

namespace {

using Kind = plan::Work::Kind;

/// Whether all that a pass does is to add two arrays.
bool is_sum(const plan::Fusion& fusion) {
  return fusion.members.size() == 1 && fusion.members[0].operation == &add_operation() &&
         fusion.outputs.size() == 1 && fusion.outputs[0].value == 2 &&
         fusion.members[0].operands[0] != fusion.members[0].operands[1];
}

/// How often the plan names a buffer of the arena.
std::ptrdiff_t uses_of(const plan::Plan& plan, std::int32_t buffer) {
  const auto is_it = [&](const plan::Address& address) {
    return address.base == plan::arena_base && address.buffer == buffer;
  };
  auto count = std::count_if(plan.operands.begin(), plan.operands.end(), is_it);
  for (const auto& output : plan.outputs) count += !output.is_written && is_it(output.from);
  for (const auto& update : plan.updates) count += is_it(update.value);
  return count;
}

/// Whether a loop ends between work `i` and the one behind it.
bool ends_loop(const plan::Plan& plan, std::size_t i) {
  return std::any_of(plan.work.begin(), plan.work.end(), [&](const plan::Work& work) {
    return work.kind == Kind::loop && static_cast<std::size_t>(work.end) == i + 1;
  });
}

/// Whether memory that is written may be some that is read.
bool may_overlap(const plan::Plan& plan, const plan::Address& written, const plan::Address& read) {
  if (written.base != read.base) return false;
  if (written.base != plan::arena_base) return true;
  const auto &a = plan.buffers[static_cast<std::size_t>(written.buffer)],
             &b = plan.buffers[static_cast<std::size_t>(read.buffer)];
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

}  // namespace

std::optional<SumOfProduct> sum_of_product(const plan::Plan& plan, std::size_t i) {
  if (i + 1 >= plan.work.size()) return std::nullopt;
  const auto &work = plan.work[i], &next = plan.work[i + 1];
  if (work.kind != Kind::kernel || work.input_count != 2 || next.kind != Kind::fusion ||
      next.input_count != 2 || next.cached != work.cached || !is_sum(plan.fusions[next.index]))
    return std::nullopt;
  if (ends_loop(plan, i)) return std::nullopt;
  const auto &product = plan.operand(work, 2), &sum = plan.operand(next, 2);
  const bool is_first = plan.operand(next, 0).same_as(product);
  const auto& addend = plan.operand(next, is_first ? 1 : 0);
  if ((!is_first && !plan.operand(next, 1).same_as(product)) || product.base != plan::arena_base ||
      uses_of(plan, product.buffer) != 2)
    return std::nullopt;
  if (addend.layout.type != product.layout.type || sum.layout.type != product.layout.type)
    return std::nullopt;
  for (std::uint32_t k = 0; k < 2; ++k)
    if (may_overlap(plan, sum, plan.operand(work, k))) return std::nullopt;
  SumOfProduct found{addend, sum, plan.calls[work.index].request, plan.calls[work.index].request};
  found.with_sum.result = sum.layout;
  found.with_addend.result = addend.layout;
  return found;
}

}  // namespace reel::cuda
