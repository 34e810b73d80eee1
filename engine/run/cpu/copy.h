#pragma once
#include <reel/cpu_kernel.h>
#include <reel/joint_axes.h>

#include "run/cpu/copy_rows.h"

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

    bool continues_in(const Axis& next) const {
      return from == next.from * next.extent && to == next.to * next.extent;
    }
  };
  /// Rows, of each the first `count` elements.
  void move_rows(const Rows& rows, std::int64_t count) const;

  /// Outermost first, as few as will do, but two at least. The last one is the row.
  std::vector<Axis> axes_;
  std::int64_t element_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace reel::cpu
