#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reel::plan {

/// Memory of the arena, in use from the first to the last of these pieces of work, both included; or a block
/// of its own, where it holds what is made of parameters alone and kept from run to run.
struct Buffer {
  std::size_t bytes;
  std::int64_t first;
  std::int64_t last;
  /// Number of loops around it. Used further in, it lives to the end of the loop.
  int level;
  bool is_kept = false;
  std::size_t offset = 0;
};

/// An arena that would be larger is said to have a byte more: no system gives that much, and there is no
/// telling where in it something stands.
constexpr std::size_t most_bytes_of_an_arena = std::size_t{1} << 61;

/// Gives every buffer of the arena an offset so that buffers in use at the same time do not overlap. Returns
/// the arena's size.
std::size_t place_buffers(std::vector<Buffer>& buffers);

}  // namespace reel::plan
