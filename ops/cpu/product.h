#pragma once
#include <reel/cpu_kernel.h>

#include "variant.h"

/// The matrix product of the CPU runner, for operands and results of any layout.
///
/// A request describes the whole product in all of these. The packed form depends on its types, roles and
/// layout of the result, not on the layout of the right operand: with `prepared` that is not looked at.
namespace reel::cpu {

CpuKernel product_kernel(const KernelRequest& request, Variant variant = best_variant());
/// Size of the packed right operand; 0 where the product does not gain by it.
std::size_t packed_bytes(const KernelRequest& request, Variant variant = best_variant());
/// Packs the right operand.
CpuKernel packing_kernel(const KernelRequest& request, Variant variant = best_variant());

/// What the operation says of itself.
CpuKernels product_kernels();

}  // namespace reel::cpu
