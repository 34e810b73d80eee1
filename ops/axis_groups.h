#pragma once
#include <reel/layout.h>

#include <cstdint>
#include <vector>

namespace reel {

/// The axes of a reduction of an operand whose last axis is contiguous. Those that are reduced or kept
/// together and follow one another in memory are one group: the last such group, and those before it. The
/// result is made in units that threads share: elements, or runs of `run` elements along the last group where
/// that is kept.
struct AxisGroups {
  struct Group {
    std::int64_t extent, stride;
  };
  static constexpr std::int64_t run = 64;

  std::vector<Group> kept, reduced;
  std::int64_t columns = 1;
  bool columns_reduced = true;

  AxisGroups(const Layout& layout, const std::vector<std::int64_t>& axes);
  /// Of contiguous memory.
  AxisGroups(const Shape& shape, const std::vector<std::int64_t>& axes);
  /// Whether elements are joined in the same order as in contiguous memory: the last axis is contiguous, and
  /// kept.
  static bool are_of(const Layout& layout, const std::vector<std::int64_t>& axes);

  static std::int64_t count(const std::vector<Group>& groups) {
    std::int64_t product = 1;
    for (const auto& group : groups) product *= group.extent;
    return product;
  }
  /// Where the element `i` of all the groups lies.
  static std::int64_t position(const std::vector<Group>& groups, std::int64_t i) {
    if (groups.size() == 1) return i * groups[0].stride;
    std::int64_t at = 0;
    for (std::size_t g = groups.size(); g-- > 0; i /= groups[g].extent)
      at += i % groups[g].extent * groups[g].stride;
    return at;
  }
  /// Runs along the last group.
  std::int64_t runs() const { return columns_reduced ? 1 : (columns + run - 1) / run; }
  std::int64_t units() const { return count(kept) * runs(); }
};

}  // namespace reel
