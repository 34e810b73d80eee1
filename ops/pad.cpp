#include "reference/kernels.h"
#include "samples.h"
#include "table.h"

#include <reel/record.h>
#include <reel/structural.h>

namespace reel {

const Operation& pad_operation() {
  static const Operation operation{
      "pad",
      Kind::index_map,
      [](const std::vector<TensorType>& x, const Attributes& attributes) -> TensorType {
        const int axis = normal_axis(attributes.integer("axis"), x[0].shape.rank());
        const auto before = attributes.integer("before"), after = attributes.integer("after");
        if (before < 0 || after < 0) throw RecordError("padding cannot be negative");
        return {x[0].element, x[0].shape.with_extent(axis, before + x[0].shape[axis] + after)};
      },
      {[](const Recorded& y, const Tensor& dy) -> Tensors {
        const auto axis = y.attributes().integer("axis"), before = y.attributes().integer("before");
        return {slice(dy, axis, before, before + y[0].extent(axis))};
      }},
      {reference::pad},
      [] {
        const auto attributes = [](std::int64_t axis, std::int64_t before, std::int64_t after) {
          return Attributes{{"axis", axis}, {"before", before}, {"after", after}};
        };
        return std::vector<Sample>{{{floats({3})}, attributes(0, 1, 2)},
                                   {{floats({2, 3, 2})}, attributes(1, 0, 2)},
                                   {{floats({2, 0})}, attributes(1, 1, 1)}};
      }};
  return operation;
}

Tensor pad(const Tensor& x, std::int64_t axis, std::int64_t before, std::int64_t after) {
  const std::int64_t normal = checked_axis("pad", x, axis);
  return record(pad_operation(), {x}, {{"axis", normal}, {"before", before}, {"after", after}});
}

}  // namespace reel
