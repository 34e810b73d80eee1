#pragma once
#include "plan/plan.h"
#include "run/cuda/driver.h"

namespace reel::cuda {

/// A kernel that is about to be launched: pointers to its operands, in their order, then numbers.
struct Launch {
  std::string kernel;  // its name in the source
  Function function = nullptr;
  Geometry geometry;
  std::vector<std::int64_t> words;
  /// The word for the memory to work in; none where it wants none.
  int work_at = -1;
  /// The words for the memory of faults and the number of the launch; none where it refuses nothing.
  int fault_at = -1;
  std::function<std::string(std::int64_t element, std::int64_t value)> fault;
};

/// What is done for a piece of work of the plan, at the same position.
struct Instruction {
  enum class Kind : std::uint8_t { launch, product, host, loop, nothing };
  Kind kind;
  std::uint32_t index = 0;  // among the launches or products of the plan
  std::uint32_t count = 1;  // of launches, one after the other
};

/// A product, and where its matrices stand; the addend of one that has none is unknown.
struct Product {
  CudaProduct how;
  plan::Address a, b, c, addend;
};

/// A plan as a CUDA device runs it.
struct CudaPlan {
  plan::Plan plan;
  std::vector<Instruction> instructions;
  std::vector<Launch> launches;
  std::vector<Product> products;
  /// From where the work leaves results that it does not write in their place, and new values of variables:
  /// to contiguous memory.
  std::vector<Launch> outputs, updates;
  Source source;
  /// Memory that launches work in, one after the other.
  std::size_t work_bytes = 0;
};

CudaPlan make_cuda_plan(plan::Plan plan, ProductPrecision products = ProductPrecision::float32);

/// A line for each piece of work, with its kernel and how it is launched.
std::string explain(const CudaPlan& plan);

}  // namespace reel::cuda
