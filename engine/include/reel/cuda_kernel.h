#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compile_options.h"
#include "kernel_request.h"

namespace REEL_PUBLIC reel {

/// A text that kernels are made of. What it includes of Reel's own texts, by the names of their files, comes
/// with it.
struct CudaText {
  std::string name;  // for #include
  std::string text;  // of a user's own; empty for one of Reel's
};

/// What a device computes for each element, or joins: a struct of a text.
struct CudaFunctor {
  CudaText text;
  std::string type;  // "maps::Tanh", in namespace reel
};

/// One call of a kernel of a text.
struct CudaKernel {
  CudaText text;
  /// In namespace reel::device, "gather<float, int>". It gets its words: where the operands and the result
  /// stand; where memory to work in is, if it wants some; where faults are reported, and as what, if `fault`
  /// says how they are told; then `numbers`.
  std::string function;
  std::vector<std::int64_t> numbers;
  std::int64_t blocks = 1;
  int threads = 256;  // of a block
  std::size_t shared_bytes = 0;
  /// Memory to work in, which kernels that follow one another share.
  std::size_t work_bytes = 0;
  /// What was wrong with an element of the first operand that can be, for people.
  std::function<std::string(std::int64_t element, std::int64_t value)> fault = nullptr;
  /// What is launched next, for the same operands and with the same memory to work in.
  std::shared_ptr<const CudaKernel> next = nullptr;

  /// So many blocks that each element has a thread, or as many as there can be.
  static std::int64_t blocks_for(std::int64_t elements, int threads = 256);
};

/// Products of matrices that lie in strides, counted in elements: c = a b, or a b + addend, so many of them.
struct CudaProduct {
  struct Matrix {
    std::int64_t row, column, batch;
    /// Its address is a multiple of so many bytes, a power of two.
    int alignment = 256;
  };
  ElementType element;
  std::int64_t rows, columns, inner, batches;
  /// Neighbours in a row of c lie side by side, and those in a row, or in a column, of a and of b.
  Matrix a, b, c;
  ProductPrecision precision = ProductPrecision::float32;
  std::optional<Matrix> addend = std::nullopt;  // of the shape of c, which it may be
};

/// A type as kernels name it: "float", "long long".
std::string cuda_name(ElementType element);
/// An unsigned type of that size, for what is moved and not computed with.
std::string cuda_bits(ElementType element);

/// What an operation says of itself to CUDA devices.
struct CudaKernels {
  /// For a map: a functor of its operands.
  std::function<CudaFunctor(const std::vector<ElementType>& operands, ElementType result)> map = nullptr;
  /// For a reduction: its struct, and the bytes of a total of such elements.
  CudaFunctor reduction = {};
  std::function<std::size_t(ElementType operand)> total_bytes = nullptr;
  /// For any operation by itself, on contiguous operands unless it takes others: a kernel, and what follows
  /// it.
  std::function<CudaKernel(const KernelRequest&)> kernel = nullptr;
  /// For what is a product of matrices, on operands of any layout; none where they lie so that `kernel` has
  /// to do it.
  std::function<std::optional<CudaProduct>(const KernelRequest&)> product = nullptr;
  /// Whether `kernel` takes operands and result of any layout.
  bool any_layout = false;
};

}  // namespace reel
