#pragma once
#include <functional>

#include "plan/plan.h"

/// How the far device of the tests runs what is fused: with the operations' reference kernels, on a row or an
/// element at a time, in an order drawn by lot.
namespace reel::test {

/// Its totals of columns: the reduction of so many rows, one after the other.
constexpr std::int64_t far_block = 5;

std::int64_t bytes_of_far_totals(const TensorType& operand);

/// `at` gives the address of operand `k` of the work.
void run_fusion(const plan::Plan& plan, const plan::Work& work,
                const std::function<std::byte*(std::size_t k)>& at);

/// The result of a reduction of columns, from the totals of all blocks.
void run_finish(const plan::Call& call, const std::byte* totals, std::byte* result);

}  // namespace reel::test
