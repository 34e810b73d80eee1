#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

const Operation& concat_operation() {
  static const Operation operation{
      "concat",
      Kind::index_map,
      [](const std::vector<TensorType>& parts, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), parts[0].shape.rank());
        std::int64_t extent = 0;
        for (const auto& part : parts) {
          if (part.element != parts[0].element)
            throw RecordError(elements_differ(parts[0].element, part.element));
          if (part.shape.rank() != parts[0].shape.rank() ||
              part.shape.with_extent(axis, 0) != parts[0].shape.with_extent(axis, 0))
            throw RecordError("extents other than those of axis " + std::to_string(axis) + " must agree");
          extent = checked_sum(extent, part.shape[axis]);
        }
        return {parts[0].element, parts[0].shape.with_extent(axis, extent)};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis");
        Tensors parts;
        std::int64_t start = 0;
        for (std::size_t i = 0; i < y.operands(); ++i) {
          const auto stop = start + y[i].extent(axis);
          parts.push_back(slice(dy, axis, start, stop));
          start = stop;
        }
        return parts;
      }},
      {reference::concat},
      [] {
        return std::vector<Sample>{
            {{floats({2}), floats({3})}, {{"axis", std::int64_t{0}}}},
            {{floats({2, 3}), floats({2, 1}), floats({2, 0})}, {{"axis", std::int64_t{1}}}},
            {{floats({1, 2, 2}), floats({3, 2, 2})}, {{"axis", std::int64_t{0}}}}};
      }};
  return operation;
}

Tensor concat(const Tensors& parts, std::int64_t axis) {
  check_usable("concat", parts);
  if (parts.empty()) throw RecordError("[concat] there is nothing to join");
  const std::int64_t normal = checked_axis("concat", parts[0], axis);
  return record(concat_operation(), widened("concat", parts), {{"axis", normal}});
}

Tensor stack(const Tensors& parts, std::int64_t axis) {
  check_usable("stack", parts);
  if (parts.empty()) throw RecordError("[stack] there is nothing to join");
  const int rank = parts[0].rank() + 1;
  const int normal = refusing("stack", parts, [&] { return normal_axis(axis, rank); });
  Tensors rows;
  for (const auto& part : parts) {
    check_has_room("stack", part);
    if (part.shape() != parts[0].shape()) refuse("stack", "shapes must agree", parts);
    rows.push_back(reshape(part, part.shape().with_axis(normal, 1)));
  }
  return concat(rows, normal);
}

}  // namespace reel
