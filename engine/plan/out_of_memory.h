#pragma once
#include <string>
#include <vector>

#include <reel/memory.h>
#include <reel/shape.h>

#include "plan/arena.h"

namespace reel::plan {

/// A value of a program, as the error for which there is no memory names it.
struct Holder {
  std::size_t bytes;
  TensorType type;
  std::string operation, scope;
};

/// "float32[2, 3] of tanh in scope cell (24 bytes), ..."
std::string to_string(const std::vector<Holder>& holders);

/// Positions of the largest buffers, a few of them, the largest first.
std::vector<std::size_t> largest_buffers(const std::vector<Buffer>& buffers);

/// Throws MemoryError: `bytes` for the program of these arguments are not to be had; `what` holds them.
[[noreturn]] void refuse_memory(const std::vector<TensorType>& arguments, std::size_t bytes,
                                const std::string& what);

/// Says that a program of these arguments, which holds so many bytes, runs out of memory: `what` finds none.
std::string lacks_memory(const std::vector<TensorType>& arguments, std::size_t bytes,
                         const std::string& what);

}  // namespace reel::plan
