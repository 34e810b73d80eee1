#include "run/cpu/copy.h"

#include <array>
#include <cstring>

namespace reel::cpu {

namespace {

template <class T>
void copy_row(const std::byte* from, std::byte* to, std::int64_t count, std::int64_t from_stride,
              std::int64_t to_stride) {
  for (std::int64_t i = 0; i < count; ++i) {
    T element;
    std::memcpy(&element, from + i * from_stride, sizeof element);
    std::memcpy(to + i * to_stride, &element, sizeof element);
  }
}

}  // namespace

Copy::Copy(const Layout& from, const Layout& to)
    : element_(static_cast<std::int64_t>(size_of(from.type.element))) {
  const auto& shape = from.type.shape;
  for (int axis = 0; axis < shape.rank(); ++axis)
    append_collapsed(axes_, {shape[axis], from.strides[axis] * element_, to.strides[axis] * element_});
  if (axes_.empty()) axes_.push_back({1, element_, element_});
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
  const int outer = static_cast<int>(axes_.size()) - 1;
  std::array<std::int64_t, Shape::max_rank> position;
  auto rest = first_row;
  const auto* source = static_cast<const std::byte*>(from) + first * row.from;
  auto* target = static_cast<std::byte*>(to) + first * row.to;
  for (int axis = outer - 1; axis >= 0; --axis) {
    position[axis] = rest % axes_[axis].extent;
    rest /= axes_[axis].extent;
    source += position[axis] * axes_[axis].from;
    target += position[axis] * axes_[axis].to;
  }
  const bool side_by_side = row.from == element_ && row.to == element_;
  for (auto i = first_row; i < last_row; ++i) {
    if (side_by_side)
      std::memmove(target, source, static_cast<std::size_t>(count * element_));
    else if (element_ == 4)
      copy_row<std::uint32_t>(source, target, count, row.from, row.to);
    else if (element_ == 8)
      copy_row<std::uint64_t>(source, target, count, row.from, row.to);
    else
      copy_row<std::uint8_t>(source, target, count, row.from, row.to);
    for (int axis = outer - 1; axis >= 0; --axis) {
      source += axes_[axis].from;
      target += axes_[axis].to;
      if (++position[axis] < axes_[axis].extent) break;
      position[axis] = 0;
      source -= axes_[axis].from * axes_[axis].extent;
      target -= axes_[axis].to * axes_[axis].extent;
    }
  }
}

std::int64_t Copy::bytes() const { return 2 * rows_ * axes_.back().extent * element_; }

}  // namespace reel::cpu
