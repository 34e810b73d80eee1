#pragma once
#include <reel/cpu_kernel.h>

namespace reel::cpu {

/// Moves elements from one layout to another of the same shape.
class Copy {
 public:
  Copy() = default;
  Copy(const Layout& from, const Layout& to);

  /// The part of `parts` equal ones of the work.
  void run(const void* from, void* to, int part = 0, int parts = 1) const;
  /// What it moves, both ways.
  std::int64_t bytes() const;

 private:
  struct Axis {
    std::int64_t extent, from, to;  // strides in bytes
  };
  /// Axes outermost first; neighbours that lie side by side on both sides are one. The last one is the row.
  std::vector<Axis> axes_;
  std::int64_t element_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace reel::cpu
