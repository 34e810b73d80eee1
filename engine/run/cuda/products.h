#pragma once
#include <reel/cuda_kernel.h>

#include <memory>

#include "run/cuda/driver.h"

namespace reel::cuda {

/// Products by cuBLASLt, which is opened when the first one is wanted. A context is current where it is
/// called.
class Products {
 public:
  /// Throws Error where there is no such library.
  Products();
  ~Products();
  Products(const Products&) = delete;

  /// Throws Error where the library has no way to do it.
  std::shared_ptr<Multiplication> prepare(const CudaProduct& product);
  /// In the order of a stream. `workspace` has `workspace_bytes` bytes.
  void multiply(const Multiplication& product, const void* a, const void* b, const void* addend, void* c,
                void* workspace, void* stream);

  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace reel::cuda
