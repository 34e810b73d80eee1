#include "run/cpu/copy.h"

#include <algorithm>
#include <array>

namespace reel::cpu {

Copy::Copy(const Layout& from, const Layout& to)
    : element_(static_cast<std::int64_t>(size_of(from.type.element))) {
  const auto& shape = from.type.shape;
  for (int axis = 0; axis < shape.rank(); ++axis)
    append_collapsed(axes_, {shape[axis], from.strides[axis] * element_, to.strides[axis] * element_});
  if (axes_.empty()) axes_.push_back({1, element_, element_});
  // So that there is always one next to the row's.
  if (axes_.size() == 1) axes_.insert(axes_.begin(), {1, 0, 0});
  rows_ = shape.size() == 0 ? 0 : count_of(axes_) / axes_.back().extent;
}

void Copy::run(const void* from, void* to, int part, int parts) const {
  const auto& row = axes_.back();
  // Few long rows are divided along the row, many along the rows.
  const bool along_row = rows_ < parts;
  const std::int64_t first_row = along_row ? 0 : rows_ * part / parts,
                     last_row = along_row ? rows_ : rows_ * (part + 1) / parts;
  const std::int64_t first = along_row ? row.extent * part / parts : 0,
                     count = (along_row ? row.extent * (part + 1) / parts : row.extent) - first;
  if (count <= 0 || first_row >= last_row) return;
  const int next = static_cast<int>(axes_.size()) - 2;
  std::array<std::int64_t, Shape::max_rank> position;
  auto rest = first_row;
  const auto* source = static_cast<const std::byte*>(from) + first * row.from;
  auto* target = static_cast<std::byte*>(to) + first * row.to;
  for (int axis = next; axis >= 0; --axis) {
    position[axis] = rest % axes_[axis].extent;
    rest /= axes_[axis].extent;
    source += position[axis] * axes_[axis].from;
    target += position[axis] * axes_[axis].to;
  }
  for (auto i = first_row; i < last_row;) {
    // As many as there are along the axis next to the row's, together.
    const auto rows = std::min(axes_[next].extent - position[next], last_row - i);
    move_rows({source, target, axes_[next].from, axes_[next].to, rows}, count);
    i += rows;
    source += rows * axes_[next].from;
    target += rows * axes_[next].to;
    position[next] += rows;
    for (int axis = next; axis > 0 && position[axis] == axes_[axis].extent; --axis) {
      position[axis] = 0;
      ++position[axis - 1];
      source += axes_[axis - 1].from - axes_[axis].from * axes_[axis].extent;
      target += axes_[axis - 1].to - axes_[axis].to * axes_[axis].extent;
    }
  }
}

void Copy::move_rows(const Rows& rows, std::int64_t count) const {
  const auto& row = axes_.back();
  if (row.from == element_ && row.to == element_) return copy_rows(rows, count * element_);
  for (std::int64_t i = 0; i < rows.count; ++i)
    copy_strided(rows.from + i * rows.from_pitch, row.from, rows.to + i * rows.to_pitch, row.to, element_,
                 count);
}

std::int64_t Copy::bytes() const { return 2 * rows_ * axes_.back().extent * element_; }

}  // namespace reel::cpu
