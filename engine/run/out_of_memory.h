#pragma once
#include <functional>

#include "run/reference/reference_plan.h"

namespace reel {

/// A value of a program, as the error for which there is no memory names it.
struct Holder {
  std::size_t bytes;
  TensorType type;
  std::string operation, scope;
};

/// Throws MemoryError: `bytes` for the program of these arguments are not to be had; `what` holds them.
[[noreturn]] void refuse_memory(const std::vector<TensorType>& arguments, std::size_t bytes,
                                const std::string& what);

/// The memory in which all buffers stand. Throws MemoryError with the largest of them, as `holder` names the
/// one at a position, where it is not to be had.
Memory arena_for(const std::vector<TensorType>& arguments, std::size_t bytes,
                 const std::vector<Buffer>& buffers, const std::function<Holder(std::size_t)>& holder);

/// Says that a program of these arguments, which holds so many bytes, runs out of memory: `what` finds none.
std::string lacks_memory(const std::vector<TensorType>& arguments, std::size_t bytes,
                         const std::string& what);

}  // namespace reel
