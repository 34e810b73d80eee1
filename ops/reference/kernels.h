#pragma once
#include <reel/operation.h>

/// The kernels of the reference runner: one an operation, plain, on contiguous values.
namespace reel::reference {

void fill(const KernelCall& call);
void iota(const KernelCall& call);
void reshape(const KernelCall& call);
void permute(const KernelCall& call);
void slice(const KernelCall& call);
void pad(const KernelCall& call);
void concat(const KernelCall& call);
void broadcast(const KernelCall& call);
void shift(const KernelCall& call);
void cumsum(const KernelCall& call);
void linear_scan(const KernelCall& call);
void argmax(const KernelCall& call);
void argmin(const KernelCall& call);
void select(const KernelCall& call);
void cast(const KernelCall& call);
void matmul(const KernelCall& call);
void flip(const KernelCall& call);
void take_along_axis(const KernelCall& call);
void scatter_add_along_axis(const KernelCall& call);
void gather(const KernelCall& call);
void scatter_add(const KernelCall& call);
void uniform(const KernelCall& call);
void print(const KernelCall& call);

}  // namespace reel::reference
