#pragma once
/// @file
/// @ingroup own_operations
/// What an operation says of itself to CUDA devices.
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
  std::string name;  ///< What an include line calls it.
  std::string text;  ///< That of a user's own; empty for one of Reel's.
};

/// What a device computes for each element, or joins: a struct of a text.
struct CudaFunctor {
  CudaText text;     ///< Where it is defined.
  std::string type;  ///< "maps::Tanh", in namespace reel.
};

/// One call of a kernel of a text.
struct CudaKernel {
  CudaText text;  ///< Where it is defined.
  /// In namespace reel::device, "gather<float, int>". It gets its words: where the operands and the result
  /// stand; where memory to work in is, if it wants some; where faults are reported, and as what, if `fault`
  /// says how they are told; then `numbers`.
  std::string function;
  std::vector<std::int64_t> numbers;  ///< What it gets behind the addresses.
  std::int64_t blocks = 1;            ///< How many blocks are launched.
  int threads = 256;                  ///< Threads of a block.
  std::size_t shared_bytes = 0;       ///< Memory that the threads of a block share.
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
  /// How a matrix lies: from a row, a column, a matrix to the next are so many elements.
  struct Matrix {
    std::int64_t row,  ///< From a row to the next.
        column,        ///< From a column to the next.
        batch;         ///< From a matrix to the next.
    /// Its address is a multiple of so many bytes, a power of two.
    int alignment = 256;
  };
  ElementType element;  ///< Of matrices and result.
  std::int64_t rows,    ///< Rows of a and c.
      columns,          ///< Columns of b and c.
      inner,            ///< Columns of a, rows of b.
      batches;          ///< How many products.
  /// How factors and result lie. Neighbours in a row of c lie side by side, and those in a row, or in a
  /// column, of a and of b.
  Matrix a,                                                ///< The left factor.
      b,                                                   ///< The right factor.
      c;                                                   ///< The result.
  ProductPrecision precision = ProductPrecision::float32;  ///< How factors are rounded.
  std::optional<Matrix> addend = std::nullopt;             ///< Of the shape of c, which it may be.
};

/// A type as kernels name it: "float", "long long".
std::string cuda_name(ElementType element);
/// An unsigned type of that size, for what is moved and not computed with.
std::string cuda_bits(ElementType element);

/// What an operation says of itself to CUDA devices.
struct CudaKernels {
  /// For a map: a functor of its operands.
  std::function<CudaFunctor(const std::vector<ElementType>& operands, ElementType result)> map = nullptr;
  /// For a reduction: its struct.
  CudaFunctor reduction = {};
  /// The bytes of a total of such a reduction of such elements.
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
